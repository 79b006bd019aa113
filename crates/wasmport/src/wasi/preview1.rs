//! Preview 1: the functions of WASI in the linkers of core modules.

use super::builder::Wasi;
use super::ctx::WasiCtx;
use super::{poll, waits};
use crate::code::PREVIEW_1;
use crate::exit::Exit;
use wasmtime::{Linker, Result};
use wasmtime_wasi::p1;

impl Wasi {
    /// Defines the functions of preview 1 in `linker`. `get` returns the context in a store's data, which
    /// this `Wasi` or a clone of it has [built](Self::build). Afterwards `linker` allows no shadowing.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    pub fn add_to_linker<T: Send + 'static>(
        &self,
        linker: &mut Linker<T>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<()> {
        p1::add_to_linker_sync(linker, move |data| &mut get(data).preview1)?;
        replace(linker, |linker| match self.clock {
            Some(_) => poll::replace(linker, PREVIEW_1, get),
            None => waits::replace(linker, PREVIEW_1, get),
        })
    }

    /// Async version of [`Self::add_to_linker`], for contexts of [`build_async`](Self::build_async).
    ///
    /// # Errors
    ///
    /// Fails like [`Self::add_to_linker`].
    #[cfg(feature = "async")]
    pub fn add_to_linker_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<T>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<()> {
        p1::add_to_linker_async(linker, move |data| &mut get(data).preview1)?;
        replace(linker, |linker| match self.clock {
            Some(_) => poll::replace_async(linker, PREVIEW_1, get),
            None => Ok(()),
        })
    }
}

/// Replaces some of Wasmtime's functions, among them those that `others` defines.
fn replace<T: 'static>(
    linker: &mut Linker<T>,
    others: impl FnOnce(&mut Linker<T>) -> Result<()>,
) -> Result<()> {
    linker.allow_shadowing(true);
    // Wasmtime's `proc_exit` accepts codes up to 125 only. `exit(-1)` of C is -1 here.
    let exit = |code: i32| -> Result<()> { Err(Exit::new(code).into()) };
    let replaced = linker.func_wrap(PREVIEW_1, "proc_exit", exit).map(drop);
    let replaced = replaced.and_then(|()| others(linker));
    linker.allow_shadowing(false);
    replaced
}
