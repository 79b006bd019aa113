//! `GuestMemory`: a linear memory with bounds-checked reads and writes.

use crate::{Error, Result};
use wasmtime::{Memory, StoreContext, StoreContextMut};

/// A guest pointer or length as wasm has it: an `i32` is unsigned there.
pub trait GuestAddress: Copy {
    /// The unsigned value.
    fn to_u64(self) -> u64;
}

impl GuestAddress for i32 {
    fn to_u64(self) -> u64 {
        u64::from(self.cast_unsigned())
    }
}

impl GuestAddress for u32 {
    fn to_u64(self) -> u64 {
        u64::from(self)
    }
}

impl GuestAddress for i64 {
    fn to_u64(self) -> u64 {
        self.cast_unsigned()
    }
}

impl GuestAddress for u64 {
    fn to_u64(self) -> u64 {
        self
    }
}

impl GuestAddress for usize {
    fn to_u64(self) -> u64 {
        self as u64
    }
}

/// A linear memory together with the store it lives in.
pub struct GuestMemory<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    memory: Memory,
}

impl<'a, T: 'static> GuestMemory<'a, T> {
    /// Joins a memory with its store.
    pub fn new(store: StoreContextMut<'a, T>, memory: Memory) -> Self {
        Self { store, memory }
    }

    /// Wasmtime's memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// All bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.memory.data(StoreContext::from(&self.store))
    }

    /// All bytes, to be changed.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store)
    }

    /// All bytes, and the store's data beside them.
    #[must_use]
    pub fn data_and_store_mut(&mut self) -> (&mut [u8], &mut T) {
        self.memory.data_and_store_mut(&mut self.store)
    }

    /// The bytes at `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    pub fn bytes(&self, address: impl GuestAddress, len: impl GuestAddress) -> Result<&[u8]> {
        let data = self.data();
        Ok(&data[range(data.len(), address.to_u64(), len.to_u64())?])
    }

    /// The text at `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`], [`Error::NotUtf8`].
    pub fn str(&self, address: impl GuestAddress, len: impl GuestAddress) -> Result<&str> {
        let (address, len) = (address.to_u64(), len.to_u64());
        std::str::from_utf8(self.bytes(address, len)?)
            .map_err(|_| Error::NotUtf8 { address, bytes: len })
    }

    /// Copies `bytes` to `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`]; nothing is written then.
    pub fn write(&mut self, address: impl GuestAddress, bytes: &[u8]) -> Result<()> {
        let data = self.data_mut();
        let range = range(data.len(), address.to_u64(), bytes.len() as u64)?;
        data[range].copy_from_slice(bytes);
        Ok(())
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Grows by `pages`; the former size in pages.
    ///
    /// # Errors
    ///
    /// Where a limit or the operating system refuses.
    pub fn grow(&mut self, pages: u64) -> Result<u64> {
        Ok(self.memory.grow(&mut self.store, pages)?)
    }
}

fn range(memory_bytes: usize, address: u64, bytes: u64) -> Result<std::ops::Range<usize>> {
    let out_of_bounds = || Error::OutOfBounds { address, bytes, memory_bytes: memory_bytes as u64 };
    let end = address.checked_add(bytes).ok_or_else(out_of_bounds)?;
    if end > memory_bytes as u64 {
        return Err(out_of_bounds());
    }
    // Both fit: they are at most the length of a slice.
    Ok(address as usize..end as usize)
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_are_checked_without_overflow() {
        assert_eq!(range(10, 2, 8).unwrap(), 2..10);
        assert_eq!(range(10, 10, 0).unwrap(), 10..10);
        for (address, bytes) in [(2, 9), (11, 0), (u64::MAX, 1), (u64::MAX, u64::MAX)] {
            assert!(range(10, address, bytes).is_err(), "{address} {bytes}");
        }
    }
}
