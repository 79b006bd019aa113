//! Forms of text and lists: address and length as one number, or the length in memory before the content.

use super::abi::Abi;
use super::guest::Guest;
use super::layout::PREFIX;
use super::text::not_null;
use crate::memory::{GuestMemory, Plain};
use wasmtime::Result;

/// Packs two numbers of 32 bits into one of 64.
#[must_use]
#[inline]
pub fn pack(high: i32, low: i32) -> i64 {
    i64::from(high) << 32 | i64::from(low.cast_unsigned())
}

/// Returns the upper and the lower half of a number.
#[must_use]
#[inline]
pub fn unpack(packed: i64) -> (i32, i32) {
    // Truncates: that is the lower half.
    ((packed >> 32) as i32, packed as i32)
}

/// Returns size and alignment of a content together with its length before it.
#[must_use]
pub fn with_prefix((bytes, align): (usize, usize)) -> (usize, usize) {
    (bytes.saturating_add(PREFIX as usize), align.max(PREFIX as usize))
}

/// Returns address and length of a content whose length lies before it.
///
/// # Errors
///
/// Fails if the address is null or out of bounds.
pub fn prefixed<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<(i32, i32)> {
    let len = memory.read::<u32>(not_null(address)?)?;
    Ok((address.wrapping_add(PREFIX.cast_signed()), len.cast_signed()))
}

/// Writes values behind their number.
///
/// # Errors
///
/// Fails if they are out of bounds.
pub(super) fn write_prefixed<P: Plain, T: 'static>(
    memory: &mut GuestMemory<'_, T>,
    address: i32,
    values: &[P],
) -> Result<()> {
    // The layout has checked that the number fits.
    memory.write(address, values.len() as u32)?;
    Ok(memory.write_slice(address.wrapping_add(PREFIX.cast_signed()), values)?)
}

impl<A: Abi, T: 'static, const N: usize> Guest<'_, A, T, N> {
    /// Returns address and length of a content whose length lies before it, and frees both after the call if the
    /// host owns them.
    ///
    /// # Errors
    ///
    /// Fails if the address is null or out of bounds.
    pub fn prefixed<P: Plain>(&mut self, address: i32, is_owned: bool) -> Result<(i32, i32)> {
        let (content, len) = prefixed(&self.memory()?, address)?;
        if is_owned {
            let bytes = (len.cast_unsigned() as usize).saturating_mul(P::SIZE);
            let (bytes, align) = with_prefix((bytes, P::ALIGN));
            self.own_result(address, bytes, align);
        }
        Ok((content, len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_keep_their_signs() {
        for (high, low) in [(0, 0), (1, 2), (-1, 5), (5, -1), (i32::MIN, i32::MAX)] {
            assert_eq!(unpack(pack(high, low)), (high, low));
        }
        assert_eq!(pack(1, -1), 0x1_ffff_ffff);
    }
}
