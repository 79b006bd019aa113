//! `Buffer`: memory of the guest into which the host writes arguments, without allocating.

use super::convention::Convention;
use super::guest::Guest;
use super::layout::Layout;
use super::names::BufferSize;
use crate::error::{Error, ValueError};
use wasmtime::{Extern, Result, Val};

/// The buffer during one call: each argument takes the next part of it.
#[derive(Clone, Copy)]
pub(super) struct Buffer {
    address: u32,
    size: u32,
    used: u32,
}

impl Buffer {
    /// Takes room for a value.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Value`] if the buffer has no more room.
    fn take(&mut self, layout: Layout) -> Result<i32> {
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

/// Defines the methods that find the buffer, once for calls that block and once for calls that wait.
macro_rules! buffer {
    ($(#[$attribute:meta])* ($($asyncness:ident)?) ($($wait:tt)*) ($($send:ident)?)
        $call:ident $number:ident $address:ident $take:ident) => {
        $(#[$attribute])*
        impl<C: Convention, T: $($send +)? 'static, const N: usize> Guest<'_, C, T, N> {
            /// Reads an exported number: a global, or the result of a function.
            $($asyncness)? fn $number(&mut self, name: &'static str) -> Result<i32> {
                let value = match self.instance.get_export(&mut self.store, name) {
                    Some(Extern::Global(global)) => global.get(&mut self.store),
                    Some(Extern::Func(func)) => {
                        let func = func.typed::<(), i32>(&self.store)?;
                        let value = func.$call(&mut self.store, ())$($wait)*;
                        return self.returned(value);
                    }
                    _ => Val::I64(0),
                };
                // The importer has checked the type, and for code that arrives later the interface.
                value.i32().ok_or_else(|| {
                    wasmtime::Error::msg(format!("the instance exports no number {name:?}"))
                })
            }

            /// Returns the address of the buffer.
            ///
            /// # Errors
            ///
            /// Fails if the guest's function that tells it traps.
            pub $($asyncness)? fn $address(&mut self) -> Result<i32> {
                self.$number(self.names.buffer)$($wait)*
            }

            /// Takes room for an argument in the buffer.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Value`] if the buffer has no more room.
            pub(super) $($asyncness)? fn $take(&mut self, layout: Layout) -> Result<i32> {
                let buffer = match &mut self.buffer {
                    Some(buffer) => buffer,
                    None => {
                        let address = self.$address()$($wait)*?.cast_unsigned();
                        let size = match self.names.buffer_size {
                            BufferSize::Bytes(bytes) => bytes,
                            BufferSize::Export(name) => self.$number(name)$($wait)*?.cast_unsigned(),
                        };
                        self.buffer.insert(Buffer { address, size, used: 0 })
                    }
                };
                buffer.take(layout)
            }
        }
    };
}

buffer! { () () () call number buffer_address in_buffer }
buffer! {
    #[cfg(feature = "async")]
    (async) (.await) (Send) call_async number_async buffer_address_async in_buffer_async
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
