//! `Guard`: the layer of an audit around the functions of preview 1, or none.

use super::parts::{context_and_memory, memory_export};
use crate::wasi::audit::subject::{NOTCAPABLE, after, ask};
use crate::wasi::ctx::WasiCtx;
use wasmtime::{Caller, Result};

/// Returns the context in a store's data.
type Get<T> = fn(&mut T) -> &mut WasiCtx;

/// The layer around the functions of preview 1.
pub(super) trait Guard: 'static {
    /// A call that is allowed.
    type Asked: Send;

    /// Asks about a call.
    ///
    /// # Errors
    ///
    /// The inner error is the number of an error in preview 1.
    fn before<T: 'static>(
        caller: &mut Caller<'_, T>,
        get: Get<T>,
        function: &'static str,
        args: &[u64],
    ) -> Result<Result<Self::Asked, i32>>;

    /// Notes what a call that returned `errno` opened and closed.
    fn after<T: 'static>(
        caller: &mut Caller<'_, T>,
        get: Get<T>,
        function: &'static str,
        args: &[u64],
        asked: Self::Asked,
        errno: i32,
    ) -> Result<()>;
}

/// The layer of an audit.
pub(super) struct Audit;

impl Guard for Audit {
    type Asked = Option<String>;

    fn before<T: 'static>(
        caller: &mut Caller<'_, T>,
        get: Get<T>,
        function: &'static str,
        args: &[u64],
    ) -> Result<Result<Self::Asked, i32>> {
        let export = memory_export(caller, get);
        let (context, memory) = context_and_memory(caller, &export, get)?;
        // Without an audit the context is of another `Wasi`.
        let Some(auditor) = context.auditor() else { return Ok(Err(NOTCAPABLE)) };
        Ok(ask(auditor, &memory, function, args))
    }

    fn after<T: 'static>(
        caller: &mut Caller<'_, T>,
        get: Get<T>,
        function: &'static str,
        args: &[u64],
        asked: Self::Asked,
        errno: i32,
    ) -> Result<()> {
        let export = memory_export(caller, get);
        let (context, memory) = context_and_memory(caller, &export, get)?;
        if let Some(auditor) = context.auditor() {
            after(auditor, &memory, function, args, asked.as_deref(), errno);
        }
        Ok(())
    }
}

/// No layer.
pub(super) struct NoAudit;

impl Guard for NoAudit {
    type Asked = ();

    fn before<T: 'static>(
        _: &mut Caller<'_, T>,
        _: Get<T>,
        _: &'static str,
        _: &[u64],
    ) -> Result<Result<(), i32>> {
        Ok(Ok(()))
    }

    fn after<T: 'static>(
        _: &mut Caller<'_, T>,
        _: Get<T>,
        _: &'static str,
        _: &[u64],
        (): (),
        _: i32,
    ) -> Result<()> {
        Ok(())
    }
}

/// An argument of 32 or 64 bits.
pub(super) trait Arg {
    /// Returns its bits.
    fn bits(self) -> u64;
}

impl Arg for i32 {
    fn bits(self) -> u64 {
        self.cast_unsigned().into()
    }
}

impl Arg for i64 {
    fn bits(self) -> u64 {
        self.cast_unsigned()
    }
}

/// Calls a function of preview 1 inside of a guard: `$call` returns the number of an error.
macro_rules! guarded {
    ($guard:ty, $caller:ident, $get:ident, $function:expr, [$($arg:expr),*], $call:expr) => {{
        use $crate::wasi::preview1::guard::Guard;
        let args: &[u64] = &[$($crate::wasi::preview1::guard::Arg::bits($arg)),*];
        let result: ::wasmtime::Result<i32> =
            match <$guard as Guard>::before(&mut $caller, $get, $function, args)? {
                Err(errno) => Ok(errno),
                Ok(asked) => {
                    let called: ::wasmtime::Result<i32> = $call;
                    let errno = called?;
                    <$guard as Guard>::after(&mut $caller, $get, $function, args, asked, errno)?;
                    Ok(errno)
                }
            };
        result
    }};
}
pub(super) use guarded;
