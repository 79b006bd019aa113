//! `Session`: its state and its accessors.

use super::data::SessionData;
use super::generation::Running;
use super::rejected::Rejected;
use crate::asset::AnyAsset;
use crate::error::{Callee, Error};
use crate::exit::Exit;
use crate::limits::{Deadlines, EpochTimer, call_error};
use crate::runtime::{Loaded, Runtime};
use crate::typed::take_exception;
use std::any::Any;
use std::sync::Arc;
use wasmtime::{AsContextMut as _, Instance, Store, Trap, WasmBacktrace};

/// Whether a session accepts calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ready,
    /// An earlier call failed before it returned.
    Poisoned,
    /// The guest has exited.
    Exited(Exit),
}

/// A store with one instance of an asset. Each wrapper has a session type of its own around this, with
/// a method for each export; assets without a wrapper use [`Session::of`].
///
/// [`Limits`](crate::Limits) bound the guest: memories and tables always, fuel and time if the engine
/// meters them and a limit is set, there or here. After a failed call the session rejects further
/// calls, and so it does when the guest has [exited](Exit).
pub struct Session<T: 'static, W = Instance> {
    pub(super) store: Store<SessionData<T>>,
    pub(super) wrapper: W,
    pub(super) asset: Arc<AnyAsset>,
    pub(super) status: Status,
    /// The message of the error that poisoned it.
    pub(super) cause: Option<String>,
    pub(super) most_frames: usize,
    /// Deadlines of calls, if there are any.
    pub(super) deadlines: Option<Arc<Deadlines>>,
    /// Timer, if the engine checks epochs.
    pub(super) timer: Option<Arc<EpochTimer>>,
    /// The fuel of a new session, if the engine meters it.
    pub(super) fuel: Option<u64>,
    /// Keeps the code in its runtime, so that it is not loaded again meanwhile.
    _code: Arc<dyn Any + Send + Sync>,
    /// Its slot, if one started it. Fields drop in this order: when the slot counts it as ended, its memory is free.
    running: Option<Running>,
}

impl<T: 'static, W> Session<T, W> {
    pub(super) fn from_parts<C: Send + Sync + 'static>(
        loaded: &Loaded<C>,
        store: Store<SessionData<T>>,
        wrapper: W,
        deadlines: Option<Arc<Deadlines>>,
    ) -> Self {
        let asset = Arc::clone(loaded.shared_asset());
        let timer = loaded.runtime().timer().cloned();
        let most_frames = loaded.runtime().options().backtrace_frames;
        let status = Status::Ready;
        let code = Arc::<C>::clone(loaded.shared_code());
        let runtime = loaded.runtime();
        let is_metered = runtime.config().fuel;
        let fuel = is_metered.then(|| runtime.limits().fuel.unwrap_or(u64::MAX));
        let cause = None;
        Self {
            store,
            wrapper,
            asset,
            status,
            cause,
            most_frames,
            deadlines,
            timer,
            fuel,
            _code: code,
            running: None,
        }
    }

    /// Counts it in its slot.
    pub(super) fn counted(self, running: Option<Running>) -> Self {
        Self { running, ..self }
    }

    /// Names a call of `function`, for errors.
    pub(super) fn callee<'a>(&'a self, function: Option<&'a str>) -> Callee<'a> {
        Callee { asset: self.asset.name(), function, most_frames: self.most_frames }
    }

    /// Returns the error of a call that does not begin, because of an earlier one.
    #[cold]
    pub(super) fn rejected(&self) -> Error {
        let asset = self.asset.name().into();
        match self.status {
            Status::Exited(exit) => Error::Exited { asset, code: exit.code() },
            Status::Ready | Status::Poisoned => {
                Error::Poisoned { asset, cause: self.cause.clone() }
            }
        }
    }

    /// Returns the wrapper and the store at once.
    pub fn parts(&mut self) -> (&W, &mut Store<SessionData<T>>) {
        (&self.wrapper, &mut self.store)
    }

    /// Returns the wrapper, whose methods take a store.
    pub fn wrapper(&self) -> &W {
        &self.wrapper
    }

    /// Returns the program's data.
    pub fn data(&self) -> &T {
        self.store.data().get()
    }

    /// Returns the program's data for writing.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut().get_mut()
    }

    /// Returns the store.
    pub fn store_mut(&mut self) -> &mut Store<SessionData<T>> {
        &mut self.store
    }

    /// Returns the number of its code in the [`Slot`](crate::Slot) that it is from; none if it is from no slot.
    pub fn generation(&self) -> Option<u64> {
        self.running.as_ref().map(Running::generation)
    }

    /// Ends the session, and returns the program's data.
    pub fn into_data(self) -> T {
        let Self { store, running, .. } = self;
        let data = store.into_data().into_inner();
        drop(running);
        data
    }

    /// Returns the asset.
    pub fn asset(&self) -> &AnyAsset {
        &self.asset
    }

    /// Returns whether an earlier call failed before it returned, or the guest has exited.
    pub fn is_poisoned(&self) -> bool {
        self.status != Status::Ready
    }
}

/// Names the start of a session, for errors.
pub(super) fn start_of<'a>(runtime: &Runtime, asset: &'a AnyAsset) -> Callee<'a> {
    let most_frames = runtime.options().backtrace_frames;
    Callee { asset: asset.name(), function: None, most_frames }
}

/// Returns the error of a failed call, and the status that it leaves the session in. After an exception
/// the guest can continue: it is the guest's own way to end a call. It can also continue if it returned
/// and the host rejects the result, or if it was not called.
#[cold]
pub(super) fn call_failed<T: 'static>(
    callee: Callee<'_>,
    store: &mut Store<SessionData<T>>,
    error: wasmtime::Error,
) -> (Error, Status) {
    let limit = store.data().bounds().reached();
    let error = match take_exception(&mut store.as_context_mut(), error) {
        Ok(exception) => {
            return (callee.call_error(limit, callee.with_frames(exception)), Status::Ready);
        }
        Err(error) => error,
    };
    let error = match Rejected::unmark(store.data(), error) {
        Ok(error) => return (callee.call_error(limit, error), Status::Ready),
        Err(error) => error,
    };
    if let Some(exit) = exit_of(&error) {
        let error = Error::Exited { asset: callee.asset.to_owned(), code: exit.code() };
        return (error, Status::Exited(exit));
    }
    let goes_on = store.data().reenters() && is_of_arguments(&error);
    let status = if goes_on { Status::Ready } else { Status::Poisoned };
    (call_error(callee, limit, error), status)
}

/// Returns the error of a session that does not start.
#[cold]
pub(super) fn start_failed<T: 'static>(
    callee: Callee<'_>,
    store: &mut Store<SessionData<T>>,
    error: wasmtime::Error,
) -> Error {
    if let Some(limit) = store.data().bounds().refused(&error) {
        return Error::Limit { asset: callee.asset.to_owned(), limit, source: error };
    }
    #[cfg(feature = "snapshot")]
    let error = match snapshot_failed(callee, store, error) {
        Ok(own) => return own,
        Err(error) => error,
    };
    let error = match Error::from(error) {
        Error::Wasm(error) => error,
        // A folder or variable that the program passes on: no guest is to blame.
        own @ (Error::Preopen { .. } | Error::Environment { .. }) => return own,
        // A session that cannot be recorded.
        #[cfg(feature = "replay")]
        own @ Error::Record { .. } => return own,
        own => own.into(),
    };
    call_failed(callee, store, error).0
}

/// Returns the error of a session that does not start from its snapshot, or the error as it is.
#[cfg(feature = "snapshot")]
fn snapshot_failed<T: 'static>(
    callee: Callee<'_>,
    store: &Store<SessionData<T>>,
    error: wasmtime::Error,
) -> Result<Error, wasmtime::Error> {
    use crate::error::SnapshotError;
    let asset = callee.asset.to_owned();
    let limit = store.data().bounds().reached();
    Ok(match (error.downcast::<SnapshotError>()?, limit) {
        (source @ SnapshotError::Growth { .. }, Some(limit)) => {
            Error::Limit { asset, limit, source: source.into() }
        }
        (source, _) => Error::Snapshot { asset, source },
    })
}

/// Returns whether Wasmtime refused the arguments of a component's function before it called the guest: a
/// handle of another store, or one that was dropped or given away. Wasmtime has no type for these errors.
fn is_of_arguments(error: &wasmtime::Error) -> bool {
    const REFUSED: [&str; 4] = [
        "mismatched resource types",
        "unknown handle index ",
        "host-owned resource is being used with the wrong type",
        "cannot remove owned resource while borrowed",
    ];
    let ran = error.is::<WasmBacktrace>() || error.is::<Trap>();
    let reason = error.root_cause().to_string();
    !ran && REFUSED.iter().any(|refused| reason.starts_with(refused))
}

/// Returns the exit code of a guest that ended a call by exiting.
pub(crate) fn exit_of(error: &wasmtime::Error) -> Option<Exit> {
    // Components exit through Wasmtime's own functions.
    #[cfg(feature = "wasi")]
    if let Some(exit) = crate::wasi::exit_of(error) {
        return Some(exit);
    }
    error.downcast_ref().copied()
}
