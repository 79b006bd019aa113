//! Typed guest pointers, as host functions get them instead of bare numbers.

use super::{GuestAddress, GuestMemory, Plain};
use crate::Result;
use std::marker::PhantomData;

/// A pointer to a `P` in guest memory. Nothing is known of it until it is read: a guest may give
/// any.
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
    /// The pointer to `address`.
    pub fn new(address: impl GuestAddress) -> Self {
        Self { address: address.to_u64(), target: PhantomData }
    }

    /// Where it points to.
    #[must_use]
    pub fn address(self) -> u64 {
        self.address
    }

    /// Whether it is C's null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.address == 0
    }

    /// What it points to.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    pub fn read<T: 'static>(self, memory: &GuestMemory<'_, T>) -> Result<P> {
        memory.read(self.address)
    }

    /// Writes where it points to.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
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
    /// `len` values from `address` on.
    pub fn new(address: impl GuestAddress, len: impl GuestAddress) -> Self {
        Self { start: GuestPtr::new(address), len: len.to_u64() }
    }

    /// Where it begins.
    #[must_use]
    pub fn address(self) -> u64 {
        self.start.address
    }

    /// How many values it has.
    #[must_use]
    pub fn len(self) -> u64 {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Its values.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    pub fn read<T: 'static>(self, memory: &GuestMemory<'_, T>) -> Result<Vec<P>> {
        memory.read_slice(self.start.address, self.len)
    }

    /// Writes as many of `values` as it has room for; how many those are.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    pub fn write<T: 'static>(self, memory: &mut GuestMemory<'_, T>, values: &[P]) -> Result<usize> {
        let count = usize::try_from(self.len).map_or(values.len(), |len| len.min(values.len()));
        memory.write_slice(self.start.address, &values[..count])?;
        Ok(count)
    }
}

impl GuestSlice<u8> {
    /// Its bytes, where they are.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds).
    pub fn bytes<'m, T: 'static>(self, memory: &'m GuestMemory<'_, T>) -> Result<&'m [u8]> {
        memory.bytes(self.start.address, self.len)
    }
}

/// A pointer to text in guest memory, with its length.
#[derive(Clone, Copy, Debug)]
pub struct GuestStr(GuestSlice<u8>);

impl GuestStr {
    /// `len` bytes of text from `address` on.
    pub fn new(address: impl GuestAddress, len: impl GuestAddress) -> Self {
        Self(GuestSlice::new(address, len))
    }

    /// Where it begins.
    #[must_use]
    pub fn address(self) -> u64 {
        self.0.address()
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(self) -> u64 {
        self.0.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The text, where it is.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds), [`Error::NotUtf8`](crate::Error::NotUtf8).
    pub fn read<'m, T: 'static>(self, memory: &'m GuestMemory<'_, T>) -> Result<&'m str> {
        memory.str(self.0.address(), self.0.len())
    }
}
