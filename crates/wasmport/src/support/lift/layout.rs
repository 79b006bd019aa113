//! `Layout`: the room that a value takes in the guest.

use crate::error::Error;
use crate::memory::Plain;
use std::ffi::CStr;
use wasmtime::Result;

/// The room that a value takes in the guest.
#[derive(Clone, Copy)]
pub struct Layout {
    pub(super) bytes: u32,
    pub(super) align: u32,
    /// The number of elements, as it is passed to the guest.
    pub(super) len: u32,
    /// The class of an AssemblyScript object.
    pub(super) class: i32,
}

/// The bytes of the length before a content.
pub(super) const PREFIX: u32 = 4;

/// The classes that every AssemblyScript module has.
const ARRAY_BUFFER: i32 = 1;
const STRING: i32 = 2;

impl Layout {
    /// The room for text in UTF-8 or UTF-16.
    #[inline]
    pub(super) fn of_text(text: &str, is_utf16: bool) -> Result<Self> {
        if !is_utf16 {
            return Self::new(text.len(), 1, text.len());
        }
        let units = text.encode_utf16().count();
        Ok(Self { class: STRING, ..Self::new(units * 2, 2, units)? })
    }

    /// The room for text with the null that ends it.
    ///
    /// # Errors
    ///
    /// Fails if the text is too long for a memory of 32 bits.
    pub fn of_c_str(text: &CStr) -> Result<Self> {
        let bytes = text.to_bytes_with_nul().len();
        Self::new(bytes, 1, bytes)
    }

    /// The room for values in a row.
    ///
    /// # Errors
    ///
    /// Fails if the values are too many for a memory of 32 bits.
    pub fn of_slice<P: Plain>(values: &[P]) -> Result<Self> {
        Self::new(P::SIZE.saturating_mul(values.len()), P::ALIGN, values.len())
    }

    /// The room for one value.
    #[must_use]
    pub const fn of<P: Plain>() -> Self {
        // A type of more than 4 GiB cannot be written down.
        Self { bytes: P::SIZE as u32, align: P::ALIGN as u32, len: 1, class: ARRAY_BUFFER }
    }

    #[inline]
    fn new(bytes: usize, align: usize, len: usize) -> Result<Self> {
        match (u32::try_from(bytes), u32::try_from(align), u32::try_from(len)) {
            (Ok(bytes), Ok(align), Ok(len)) => Ok(Self { bytes, align, len, class: ARRAY_BUFFER }),
            _ => Err(too_long(bytes)),
        }
    }

    /// The room for the same values behind their number.
    ///
    /// # Errors
    ///
    /// Fails if both together are too long for a memory of 32 bits.
    pub(super) fn prefixed(self) -> Result<Self> {
        let bytes = self.bytes as usize + PREFIX as usize;
        Self::new(bytes, self.align.max(PREFIX) as usize, self.len as usize)
    }

    /// The room that the guest has allocated for a value, to free it.
    #[inline]
    pub(super) fn to_free(bytes: usize, align: usize) -> Self {
        // No guest of 32 bits has more: it allocated less than that.
        let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        Self { bytes, align, len: 0, class: 0 }
    }

    /// The length that is passed to the guest.
    #[must_use]
    #[inline]
    pub fn elements(self) -> i32 {
        self.len.cast_signed()
    }
}

#[cold]
fn too_long(bytes: usize) -> wasmtime::Error {
    Error::Allocation { bytes: bytes as u64 }.into()
}

/// The size of an element, at least 1, so that sizes can be divided by it.
#[must_use]
pub(super) const fn element_size<P: Plain>() -> u32 {
    if P::SIZE == 0 { 1 } else { P::SIZE as u32 }
}
