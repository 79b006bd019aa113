//! Arguments and results of host functions: out of the guest, and into it.

use super::abi::{Abi, Block};
use super::form::write_prefixed;
use super::layout::Layout;
use super::names::Names;
use super::text::{c_string, write_str};
use crate::access::Access;
use crate::error::Error;
use crate::memory::Plain;
use crate::record;
use std::ffi::CStr;
use wasmtime::{AsContextMut as _, Extern, Func, Result};

/// Defines the function that frees an argument, once for guests whose calls block and once for those whose calls wait.
macro_rules! free {
    ($(#[$attribute:meta])* ($($asyncness:ident)?) ($($wait:tt)*) ($($send:ident)?) $call:ident $free:ident) => {
        /// Frees an argument of a size and alignment that the guest gave to a host function. A size of 0 is also
        /// that of C text without an end.
        ///
        /// # Errors
        ///
        /// Fails if the guest exports no such function, or traps.
        $(#[$attribute])*
        pub $($asyncness)? fn $free<A: Abi, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            address: i32,
            (bytes, align): (usize, usize),
        ) -> Result<()> {
            // Rust does not free an empty value, C does.
            if address == 0 || (bytes == 0 && A::SKIPS_EMPTY) {
                return Ok(());
            }
            let params = A::free(Block { address, layout: Layout::to_free(bytes, align) });
            let free = exported(access, names.free)?;
            match free.typed::<A::Free, ()>(&mut *access) {
                Ok(free) => free.$call(access, params)$($wait)*,
                Err(_) => {
                    let free = free.typed::<A::Free, i32>(&mut *access)?;
                    free.$call(access, params)$($wait)*.map(drop)
                }
            }
        }
    };
}

free! { () () () call host_free }
free! { #[cfg(feature = "async")] (async) (.await) (Send) call_async host_free_async }

/// Allocates for a result of a host function, which the guest frees.
fn host_alloc<A: Abi, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust does not free an empty value, C does.
    if layout.bytes == 0 && A::SKIPS_EMPTY {
        return Ok(layout.align.cast_signed());
    }
    let block = Block::new(layout.never_empty::<A>());
    let alloc = exported(access, names.alloc)?.typed::<A::Alloc, i32>(&mut *access)?;
    match alloc.call(&mut *access, A::alloc(block))? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

/// Async version of [`host_alloc`].
#[cfg(feature = "async")]
async fn host_alloc_async<A: Abi, T: Send + 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust does not free an empty value, C does.
    if layout.bytes == 0 && A::SKIPS_EMPTY {
        return Ok(layout.align.cast_signed());
    }
    let block = Block::new(layout.never_empty::<A>());
    let alloc = exported(access, names.alloc)?.typed::<A::Alloc, i32>(&mut *access)?;
    match alloc.call_async(&mut *access, A::alloc(block)).await? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

fn exported<T: 'static, H>(access: &mut Access<'_, T, H>, name: &str) -> Result<Func> {
    let func = access.caller().get_export(name).and_then(Extern::into_func);
    let func = func.ok_or_else(|| {
        wasmtime::Error::msg(format!("the calling instance exports no function {name:?}"))
    })?;
    Ok(record::exported(access.as_context_mut(), name, func))
}

/// Defines the functions that bring a result into the guest, once for guests whose calls block and once
/// for those whose calls wait.
macro_rules! give {
    (
        ($($asyncness:ident)?) ($($wait:tt)*) ($($send:ident)?) $alloc:ident
        $str:ident $c_text:ident $c_str:ident $slice:ident $prefixed:ident
    ) => {
        /// Gives text to the guest: its pointer and length.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        pub $($asyncness)? fn $str<A: Abi, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            text: &str,
        ) -> Result<(i32, i32)> {
            let layout = Layout::of_str::<A>(text)?;
            let address = $alloc::<A, T, H>(access, names, layout)$($wait)*?;
            write_str::<A, T>(&mut access.memory_named(names.memory)?, address, text)?;
            Ok((address, layout.elements()))
        }

        /// Gives text to the guest with a null at its end: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the text holds a null, or the guest has no room for it.
        pub $($asyncness)? fn $c_text<A: Abi, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            text: &str,
        ) -> Result<i32> {
            $c_str::<A, T, H>(access, names, &c_string(text)?)$($wait)*
        }

        /// Gives text of any encoding to the guest with a null at its end: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        pub $($asyncness)? fn $c_str<A: Abi, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            text: &CStr,
        ) -> Result<i32> {
            let address = $alloc::<A, T, H>(access, names, Layout::of_c_str(text)?)$($wait)*?;
            access.memory_named(names.memory)?.write_c_str(address, text)?;
            Ok(address)
        }

        /// Gives values to the guest: their pointer and number.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        pub $($asyncness)? fn $slice<A: Abi, T: $($send +)? 'static, H, P: Plain>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            values: &[P],
        ) -> Result<(i32, i32)> {
            let layout = Layout::of_slice(values)?;
            let address = $alloc::<A, T, H>(access, names, layout)$($wait)*?;
            access.memory_named(names.memory)?.write_slice(address, values)?;
            Ok((address, layout.elements()))
        }

        /// Gives values to the guest behind their number: the pointer to it.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        pub $($asyncness)? fn $prefixed<A: Abi, T: $($send +)? 'static, H, P: Plain>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            values: &[P],
        ) -> Result<i32> {
            let layout = Layout::of_slice(values)?.prefixed()?;
            let address = $alloc::<A, T, H>(access, names, layout)$($wait)*?;
            write_prefixed(&mut access.memory_named(names.memory)?, address, values)?;
            Ok(address)
        }
    };
}

give! { () () () host_alloc give_str give_c_text give_c_str give_slice give_prefixed }

#[cfg(feature = "async")]
give! {
    (async) (.await) (Send) host_alloc_async
    give_str_async give_c_text_async give_c_str_async give_slice_async give_prefixed_async
}
