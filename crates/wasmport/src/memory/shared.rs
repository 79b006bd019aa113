//! `SharedMemory`: a linear memory that several stores and threads use at once.

use super::address::{GuestAddress, bytes_of, range};
use super::plain::Plain;
use crate::error::Result;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, Ordering};
use wasmtime::Extern;

/// A shared memory, with bounds-checked reads and writes.
///
/// Other threads may write while this one reads, so a value of several bytes can be torn. Guests and
/// hosts synchronize with atomic instructions, and with [`shared`](Self::shared) to wait and wake.
#[derive(Clone)]
pub struct SharedMemory(wasmtime::SharedMemory);

impl SharedMemory {
    /// Returns the view of `memory`.
    #[must_use]
    pub fn new(memory: wasmtime::SharedMemory) -> Self {
        Self(memory)
    }

    /// Returns Wasmtime's memory.
    #[must_use]
    pub fn shared(&self) -> &wasmtime::SharedMemory {
        &self.0
    }

    /// Returns the size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.data_size()
    }

    /// Grows by `pages`, and returns the former size in pages.
    ///
    /// # Errors
    ///
    /// Fails if it would exceed its maximum.
    pub fn grow(&self, pages: u64) -> Result<u64> {
        Ok(self.0.grow(pages)?)
    }

    /// Returns a copy of the bytes at `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn read_bytes(
        &self,
        address: impl GuestAddress,
        len: impl GuestAddress,
    ) -> Result<Vec<u8>> {
        let cells = self.cells(address.to_u64(), len.to_u64())?;
        Ok(cells.iter().map(|cell| atomic(cell).load(Ordering::Relaxed)).collect())
    }

    /// Copies `bytes` to `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory; then
    /// nothing is written.
    pub fn write_bytes(&self, address: impl GuestAddress, bytes: &[u8]) -> Result<()> {
        let cells = self.cells(address.to_u64(), bytes.len() as u64)?;
        for (cell, byte) in cells.iter().zip(bytes) {
            atomic(cell).store(*byte, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Reads the value at `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn read<P: Plain>(&self, address: impl GuestAddress) -> Result<P> {
        Ok(P::from_bytes(&self.read_bytes(address, P::SIZE)?))
    }

    /// Writes `value` to `address`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory; then
    /// nothing is written.
    pub fn write<P: Plain>(&self, address: impl GuestAddress, value: P) -> Result<()> {
        self.write_slice(address, &[value])
    }

    /// Reads `len` values from `address` on.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn read_slice<P: Plain>(
        &self,
        address: impl GuestAddress,
        len: impl GuestAddress,
    ) -> Result<Vec<P>> {
        Ok(P::list_from_bytes(&self.read_bytes(address, bytes_of::<P>(len.to_u64()))?))
    }

    /// Writes `values` from `address` on.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory; then
    /// nothing is written.
    pub fn write_slice<P: Plain>(&self, address: impl GuestAddress, values: &[P]) -> Result<()> {
        let mut bytes = vec![0; P::SIZE * values.len()];
        P::list_to_bytes(values, &mut bytes);
        self.write_bytes(address, &bytes)
    }

    fn cells(&self, address: u64, len: u64) -> Result<&[UnsafeCell<u8>]> {
        let cells = self.0.data();
        Ok(&cells[range(cells.len(), address, len)?])
    }
}

impl std::fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedMemory").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl From<SharedMemory> for Extern {
    fn from(memory: SharedMemory) -> Self {
        Self::SharedMemory(memory.0)
    }
}

#[expect(unsafe_code, reason = "Wasmtime returns shared bytes as cells")]
fn atomic(cell: &UnsafeCell<u8>) -> &AtomicU8 {
    // SAFETY: the pointer is valid and aligned as long as the cell is borrowed. Rust code accesses
    // shared memories through this function only; parallel accesses of compiled guests behave as
    // relaxed atomics, as Wasmtime documents for `SharedMemory::data`.
    unsafe { AtomicU8::from_ptr(cell.get()) }
}
