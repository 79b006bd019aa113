//! The parts of a store that a call of preview 1 uses.

use crate::error::Error;
use crate::wasi::ctx::{Preview1, WasiCtx};
use wasmtime::{AsContextMut as _, Caller, Extern, Result};
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as _;
use wiggle::GuestMemory;

/// Returns the guest's memory: by its index if the caller is of the module with which the session began, else by its name.
pub(super) fn memory_export<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Option<Extern> {
    let known = get(caller.data_mut()).memory;
    let found = known.and_then(|memory| caller.get_module_export(&memory));
    found.or_else(|| caller.get_export("memory"))
}

/// Returns the functions' context and the guest's memory.
pub(super) fn parts<'a, T: 'static>(
    caller: &'a mut Caller<'_, T>,
    export: &'a Option<Extern>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<(&'a mut Preview1, GuestMemory<'a>)> {
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (context, memory) = context_and_memory(caller, export, get)?;
    let context = &mut context.preview1;
    context.set_hostcall_fuel(fuel);
    Ok((context, memory))
}

/// Returns the context and the guest's memory.
pub(super) fn context_and_memory<'a, T: 'static>(
    caller: &'a mut Caller<'_, T>,
    export: &'a Option<Extern>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<(&'a mut WasiCtx, GuestMemory<'a>)> {
    let (memory, data) = match export {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(caller);
            (GuestMemory::Unshared(bytes), data)
        }
        Some(Extern::SharedMemory(memory)) => {
            (GuestMemory::Shared(memory.data()), caller.data_mut())
        }
        _ => return Err(Error::NoMemory { name: "memory".into() }.into()),
    };
    Ok((get(data), memory))
}
