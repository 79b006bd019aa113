//! `Access`: host state and calling instance, as a host function gets them.

use crate::error::{Error, Result};
use crate::memory::GuestMemory;
use crate::record;
use wasmtime::{AsContext, AsContextMut, Caller, Extern, StoreContext, StoreContextMut};

/// The host state and the calling instance: the first argument of each function of a `Host` trait.
///
/// Shaped after [`bindgen!`](https://docs.wasmtime.dev/api/wasmtime/component/struct.Access.html):
/// `T` is the store's data and `H` the part of it that implements the trait. It is a Wasmtime
/// context, so that a host function can call the guest back through a wrapper. Functions get it
/// borrowed, because their results are written into the guest through it.
pub struct Access<'a, T: 'static, H> {
    caller: Caller<'a, T>,
    host: fn(&mut T) -> &mut H,
}

impl<'a, T: 'static, H> Access<'a, T, H> {
    /// Joins a caller with the function that finds its host state.
    pub fn new(caller: Caller<'a, T>, host: fn(&mut T) -> &mut H) -> Self {
        Self { caller, host }
    }

    /// Returns the host state.
    pub fn get(&mut self) -> &mut H {
        (self.host)(self.caller.data_mut())
    }

    /// Returns the calling instance's exported memory `memory`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NoMemory`] if it exports none.
    pub fn memory(&mut self) -> Result<GuestMemory<'_, T>> {
        self.memory_named("memory")
    }

    /// Returns the calling instance's exported memory of that name.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NoMemory`] if it exports none.
    pub fn memory_named(&mut self, name: &str) -> Result<GuestMemory<'_, T>> {
        exported_memory(&mut self.caller, name)
    }

    /// Returns the bytes of the exported memory `memory` together with the host state.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NoMemory`] if the calling instance exports none.
    pub fn memory_and_host(&mut self) -> Result<(&mut [u8], &mut H)> {
        let host = self.host;
        let memory = self.memory()?.memory();
        record::exposed(&mut self.caller.as_context_mut(), memory);
        let (bytes, data) = memory.data_and_store_mut(&mut self.caller);
        Ok((bytes, host(data)))
    }

    /// Returns Wasmtime's caller.
    pub fn caller(&mut self) -> &mut Caller<'a, T> {
        &mut self.caller
    }
}

/// Returns an exported memory of the calling instance.
///
/// # Errors
///
/// Fails with [`Error::NoMemory`] if it exports none of that name.
pub(crate) fn exported_memory<'c, T: 'static>(
    caller: &'c mut Caller<'_, T>,
    name: &str,
) -> Result<GuestMemory<'c, T>> {
    let memory = caller.get_export(name).and_then(Extern::into_memory);
    let memory = memory.ok_or_else(|| Error::NoMemory { name: name.into() })?;
    Ok(GuestMemory::new(caller.as_context_mut(), memory))
}

impl<T: 'static, H> AsContext for Access<'_, T, H> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.caller.as_context()
    }
}

impl<T: 'static, H> AsContextMut for Access<'_, T, H> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.caller.as_context_mut()
    }
}
