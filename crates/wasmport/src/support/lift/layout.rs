//! `Layout`: size and alignment of a value in the guest.

use crate::error::Error;
use crate::memory::Plain;
use std::ffi::CStr;
use wasmtime::Result;

/// Size and alignment of a value in the guest.
#[derive(Clone, Copy)]
pub struct Layout {
    pub(super) bytes: u32,
    pub(super) align: u32,
    /// Number of elements, which the guest is passed.
    pub(super) len: u32,
    /// Class of an AssemblyScript object.
    pub(super) class: i32,
}

/// Classes that every AssemblyScript module has.
const ARRAY_BUFFER: i32 = 1;
const STRING: i32 = 2;

impl Layout {
    /// Returns the layout of text, in UTF-8 or UTF-16.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`] if it is too long for a memory of 32 bits.
    #[inline]
    pub(super) fn of_text(text: &str, is_utf16: bool) -> Result<Self> {
        if !is_utf16 {
            return Self::new(text.len(), 1, text.len());
        }
        let units = text.encode_utf16().count();
        Ok(Self { class: STRING, ..Self::new(units * 2, 2, units)? })
    }

    /// Returns the layout of text with its terminating null.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`] if it is too long for a memory of 32 bits.
    #[inline]
    pub fn of_c_str(text: &CStr) -> Result<Self> {
        let bytes = text.to_bytes_with_nul().len();
        Self::new(bytes, 1, bytes)
    }

    /// Returns the layout of consecutive values.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`] if they are too many for a memory of 32 bits.
    #[inline]
    pub fn of_slice<P: Plain>(values: &[P]) -> Result<Self> {
        Self::new(P::SIZE.saturating_mul(values.len()), P::ALIGN, values.len())
    }

    /// Returns the layout of one value.
    #[must_use]
    pub const fn of<P: Plain>() -> Self {
        // No type that implements `Plain` has 4 GiB.
        Self { bytes: P::SIZE as u32, align: P::ALIGN as u32, len: 1, class: ARRAY_BUFFER }
    }

    #[inline]
    fn new(bytes: usize, align: usize, len: usize) -> Result<Self> {
        let too_long = |_| Error::Allocation { bytes: bytes as u64 };
        let [bytes, align, len] = [
            u32::try_from(bytes).map_err(too_long)?,
            u32::try_from(align).map_err(too_long)?,
            u32::try_from(len).map_err(too_long)?,
        ];
        Ok(Self { bytes, align, len, class: ARRAY_BUFFER })
    }

    /// Returns the number of elements.
    #[must_use]
    pub fn elements(self) -> i32 {
        self.len.cast_signed()
    }
}

/// Returns the size of an element, at least 1, so that a size in bytes can be divided by it.
#[must_use]
pub const fn element_size<P: Plain>() -> u32 {
    if P::SIZE == 0 { 1 } else { P::SIZE as u32 }
}
