//! `proc_exit` of guests whose calls are audited.

use crate::code::PREVIEW_1;
use crate::exit::Exit;
use crate::record;
use crate::wasi::audit::{AuditedCall, Capability, Denied};
use crate::wasi::ctx::WasiCtx;
use wasmtime::{Caller, Linker, Result};

/// Defines `proc_exit`, which asks before it ends the guest.
pub(in crate::wasi) fn define_exit<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    let hook = record::hook::<T>(PREVIEW_1, "proc_exit");
    let exit = move |mut caller: Caller<'_, T>, code: i32| -> Result<()> {
        record::import(hook.as_ref(), &mut caller, &(code,), |caller| {
            ask_exit(get(caller.data_mut()), code)
        })
    };
    linker.func_wrap(PREVIEW_1, "proc_exit", exit)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Ends the guest: by its exit, or because the audit denies that.
fn ask_exit(context: &mut WasiCtx, code: i32) -> Result<()> {
    let call = AuditedCall {
        interface: PREVIEW_1,
        function: "proc_exit",
        capability: Capability::Exit,
        subject: None,
        target: None,
        writes: false,
    };
    context.auditor().ok_or_else(|| Denied::from(&call))?.ask(&call)?;
    Err(Exit::new(code).into())
}
