//! The start of sessions that are recorded.

use crate::asset::AnyAsset;
use crate::code::{Code, Linking};
use crate::error::{Error, RecordError, Result};
use crate::record::{
    self, Defined, Function, Header, Log, NumberType, Recorder, Recording, begin_start, end_start,
    register,
};
use crate::runtime::{Loaded, Runtime};
use crate::session::SessionData;
use crate::session::state::Session;
use std::any::Any;
use std::sync::Arc;
use wasmtime::{AsContextMut as _, ExternType, Instance, Module, Mutability, Store};

/// The functions of a linker that record their calls; none if the runtime does not record.
#[derive(Clone, Default)]
pub(in crate::session) struct Recorded(Option<Arc<Defined>>);

impl Recorded {
    /// Runs `define`, which defines functions for sessions of a runtime.
    pub fn define<T: 'static, R>(runtime: &Runtime, define: impl FnOnce() -> R) -> (R, Self) {
        if runtime.recorder().is_none() {
            return (define(), Self(None));
        }
        let _ = register::<SessionData<T>>();
        let (result, defined) = record::collect(define);
        (result, Self(Some(Arc::new(defined))))
    }
}

/// Runs the start of an instance, and records it if the runtime records.
///
/// # Errors
///
/// Fails if the start does, or the session cannot be recorded.
pub(in crate::session) fn record_start<C: Code, T: 'static>(
    loaded: &Loaded<C>,
    linking: impl FnOnce() -> Linking,
    recorded: &Recorded,
    store: &mut Store<SessionData<T>>,
    start: impl FnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<C::Instance>,
) -> wasmtime::Result<C::Instance> {
    if let Some(log) = &mut store.data_mut().log {
        log.end_with(RecordError::SecondInstance { asset: loaded.asset().name().into() });
        return start(store);
    }
    let Some(recorder) = loaded.runtime().recorder() else { return start(store) };
    let log = new_log(loaded, &linking(), recorded, recorder);
    let log = log.map_err(|reason| wasmtime::Error::new(refused(loaded.asset(), reason)))?;
    let most = usize::try_from(log.header.memory_bytes).unwrap_or(usize::MAX);
    store.data_mut().bounds_mut().watch_growth(most, &log.growth_has_failed);
    store.data_mut().log = Some(Box::new(log));
    let find = register::<SessionData<T>>();
    begin_start(store.as_context_mut(), find);
    let instance = start(store);
    let (result, instance) = match instance {
        Ok(instance) => (Ok(()), Ok(instance)),
        Err(error) => (Err(error), Err(())),
    };
    let found =
        instance.ok().and_then(|found| (&found as &dyn Any).downcast_ref::<Instance>().copied());
    end_start(store.as_context_mut(), find, &result, found);
    result.and_then(|()| instance.map_err(|()| wasmtime::Error::msg("it did not start")))
}

fn refused(asset: &AnyAsset, source: RecordError) -> Error {
    Error::Record { asset: asset.name().into(), source }
}

/// Fails if an async session would have to be recorded.
#[cfg(feature = "async")]
pub(in crate::session) fn refuse_async<C: Code>(loaded: &Loaded<C>) -> wasmtime::Result<()> {
    match loaded.runtime().recorder() {
        Some(_) => Err(wasmtime::Error::new(refused(loaded.asset(), RecordError::Async))),
        None => Ok(()),
    }
}

/// Ends the recording of a session, because an async call records nothing.
#[cfg(feature = "async")]
pub(in crate::session) fn end_for_async<T: 'static>(store: &mut Store<SessionData<T>>) {
    end_with(store, RecordError::Async);
}

/// Ends the recording of a session, because its memories share a budget from now on.
pub(in crate::session) fn end_for_budget<T: 'static>(store: &mut Store<SessionData<T>>) {
    end_with(store, RecordError::MemoryBudget);
}

fn end_with<T: 'static>(store: &mut Store<SessionData<T>>, reason: RecordError) {
    if let Some(log) = &mut store.data_mut().log {
        log.end_with(reason);
    }
}

fn new_log<C: Code>(
    loaded: &Loaded<C>,
    linking: &Linking,
    recorded: &Recorded,
    recorder: &Recorder,
) -> Result<Log, RecordError> {
    let Some(module) = (loaded.code() as &dyn Any).downcast_ref::<Module>() else {
        return Err(RecordError::Component);
    };
    let runtime = loaded.runtime();
    if !runtime.config().deterministic {
        return Err(RecordError::NotDeterministic);
    }
    if !runtime.memory_budgets().is_empty() {
        return Err(RecordError::MemoryBudget);
    }
    #[cfg(feature = "snapshot")]
    if runtime.snapshot_of(loaded.asset()).is_some() {
        return Err(RecordError::Snapshot);
    }
    let imports = imports(module, linking, recorded)?;
    let (mut memories, mut globals, mut global_types) = (Vec::new(), Vec::new(), Vec::new());
    for export in module.exports() {
        match export.ty() {
            ExternType::Memory(ty) if ty.is_shared() => {
                return Err(RecordError::SharedMemory { name: export.name().into() });
            }
            ExternType::Memory(_) => memories.push(export.name().to_owned()),
            ExternType::Global(ty) if ty.mutability() == Mutability::Var => {
                if let Some(ty) = NumberType::of(ty.content()) {
                    globals.push(export.name().to_owned());
                    global_types.push(ty);
                }
            }
            _ => {}
        }
    }
    let asset = loaded.asset();
    let (memory_bytes, table_elements) = most(runtime);
    let header = Header {
        asset: asset.name().into(),
        source: asset.source_digest(),
        engine: runtime.config().fingerprint(),
        wasmtime: crate::engine::wasmtime_version().into(),
        target: loaded.target().into(),
        is_metered: runtime.config().fuel,
        memory_bytes: memory_bytes as u64,
        table_elements: table_elements as u64,
        imports,
        memories,
        globals,
        global_types,
    };
    Ok(Log::new(recorder, header))
}

/// Returns the largest size of a memory in bytes and of a table in elements: the smaller ones of the limits and of the
/// pooling allocator.
fn most(runtime: &Runtime) -> (usize, usize) {
    let limits = runtime.limits();
    let Some(pooling) = &runtime.options().pooling else {
        return (limits.memory_bytes, limits.table_elements);
    };
    let reservation = runtime.config().memory_reservation;
    let reserved =
        reservation.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let bytes = pooling.max_memory_size.unwrap_or(reserved);
    (limits.memory_bytes.min(bytes), limits.table_elements.min(pooling.table_elements))
}

/// Describes the imports by the names of their definitions.
fn imports(
    module: &Module,
    linking: &Linking,
    Recorded(defined): &Recorded,
) -> Result<Vec<Function>, RecordError> {
    let imports = module.imports().enumerate().map(|(index, import)| {
        let (own_module, own_name) = (import.module(), import.name());
        let ExternType::Func(ty) = import.ty() else {
            let (module, name) = (own_module.into(), own_name.into());
            return Err(RecordError::ImportedValue { module, name });
        };
        let is_defined = |(module, name): &(&str, &str)| {
            let key = ((*module).to_owned(), (*name).to_owned());
            defined.as_ref().is_some_and(|defined| defined.contains(&key))
        };
        let names = linking.definition(index).into_iter().chain([(own_module, own_name)]);
        let Some((module, name)) = names.into_iter().find(is_defined) else {
            let (module, name) = (own_module.into(), own_name.into());
            return Err(RecordError::ImportedFunction { module, name });
        };
        let function = Function::new(module, name, &ty);
        function.ok_or_else(|| RecordError::Reference { name: own_name.into() })
    });
    imports.collect()
}

impl<T: 'static, W> Session<T, W> {
    /// Returns the recording of the session until now, with the digests of the guest's memories. The session goes
    /// on, and so does its recording.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Record`] if the session is not recorded, or something was not recorded that entered the
    /// guest.
    pub fn recording(&mut self) -> Result<Recording> {
        let find = register::<SessionData<T>>();
        record::catch_up(self.store.as_context_mut(), find);
        let log = self.store.data().log.as_ref().ok_or(RecordError::NotRecorded);
        let recording = log.and_then(|log| log.recording(&self.store));
        recording.map_err(|reason| refused(&self.asset, reason))
    }

    /// Returns the error of a failed call with the recording.
    #[cold]
    pub(in crate::session) fn with_recording(&mut self, error: Error) -> Error {
        let is_wanted = self.store.data().log.as_ref().is_some_and(|log| log.is_in_errors());
        if !is_wanted || !error.can_have_recording() {
            return error;
        }
        match self.recording() {
            Ok(recording) => error.with_recording(recording),
            Err(_) => error,
        }
    }
}

/// Returns the error of a session that did not start with the recording.
#[cold]
pub(in crate::session) fn start_with_recording<T: 'static>(
    store: &Store<SessionData<T>>,
    error: Error,
) -> Error {
    let log = store.data().log.as_ref().filter(|log| log.is_in_errors());
    let log = log.filter(|_| error.can_have_recording());
    match log.map(|log| log.recording(store)) {
        Some(Ok(recording)) => error.with_recording(recording),
        _ => error,
    }
}
