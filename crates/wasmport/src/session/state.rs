//! `Session`: its state and its accessors.

use super::data::SessionData;
use super::rejected::Rejected;
use crate::asset::AnyAsset;
use crate::error::Error;
use crate::exit::Exit;
use crate::limits::{Deadlines, EpochTimer, limit_error};
use crate::runtime::Loaded;
use crate::typed::take_exception;
use std::sync::Arc;
use wasmtime::{AsContextMut as _, Instance, Store};

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
    /// Deadlines of calls, if there are any.
    pub(super) deadlines: Option<Arc<Deadlines>>,
    /// Timer, if the engine checks epochs.
    pub(super) timer: Option<Arc<EpochTimer>>,
}

impl<T: 'static, W> Session<T, W> {
    pub(super) fn from_parts<C>(
        loaded: &Loaded<C>,
        store: Store<SessionData<T>>,
        wrapper: W,
        deadlines: Option<Arc<Deadlines>>,
    ) -> Self {
        let asset = Arc::clone(loaded.shared_asset());
        let timer = loaded.runtime().timer().cloned();
        Self { store, wrapper, asset, status: Status::Ready, deadlines, timer }
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

    /// Ends the session, and returns the program's data.
    pub fn into_data(self) -> T {
        self.store.into_data().into_inner()
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

/// Returns the error of a failed call, and the status that it leaves the session in. After an exception
/// the guest can continue: it is the guest's own way to end a call. It can also continue if it returned
/// and the host rejects the result.
#[cold]
pub(super) fn call_failed<T: 'static>(
    asset: &AnyAsset,
    store: &mut Store<T>,
    error: wasmtime::Error,
) -> (wasmtime::Error, Status) {
    let error = match take_exception(&mut store.as_context_mut(), error) {
        Ok(exception) => return (exception, Status::Ready),
        Err(error) => error,
    };
    let error = match Rejected::unmark(store.data(), error) {
        Ok(error) => return (error, Status::Ready),
        Err(error) => error,
    };
    if let Some(exit) = exit_of(&error) {
        let status = Status::Exited(exit);
        return (rejected(asset, status), status);
    }
    (limit_error(asset, error), Status::Poisoned)
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

/// Returns the error of a call that the session rejects.
#[cold]
pub(super) fn rejected(asset: &AnyAsset, status: Status) -> wasmtime::Error {
    let asset = asset.name().into();
    wasmtime::Error::new(match status {
        Status::Exited(exit) => Error::Exited { asset, code: exit.code() },
        Status::Ready | Status::Poisoned => Error::Poisoned { asset },
    })
}
