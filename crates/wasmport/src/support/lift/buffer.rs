//! `Buffer`: memory of the guest into which the host writes arguments, without allocating.

use super::layout::Layout;
use crate::error::{Error, ValueError};
use wasmtime::Result;

/// The buffer during one call: each argument takes the next part of it.
#[derive(Clone, Copy)]
pub(super) struct Buffer {
    pub address: u32,
    pub size: u32,
    pub used: u32,
}

impl Buffer {
    /// Takes room for a value.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Value`] if the buffer has no more room.
    pub fn take(&mut self, layout: Layout) -> Result<i32> {
        let Layout { bytes, align, .. } = layout;
        let end_of = |start: u32| Some((start, start.checked_add(bytes)?));
        let next = self.address.checked_add(self.used);
        let next = next.and_then(|next| next.checked_next_multiple_of(align.max(1)));
        match next.and_then(end_of) {
            Some((start, end)) if end - self.address <= self.size => {
                self.used = end - self.address;
                Ok(start.cast_signed())
            }
            _ => Err(Error::Value(ValueError::BufferFull { bytes, size: self.size }).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bytes: u32, align: u32) -> Layout {
        Layout { bytes, align, len: 1, class: 0 }
    }

    #[test]
    fn arguments_take_the_next_part_of_the_buffer() {
        let mut buffer = Buffer { address: 1001, size: 20, used: 0 };
        assert_eq!(buffer.take(layout(3, 1)).ok(), Some(1001));
        assert_eq!(buffer.take(layout(8, 8)).ok(), Some(1008));
        assert_eq!(buffer.take(layout(5, 1)).ok(), Some(1016));
        assert!(buffer.take(layout(1, 1)).is_err(), "it is full");
        assert_eq!(buffer.take(layout(0, 1)).ok(), Some(1021), "nothing fits everywhere");
    }

    #[test]
    fn a_buffer_at_the_end_of_the_address_space_does_not_wrap() {
        let mut buffer = Buffer { address: u32::MAX - 4, size: u32::MAX, used: 0 };
        assert!(buffer.take(layout(8, 1)).is_err());
        assert!(buffer.take(layout(1, 16)).is_err());
    }
}
