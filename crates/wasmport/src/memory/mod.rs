//! `GuestMemory`: a linear memory with bounds-checked reads and writes, little endian as wasm is.

mod plain;
mod pointer;
#[cfg(feature = "threads")]
mod shared;

pub use plain::Plain;
pub use pointer::{GuestPtr, GuestSlice, GuestStr};
#[cfg(feature = "threads")]
pub use shared::SharedMemory;

use crate::{Error, Result};
use std::ffi::CStr;
use wasmtime::{AsContextMut, Memory, StoreContext, StoreContextMut};

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

    /// The memory of `store`.
    pub fn of(store: &'a mut impl AsContextMut<Data = T>, memory: Memory) -> Self {
        Self::new(store.as_context_mut(), memory)
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

    /// The bytes at `address`, to be changed.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    pub fn bytes_mut(
        &mut self,
        address: impl GuestAddress,
        len: impl GuestAddress,
    ) -> Result<&mut [u8]> {
        let data = self.data_mut();
        let range = range(data.len(), address.to_u64(), len.to_u64())?;
        Ok(&mut data[range])
    }

    /// Copies `bytes` to `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`]; nothing is written then.
    pub fn write_bytes(&mut self, address: impl GuestAddress, bytes: &[u8]) -> Result<()> {
        self.bytes_mut(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
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

    /// The text at `address` up to the null that ends it.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`] where the memory ends before the text does.
    pub fn c_str(&self, address: impl GuestAddress) -> Result<&CStr> {
        let (data, address) = (self.data(), address.to_u64());
        let tail = &data[range(data.len(), address, 0)?.start..];
        CStr::from_bytes_until_nul(tail).map_err(|_| Error::OutOfBounds {
            address,
            bytes: tail.len() as u64 + 1,
            memory_bytes: data.len() as u64,
        })
    }

    /// Copies `text` and the null that ends it to `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`]; nothing is written then.
    pub fn write_c_str(&mut self, address: impl GuestAddress, text: &CStr) -> Result<()> {
        self.write_bytes(address, text.to_bytes_with_nul())
    }

    /// The value at `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    #[inline]
    pub fn read<P: Plain>(&self, address: impl GuestAddress) -> Result<P> {
        self.bytes(address, P::SIZE).map(P::from_bytes)
    }

    /// Writes `value` to `address`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`]; nothing is written then.
    #[inline]
    pub fn write<P: Plain>(&mut self, address: impl GuestAddress, value: P) -> Result<()> {
        self.bytes_mut(address, P::SIZE).map(|bytes| value.to_bytes(bytes))
    }

    /// `len` values from `address` on.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    pub fn read_slice<P: Plain>(
        &self,
        address: impl GuestAddress,
        len: impl GuestAddress,
    ) -> Result<Vec<P>> {
        let bytes = self.bytes(address, bytes_of::<P>(len.to_u64()))?;
        Ok(plain::values(bytes))
    }

    /// Writes `values` from `address` on.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`]; nothing is written then.
    pub fn write_slice<P: Plain>(
        &mut self,
        address: impl GuestAddress,
        values: &[P],
    ) -> Result<()> {
        let bytes = self.bytes_mut(address, bytes_of::<P>(values.len() as u64))?;
        plain::write_values(values, bytes);
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

/// How long `len` values are; more than any memory has where that is no number.
fn bytes_of<P: Plain>(len: u64) -> u64 {
    len.saturating_mul(P::SIZE as u64)
}

#[inline]
fn range(memory_bytes: usize, address: u64, bytes: u64) -> Result<std::ops::Range<usize>> {
    match address.checked_add(bytes) {
        // Both fit: they are at most the length of a slice.
        Some(end) if end <= memory_bytes as u64 => Ok(address as usize..end as usize),
        _ => Err(out_of_bounds(memory_bytes, address, bytes)),
    }
}

#[cold]
fn out_of_bounds(memory_bytes: usize, address: u64, bytes: u64) -> Error {
    Error::OutOfBounds { address, bytes, memory_bytes: memory_bytes as u64 }
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
