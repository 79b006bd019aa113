//! Arguments and results of host functions: out of the guest, and into it.

use super::convention::{Block, Convention};
use super::form::write_prefixed;
use super::layout::Layout;
use super::names::Names;
use super::text::{c_string, write_str};
use crate::access::Access;
use crate::error::Error;
use crate::memory::Plain;
use std::ffi::CStr;
use wasmtime::{Extern, Func, Result};

/// Frees an argument that the guest gave to a host function.
///
/// # Errors
///
/// Fails if the guest exports no such function, or traps.
pub fn host_free<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    (bytes, align): (usize, usize),
) -> Result<()> {
    let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let layout = Layout { bytes, align, len: 0, class: 0 };
    let params = C::free(Block { address, layout });
    let free = exported(access, names.free)?;
    match free.typed::<C::Free, ()>(&mut *access) {
        Ok(free) => free.call(access, params),
        Err(_) => free.typed::<C::Free, i32>(&mut *access)?.call(access, params).map(drop),
    }
}

/// Async version of [`host_free`].
///
/// # Errors
///
/// Fails like [`host_free`].
#[cfg(feature = "async")]
pub async fn host_free_async<C: Convention, T: Send + 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    (bytes, align): (usize, usize),
) -> Result<()> {
    let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let layout = Layout { bytes, align, len: 0, class: 0 };
    let params = C::free(Block { address, layout });
    let free = exported(access, names.free)?;
    match free.typed::<C::Free, ()>(&mut *access) {
        Ok(free) => free.call_async(access, params).await,
        Err(_) => {
            let free = free.typed::<C::Free, i32>(&mut *access)?;
            free.call_async(access, params).await.map(drop)
        }
    }
}

/// Allocates for a result of a host function, which the guest frees.
fn host_alloc<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust does not free an empty value, C does.
    if layout.bytes == 0 && C::SKIPS_EMPTY {
        return Ok(layout.align.cast_signed());
    }
    let block = Block::new(layout.never_empty::<C>());
    let alloc = exported(access, names.alloc)?.typed::<C::Alloc, i32>(&mut *access)?;
    match alloc.call(&mut *access, C::alloc(block))? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

/// Async version of [`host_alloc`].
#[cfg(feature = "async")]
async fn host_alloc_async<C: Convention, T: Send + 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust does not free an empty value, C does.
    if layout.bytes == 0 && C::SKIPS_EMPTY {
        return Ok(layout.align.cast_signed());
    }
    let block = Block::new(layout.never_empty::<C>());
    let alloc = exported(access, names.alloc)?.typed::<C::Alloc, i32>(&mut *access)?;
    match alloc.call_async(&mut *access, C::alloc(block)).await? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

fn exported<T: 'static, H>(access: &mut Access<'_, T, H>, name: &str) -> Result<Func> {
    let func = access.caller().get_export(name).and_then(Extern::into_func);
    func.ok_or_else(|| {
        wasmtime::Error::msg(format!("the calling instance exports no function {name:?}"))
    })
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
        pub $($asyncness)? fn $str<C: Convention, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            text: &str,
        ) -> Result<(i32, i32)> {
            let layout = Layout::of_str::<C>(text)?;
            let address = $alloc::<C, T, H>(access, names, layout)$($wait)*?;
            write_str::<C, T>(&mut access.memory_named(names.memory)?, address, text)?;
            Ok((address, layout.elements()))
        }

        /// Gives text to the guest with a null at its end: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the text holds a null, or the guest has no room for it.
        pub $($asyncness)? fn $c_text<C: Convention, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            text: &str,
        ) -> Result<i32> {
            $c_str::<C, T, H>(access, names, &c_string(text)?)$($wait)*
        }

        /// Gives text of any encoding to the guest with a null at its end: its pointer.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for it.
        pub $($asyncness)? fn $c_str<C: Convention, T: $($send +)? 'static, H>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            text: &CStr,
        ) -> Result<i32> {
            let address = $alloc::<C, T, H>(access, names, Layout::of_c_str(text)?)$($wait)*?;
            access.memory_named(names.memory)?.write_c_str(address, text)?;
            Ok(address)
        }

        /// Gives values to the guest: their pointer and number.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        pub $($asyncness)? fn $slice<C: Convention, T: $($send +)? 'static, H, P: Plain>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            values: &[P],
        ) -> Result<(i32, i32)> {
            let layout = Layout::of_slice(values)?;
            let address = $alloc::<C, T, H>(access, names, layout)$($wait)*?;
            access.memory_named(names.memory)?.write_slice(address, values)?;
            Ok((address, layout.elements()))
        }

        /// Gives values to the guest behind their number: the pointer to it.
        ///
        /// # Errors
        ///
        /// Fails if the guest has no room for them.
        pub $($asyncness)? fn $prefixed<C: Convention, T: $($send +)? 'static, H, P: Plain>(
            access: &mut Access<'_, T, H>,
            names: &Names,
            values: &[P],
        ) -> Result<i32> {
            let layout = Layout::of_slice(values)?.prefixed()?;
            let address = $alloc::<C, T, H>(access, names, layout)$($wait)*?;
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
