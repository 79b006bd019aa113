//! Arguments and results of host functions in the guest's memory.

use super::convention::Convention;
use super::layout::Layout;
use super::names::Names;
use super::text::write_str;
use crate::access::Access;
use crate::error::Error;
use wasmtime::{Extern, Func, Result};

/// Frees an argument that the guest passed to a host function.
///
/// # Errors
///
/// Fails if the guest exports no such allocator, or traps.
pub fn host_free<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    (bytes, align): (usize, usize),
) -> Result<()> {
    let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let params = C::free(address, Layout { bytes, align, len: 0, class: 0 });
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
    let params = C::free(address, Layout { bytes, align, len: 0, class: 0 });
    let free = exported(access, names.free)?;
    match free.typed::<C::Free, ()>(&mut *access) {
        Ok(free) => free.call_async(access, params).await,
        Err(_) => {
            let free = free.typed::<C::Free, i32>(&mut *access)?;
            free.call_async(access, params).await.map(drop)
        }
    }
}

/// Allocates memory for the result of a host function; the guest frees it.
///
/// # Errors
///
/// Fails with [`Error::Allocation`] if the allocator returns null, and if the guest exports no such
/// allocator, or traps.
pub fn host_alloc<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust does not free empty values; C frees every pointer.
    if layout.bytes == 0 && C::GUEST_OWNS_ARGUMENTS {
        return Ok(layout.align.cast_signed());
    }
    let alloc = exported(access, names.alloc)?.typed::<C::Alloc, i32>(&mut *access)?;
    match alloc.call(&mut *access, C::alloc(layout))? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

/// Async version of [`host_alloc`].
///
/// # Errors
///
/// Fails like [`host_alloc`].
#[cfg(feature = "async")]
pub async fn host_alloc_async<C: Convention, T: Send + 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust does not free empty values; C frees every pointer.
    if layout.bytes == 0 && C::GUEST_OWNS_ARGUMENTS {
        return Ok(layout.align.cast_signed());
    }
    let alloc = exported(access, names.alloc)?.typed::<C::Alloc, i32>(&mut *access)?;
    match alloc.call_async(&mut *access, C::alloc(layout)).await? {
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

/// Writes the text that a host function returns.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] if it exceeds the memory.
pub fn host_write_str<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    text: &str,
) -> Result<()> {
    write_str::<C, T>(&mut access.memory_named(names.memory)?, address, text)
}
