//! Typed guest pointers, which host functions get instead of plain numbers.

use super::address::GuestAddress;
use super::guest::GuestMemory;
use super::plain::Plain;
use crate::error::Result;
use std::marker::PhantomData;

/// A pointer to a `P` in guest memory. It is checked when it is read or written: a guest can pass any
/// number.
#[derive(Debug)]
pub struct GuestPtr<P> {
    address: u64,
    target: PhantomData<fn() -> P>,
}

impl<P> Clone for GuestPtr<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for GuestPtr<P> {}

impl<P: Plain> GuestPtr<P> {
    /// Returns the pointer to `address`.
    pub fn new(address: impl GuestAddress) -> Self {
        Self { address: address.to_u64(), target: PhantomData }
    }

    /// Returns its address.
    #[must_use]
    pub fn address(self) -> u64 {
        self.address
    }

    /// Returns whether it is C's null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.address == 0
    }

    /// Reads the value that it points to.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn read<T: 'static>(self, memory: &GuestMemory<'_, T>) -> Result<P> {
        memory.read(self.address)
    }

    /// Writes the value that it points to.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn write<T: 'static>(self, memory: &mut GuestMemory<'_, T>, value: P) -> Result<()> {
        memory.write(self.address, value)
    }
}

/// A pointer to `len` values in guest memory.
#[derive(Debug)]
pub struct GuestSlice<P> {
    start: GuestPtr<P>,
    len: u64,
}

impl<P> Clone for GuestSlice<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for GuestSlice<P> {}

impl<P: Plain> GuestSlice<P> {
    /// Returns the slice of `len` values from `address` on.
    pub fn new(address: impl GuestAddress, len: impl GuestAddress) -> Self {
        Self { start: GuestPtr::new(address), len: len.to_u64() }
    }

    /// Returns the address of its first element.
    #[must_use]
    pub fn address(self) -> u64 {
        self.start.address
    }

    /// Returns the number of its values.
    #[must_use]
    pub fn len(self) -> u64 {
        self.len
    }

    /// Returns whether it has no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Reads its values.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn read<T: 'static>(self, memory: &GuestMemory<'_, T>) -> Result<Vec<P>> {
        memory.read_slice(self.start.address, self.len)
    }

    /// Writes as many of `values` as fit into it, and returns their number.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn write<T: 'static>(self, memory: &mut GuestMemory<'_, T>, values: &[P]) -> Result<usize> {
        let count = usize::try_from(self.len).map_or(values.len(), |len| len.min(values.len()));
        memory.write_slice(self.start.address, &values[..count])?;
        Ok(count)
    }
}

impl GuestSlice<u8> {
    /// Returns its bytes without copying them.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory.
    pub fn bytes<'m, T: 'static>(self, memory: &'m GuestMemory<'_, T>) -> Result<&'m [u8]> {
        memory.bytes(self.start.address, self.len)
    }
}

/// A pointer to text in guest memory, with its length.
#[derive(Clone, Copy, Debug)]
pub struct GuestStr(GuestSlice<u8>);

impl GuestStr {
    /// Returns the text of `len` bytes from `address` on.
    pub fn new(address: impl GuestAddress, len: impl GuestAddress) -> Self {
        Self(GuestSlice::new(address, len))
    }

    /// Returns the address of its first element.
    #[must_use]
    pub fn address(self) -> u64 {
        self.0.address()
    }

    /// Returns its length in bytes.
    #[must_use]
    pub fn len(self) -> u64 {
        self.0.len()
    }

    /// Returns whether it is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns the text without copying it.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`](crate::Error::OutOfBounds) if the range exceeds the memory, and
    /// with [`Error::NotUtf8`](crate::Error::NotUtf8) if the bytes are not UTF-8.
    pub fn read<'m, T: 'static>(self, memory: &'m GuestMemory<'_, T>) -> Result<&'m str> {
        memory.str(self.0.address(), self.0.len())
    }
}
