//! Arguments in the guest's buffer.

use super::abi::Abi;
use super::buffer::Buffer;
use super::guest::Guest;
use super::layout::Layout;
use super::names::BufferSize;
use super::text::not_null;
use crate::support::cells::FuncCell;
use wasmtime::{Extern, Result, Val};

/// Defines the methods that find the buffer, once for calls that block and once for calls that wait.
macro_rules! buffer {
    ($(#[$attribute:meta])* ($($asyncness:ident)?) ($($wait:tt)*) ($($send:ident)?)
        $call:ident $number:ident $address:ident $take:ident) => {
        $(#[$attribute])*
        impl<A: Abi, T: $($send +)? 'static, const N: usize> Guest<'_, A, T, N> {
            /// Reads an exported number: a global, or the result of a function.
            $($asyncness)? fn $number(&mut self, name: &'static str) -> Result<i32> {
                let value = match self.instance.get_export(&mut self.store, name) {
                    Some(Extern::Global(global)) => global.get(&mut self.store),
                    Some(Extern::Func(_)) => {
                        let getter = FuncCell::<(), i32>::default();
                        let value = getter.$call(self.instance, &mut self.store, name, ())$($wait)*;
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
                        let address = not_null(self.$address()$($wait)*?)?.cast_unsigned();
                        let size = match self.names.buffer_size {
                            BufferSize::Bytes(bytes) => bytes,
                            BufferSize::Export(name) => self.$number(name)$($wait)*?.cast_unsigned(),
                        };
                        self.buffer.insert(Buffer { address, size, used: 0 })
                    }
                };
                let align = if A::IS_AT_START { 1 } else { layout.align };
                buffer.take(Layout { align, ..layout })
            }
        }
    };
}

buffer! { () () () call number buffer_address in_buffer }
buffer! {
    #[cfg(feature = "async")]
    (async) (.await) (Send) call_async number_async buffer_address_async in_buffer_async
}
