//! `GuestMemory`: a linear memory together with its store.

use super::address::{GuestAddress, bytes_of, range};
use super::plain::Plain;
use crate::error::{Error, Result};
use crate::record;
use std::ffi::CStr;
use wasmtime::{AsContextMut, Memory, StoreContext, StoreContextMut};

/// A linear memory together with its store. Reads and writes check bounds, and are little endian.
pub struct GuestMemory<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    memory: Memory,
}

impl<'a, T: 'static> GuestMemory<'a, T> {
    /// Joins a memory with a context of its store.
    #[inline]
    pub fn new(store: StoreContextMut<'a, T>, memory: Memory) -> Self {
        Self { store, memory }
    }

    /// Joins a memory with its store.
    pub fn of(store: &'a mut impl AsContextMut<Data = T>, memory: Memory) -> Self {
        Self::new(store.as_context_mut(), memory)
    }

    /// Returns Wasmtime's memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// Returns all bytes.
    #[inline]
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.memory.data(StoreContext::from(&self.store))
    }

    /// Returns all bytes for writing.
    #[inline]
    #[must_use]
    pub fn data_mut(&mut self) -> &mut [u8] {
        record::exposed(&mut self.store, self.memory);
        self.memory.data_mut(&mut self.store)
    }

    /// Returns all bytes together with the store's data.
    #[must_use]
    pub fn data_and_store_mut(&mut self) -> (&mut [u8], &mut T) {
        record::exposed(&mut self.store, self.memory);
        self.memory.data_and_store_mut(&mut self.store)
    }

    /// Returns the bytes at `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory.
    #[inline]
    pub fn bytes(&self, address: impl GuestAddress, len: impl GuestAddress) -> Result<&[u8]> {
        let data = self.data();
        Ok(&data[range(data.len(), address.to_u64(), len.to_u64())?])
    }

    /// Returns the bytes at `address` for writing.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory.
    #[inline]
    pub fn bytes_mut(
        &mut self,
        address: impl GuestAddress,
        len: impl GuestAddress,
    ) -> Result<&mut [u8]> {
        let size = self.memory.data_size(&self.store);
        let range = range(size, address.to_u64(), len.to_u64())?;
        record::wrote(&mut self.store, self.memory, range.start, range.len());
        Ok(&mut self.memory.data_mut(&mut self.store)[range])
    }

    /// Copies `bytes` to `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory; then nothing is written.
    #[inline]
    pub fn write_bytes(&mut self, address: impl GuestAddress, bytes: &[u8]) -> Result<()> {
        self.bytes_mut(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Returns the text at `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory, and with [`Error::NotUtf8`] if
    /// the bytes are not UTF-8.
    #[inline]
    pub fn str(&self, address: impl GuestAddress, len: impl GuestAddress) -> Result<&str> {
        let (address, len) = (address.to_u64(), len.to_u64());
        std::str::from_utf8(self.bytes(address, len)?)
            .map_err(|_| Error::NotUtf8 { address, bytes: len })
    }

    /// Returns the text at `address` up to its terminating null.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the memory ends before the text.
    #[inline]
    pub fn c_str(&self, address: impl GuestAddress) -> Result<&CStr> {
        let (data, address) = (self.data(), address.to_u64());
        let tail = &data[range(data.len(), address, 0)?.start..];
        CStr::from_bytes_until_nul(tail).map_err(|_| Error::OutOfBounds {
            address,
            bytes: tail.len() as u64 + 1,
            memory_bytes: data.len() as u64,
        })
    }

    /// Copies `text` and its terminating null to `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory; then nothing is written.
    pub fn write_c_str(&mut self, address: impl GuestAddress, text: &CStr) -> Result<()> {
        self.write_bytes(address, text.to_bytes_with_nul())
    }

    /// Reads the value at `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory.
    #[inline]
    pub fn read<P: Plain>(&self, address: impl GuestAddress) -> Result<P> {
        self.bytes(address, P::SIZE).map(P::from_bytes)
    }

    /// Writes `value` to `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory; then nothing is written.
    #[inline]
    pub fn write<P: Plain>(&mut self, address: impl GuestAddress, value: P) -> Result<()> {
        self.bytes_mut(address, P::SIZE).map(|bytes| value.to_bytes(bytes))
    }

    /// Reads `len` values from `address` on.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory.
    pub fn read_slice<P: Plain>(
        &self,
        address: impl GuestAddress,
        len: impl GuestAddress,
    ) -> Result<Vec<P>> {
        let bytes = self.bytes(address, bytes_of::<P>(len.to_u64()))?;
        Ok(P::list_from_bytes(bytes))
    }

    /// Writes `values` from `address` on.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if the range exceeds the memory; then nothing is written.
    pub fn write_slice<P: Plain>(
        &mut self,
        address: impl GuestAddress,
        values: &[P],
    ) -> Result<()> {
        let bytes = self.bytes_mut(address, bytes_of::<P>(values.len() as u64))?;
        P::list_to_bytes(values, bytes);
        Ok(())
    }

    /// Returns the size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Grows by `pages`, and returns the former size in pages.
    ///
    /// # Errors
    ///
    /// Fails if a limit or the operating system does not allow it.
    pub fn grow(&mut self, pages: u64) -> Result<u64> {
        let former = self.memory.grow(&mut self.store, pages)?;
        record::grew(&mut self.store, self.memory, pages);
        Ok(former)
    }
}
