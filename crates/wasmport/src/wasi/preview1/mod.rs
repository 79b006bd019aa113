//! Preview 1: the functions of WASI in the linkers of core modules.

mod calls;
mod exit;
mod guard;
mod linker;
mod parts;

use self::guard::{Audit, NoAudit};
use super::builder::Wasi;
use super::ctx::WasiCtx;
use crate::code::PREVIEW_1;
use crate::exit::Exit;
use crate::record;
use wasmtime::{Caller, Linker, Result};

impl Wasi {
    /// Defines the functions of preview 1 in `linker`. `get` returns the context in a store's data, which
    /// this `Wasi` or a clone of it has [built](Self::build). Afterwards `linker` allows no shadowing.
    ///
    /// Waits, reads and writes end with the limits of the session. `sched_yield` yields the thread.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    pub fn add_to_linker<T: Send + 'static>(
        &self,
        linker: &mut Linker<T>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<()> {
        if self.audit.is_some() {
            linker::add_to_linker::<_, Audit>(linker, get)?;
            return exit::define_exit(linker, get);
        }
        linker::add_to_linker::<_, NoAudit>(linker, get)?;
        define_exit(linker)
    }

    /// Async version of [`Self::add_to_linker`], for contexts of [`build_async`](Self::build_async). Waits and
    /// `sched_yield` suspend the call.
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
        if self.audit.is_some() {
            linker::add_to_linker_async::<_, Audit>(linker, get)?;
            return exit::define_exit(linker, get);
        }
        linker::add_to_linker_async::<_, NoAudit>(linker, get)?;
        define_exit(linker)
    }
}

/// Defines `proc_exit`: Wasmtime's accepts codes up to 125 only. `exit(-1)` of C is -1 here.
fn define_exit<T: 'static>(linker: &mut Linker<T>) -> Result<()> {
    let hook = record::hook::<T>(PREVIEW_1, "proc_exit");
    let exit = move |mut caller: Caller<'_, T>, code: i32| -> Result<()> {
        record::import(hook.as_ref(), &mut caller, &(code,), |_| Err(Exit::new(code).into()))
    };
    linker.func_wrap(PREVIEW_1, "proc_exit", exit)?;
    linker.allow_shadowing(false);
    Ok(())
}
