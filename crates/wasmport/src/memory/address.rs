//! `GuestAddress`: guest pointers and lengths, and the check that a range lies in a memory.

use super::plain::Plain;
use crate::error::{Error, Result};

/// A guest pointer or length; a wasm `i32` or `i64` is unsigned here.
pub trait GuestAddress: Copy {
    /// Returns the unsigned value.
    fn to_u64(self) -> u64;
}

impl GuestAddress for i32 {
    #[inline]
    fn to_u64(self) -> u64 {
        u64::from(self.cast_unsigned())
    }
}

impl GuestAddress for u32 {
    #[inline]
    fn to_u64(self) -> u64 {
        u64::from(self)
    }
}

impl GuestAddress for i64 {
    #[inline]
    fn to_u64(self) -> u64 {
        self.cast_unsigned()
    }
}

impl GuestAddress for u64 {
    #[inline]
    fn to_u64(self) -> u64 {
        self
    }
}

impl GuestAddress for usize {
    #[inline]
    fn to_u64(self) -> u64 {
        self as u64
    }
}

/// Returns the size of `len` values in bytes, saturated: no memory has that many.
pub(super) fn bytes_of<P: Plain>(len: u64) -> u64 {
    len.saturating_mul(P::SIZE as u64)
}

/// Returns the indices of a range.
#[inline]
pub(super) fn range(
    memory_bytes: usize,
    address: u64,
    bytes: u64,
) -> Result<std::ops::Range<usize>> {
    match address.checked_add(bytes) {
        // Both fit into `usize`: they are at most the length of a slice.
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
