//! The places at which guest and host meet.

use super::find::{Find, defined, finder};
use super::items::resolve;
use super::log::{Call, Log};
use super::memory::{flush, index_of};
use super::number::Function;
use super::preview1::{self, Shape};
use super::{Logged, Ref};
use crate::error::RecordError;
use wasmtime::{
    AsContextMut, Caller, Func, Instance, Memory, Result, StoreContextMut, TypedFunc, Val,
    WasmParams, WasmResults,
};

/// A function that records its calls, if the session is recorded.
pub(crate) struct Hook<T> {
    find: Find<T>,
    module: &'static str,
    name: &'static str,
    shape: Option<&'static Shape>,
}

/// Returns the hook of a function that is defined in a linker; none if no session of this type is recorded.
pub(crate) fn hook<T: 'static>(module: &'static str, name: &'static str) -> Option<Hook<T>> {
    let find = finder::<T>()?;
    defined(module, name);
    Some(Hook { find, module, name, shape: preview1::find(module, name) })
}

/// Begins a call of an import. Returns none if it is not recorded.
///
/// # Errors
///
/// Fails if the recording is full, and calls fail then.
#[inline]
pub(crate) fn begin<T: 'static>(
    hook: Option<&Hook<T>>,
    caller: &mut Caller<'_, T>,
    params: &impl Logged,
) -> Result<Option<Call>> {
    let Some(hook) = hook else { return Ok(None) };
    let find = hook.find;
    let Some(log) = find(caller.data_mut()) else { return Ok(None) };
    let Some(call) = log.begin_import((hook.module, hook.name), hook.shape.is_some(), params)
    else {
        return refuse(log).map(|()| None);
    };
    let (has_globals, compares) = (log.has_globals(), log.compares());
    if !log.has_items() {
        resolve(caller, find);
    }
    if let Some(shape) = hook.shape {
        inputs(hook, shape, caller);
    }
    if has_globals || compares {
        leave_guest(&mut caller.as_context_mut(), find);
    }
    Ok(Some(call))
}

/// Fails if a call that is not recorded fails.
#[cold]
fn refuse(log: &Log) -> Result<()> {
    log.refusal().map_or(Ok(()), |reason| Err(wasmtime::Error::new(reason)))
}

fn inputs<T: 'static>(hook: &Hook<T>, shape: &Shape, caller: &mut Caller<'_, T>) {
    let find = hook.find;
    match main_memory(caller, find) {
        Some(memory) => {
            let (bytes, data) = memory.data_and_store_mut(&mut *caller);
            if let Some(log) = find(data) {
                log.add_inputs(shape, memory, bytes);
            }
        }
        None => {
            if let Some(log) = find(caller.data_mut()) {
                log.add_no_inputs();
            }
        }
    }
}

/// Returns the memory that preview 1 uses.
fn main_memory<T: 'static>(caller: &mut Caller<'_, T>, find: Find<T>) -> Option<Memory> {
    let log = find(caller.data_mut())?;
    log.main_memory().and_then(|index| log.memories.get(index).copied())
}

/// Ends a call of an import.
#[inline]
pub(crate) fn end<T: 'static, R: Logged>(
    hook: Option<&Hook<T>>,
    call: Option<Call>,
    caller: &mut Caller<'_, T>,
    result: &Result<R>,
) {
    if let (Some(hook), Some(call)) = (hook, call) {
        end_recorded(hook, call, caller, result);
    }
}

fn end_recorded<T: 'static, R: Logged>(
    hook: &Hook<T>,
    call: Call,
    caller: &mut Caller<'_, T>,
    result: &Result<R>,
) {
    let find = hook.find;
    if let Some(shape) = hook.shape {
        outputs(find, shape, caller, result);
    }
    let Some(log) = find(caller.data_mut()) else { return };
    let (has_globals, is_metered) = (log.has_globals(), log.is_metered());
    let has_unread = log.has_unread();
    if !has_unread && !has_globals && !is_metered {
        log.end_import(call, result);
        return;
    }
    if has_unread {
        flush(&mut caller.as_context_mut(), find);
    }
    if has_globals {
        Log::read_globals(&mut caller.as_context_mut(), find, true);
    }
    let fuel = if is_metered { caller.get_fuel().ok() } else { None };
    let Some(log) = find(caller.data_mut()) else { return };
    if let Some(fuel) = fuel {
        log.fuel(fuel);
    }
    log.end_import(call, result);
}

fn outputs<T: 'static, R: Logged>(
    find: Find<T>,
    shape: &Shape,
    caller: &mut Caller<'_, T>,
    result: &Result<R>,
) {
    let Some(memory) = main_memory(caller, find) else { return };
    let mut is_success = false;
    if let Ok(result) = result {
        result.each(&mut |errno| is_success = errno == super::Number::I32(0));
    }
    let Some(index) = index_of(&mut caller.as_context_mut(), find, memory) else { return };
    let (bytes, data) = memory.data_and_store_mut(&mut *caller);
    if let Some(log) = find(data) {
        log.add_outputs(shape, index, bytes, is_success);
    }
}

/// Runs a host function that takes the caller, and records the call.
///
/// # Errors
///
/// Fails if the function does, or the recording is full.
#[cfg(feature = "wasi")]
#[inline]
pub(crate) fn import<T: 'static, R: Logged>(
    hook: Option<&Hook<T>>,
    caller: &mut Caller<'_, T>,
    params: &impl Logged,
    function: impl FnOnce(&mut Caller<'_, T>) -> Result<R>,
) -> Result<R> {
    let call = begin(hook, caller, params)?;
    let result = function(caller);
    end(hook, call, caller, &result);
    result
}

/// Calls an exported function, and records the call if the session is recorded.
///
/// # Errors
///
/// Fails if the guest traps, or the recording is full.
#[inline]
pub(crate) fn export<T: 'static, P: WasmParams + Logged, R: WasmResults + Logged>(
    mut store: StoreContextMut<'_, T>,
    name: &str,
    func: &TypedFunc<P, R>,
    params: P,
) -> Result<R> {
    let Some(find) = finder::<T>() else { return func.call(store, params) };
    if !begin_export(&mut store, find, name, func.func(), &params)? {
        return func.call(store, params);
    }
    let result = func.call(&mut store, params);
    end_export(&mut store, find, &result);
    result
}

/// Calls an exported function with values, and records the call if the session is recorded.
///
/// # Errors
///
/// Fails if the guest traps, or the recording is full.
pub(crate) fn export_values<T: 'static>(
    mut store: StoreContextMut<'_, T>,
    name: &str,
    func: &Func,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let Some(find) = finder::<T>() else { return func.call(store, params, results) };
    if !begin_export(&mut store, find, name, func, &Ref(params))? {
        return func.call(store, params, results);
    }
    let result = func.call(&mut store, params, results).map(|()| Ref(&*results));
    end_export(&mut store, find, &result);
    result.map(|_| ())
}

fn begin_export<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    find: Find<T>,
    name: &str,
    func: &Func,
    params: &impl Logged,
) -> Result<bool> {
    let Some(log) = find(store.data_mut()) else { return Ok(false) };
    if !log.is_on() {
        return refuse(log).map(|()| false);
    }
    let (has_globals, is_metered) = (log.has_globals(), log.is_metered());
    flush(store, find);
    if has_globals {
        Log::read_globals(store, find, true);
    }
    let fuel = if is_metered { store.get_fuel().ok() } else { None };
    let Some(log) = find(store.data_mut()) else { return Ok(false) };
    let is_known = log.knows_export(name);
    let ty = if is_known { None } else { Some(func.ty(&*store)) };
    let Some(log) = find(store.data_mut()) else { return Ok(false) };
    let describe = || ty.and_then(|ty| Function::new("", name, &ty));
    let begun = log.begin_export(name, params, fuel, describe);
    if begun { Ok(true) } else { refuse(log).map(|()| false) }
}

fn end_export<T: 'static, R: Logged>(
    store: &mut StoreContextMut<'_, T>,
    find: Find<T>,
    result: &Result<R>,
) {
    leave_guest(store, find);
    if let Some(log) = find(store.data_mut()) {
        log.end(result);
    }
}

/// Takes what is compared when the guest runs again.
fn leave_guest<T: 'static>(store: &mut StoreContextMut<'_, T>, find: Find<T>) {
    Log::read_globals(store, find, false);
    copy_all(store, find);
}

/// Copies the memories if they are compared.
fn copy_all<T: 'static>(store: &mut StoreContextMut<'_, T>, find: Find<T>) {
    let Some(log) = find(store.data_mut()).filter(|log| log.compares()) else { return };
    log.copies.clear();
    for memory in log.memories.clone() {
        let (bytes, data) = memory.data_and_store_mut(&mut *store);
        if let Some(log) = find(data) {
            log.copy(memory, bytes);
        }
    }
}

/// Begins the start of an instance.
pub(crate) fn begin_start<T: 'static>(mut store: StoreContextMut<'_, T>, find: Find<T>) {
    let fuel = store.get_fuel().ok();
    if let Some(log) = find(store.data_mut()) {
        if let Some(fuel) = fuel.filter(|_| log.is_metered()) {
            log.fuel(fuel);
        }
        log.begin_start();
    }
}

/// Ends the start of an instance.
pub(crate) fn end_start<T: 'static>(
    mut store: StoreContextMut<'_, T>,
    find: Find<T>,
    result: &Result<()>,
    instance: Option<Instance>,
) {
    if let (Some(instance), Some(log)) = (instance, find(store.data_mut())) {
        let (memories, globals) = (log.memory_names().to_vec(), log.global_names().to_vec());
        let memories = memories.iter().filter_map(|name| instance.get_memory(&mut store, name));
        let memories = memories.collect();
        let globals = globals.iter().filter_map(|name| instance.get_global(&mut store, name));
        let globals = globals.collect();
        if let Some(log) = find(store.data_mut()) {
            log.set_items(memories, globals);
        }
    }
    leave_guest(&mut store, find);
    if let Some(log) = find(store.data_mut()) {
        log.end_start(result);
    }
}

/// Appends what the host did since the last call.
pub(crate) fn catch_up<T: 'static>(mut store: StoreContextMut<'_, T>, find: Find<T>) {
    flush(&mut store, find);
    Log::read_globals(&mut store, find, true);
    copy_all(&mut store, find);
}

/// Notes that the host writes to a range of a memory.
#[inline]
pub(crate) fn wrote<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    memory: Memory,
    address: usize,
    len: usize,
) {
    let Some(find) = finder::<T>() else { return };
    let Some(log) = find(store.data_mut()) else { return };
    if log.wrote(memory, address, len) {
        return;
    }
    flush(store, find);
    if let Some(log) = find(store.data_mut()) {
        let _ = log.wrote(memory, address, len);
    }
}

/// Notes that the host may change any byte of a memory.
#[inline]
pub(crate) fn exposed<T: 'static>(store: &mut StoreContextMut<'_, T>, memory: Memory) {
    let Some(find) = finder::<T>() else { return };
    let (bytes, data) = memory.data_and_store_mut(store);
    if let Some(log) = find(data) {
        log.copy(memory, bytes);
    }
}

/// Notes that the host grew a memory.
pub(crate) fn grew<T: 'static>(store: &mut StoreContextMut<'_, T>, memory: Memory, pages: u64) {
    let Some(find) = finder::<T>() else { return };
    if find(store.data_mut()).is_none() {
        return;
    }
    if let (Some(index), Some(log)) = (index_of(store, find, memory), find(store.data_mut())) {
        log.grow(index, pages);
    }
}

/// Notes that the host changed a table.
pub(crate) fn changed_table<T: 'static>(store: &mut StoreContextMut<'_, T>) {
    end_with(store, || RecordError::Table);
}

/// Notes that the host set a global that holds a reference.
pub(crate) fn changed_global<T: 'static>(store: &mut StoreContextMut<'_, T>) {
    end_with(store, || RecordError::Global);
}

/// Notes that a function is called that may wait.
#[cfg(feature = "async")]
pub(crate) fn called_async<T: 'static>(store: &mut StoreContextMut<'_, T>) {
    end_with(store, || RecordError::Async);
}

/// Notes that the store has a second instance, of an asset.
pub(crate) fn second_instance<T: 'static>(store: &mut StoreContextMut<'_, T>, asset: &str) {
    end_with(store, || RecordError::SecondInstance { asset: asset.into() });
}

/// Ends the recording of a session, if it is recorded.
fn end_with<T: 'static>(store: &mut StoreContextMut<'_, T>, reason: impl FnOnce() -> RecordError) {
    if let Some(log) = finder::<T>().and_then(|find| find(store.data_mut())) {
        log.end_with(reason());
    }
}
