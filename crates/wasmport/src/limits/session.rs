//! What sessions have of all this: their fuel, their time, their groups.

use super::{Alarm, Group, Watch};
use crate::session::SessionData;
use crate::typed::surface;
use crate::{Asset, Error, Result, Session};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{AsContextMut as _, Store, Trap};

/// Fuel and time. Both need engine settings, because code that counts fuel or checks epochs is compiled
/// for it: `fuel` and `epoch-interruption` under `[engine]`.
impl<T: 'static, W> Session<T, W> {
    /// The fuel that is left. Most instructions take 1.
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`] where the engine counts none.
    pub fn fuel(&self) -> Result<u64> {
        self.store.get_fuel().map_err(|_| NO_FUEL)
    }

    /// Sets the fuel that is left. A guest that has none ends with [`Error::OutOfFuel`].
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`] where the engine counts none.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.store.set_fuel(fuel).map_err(|_| NO_FUEL)
    }

    /// Adds to the fuel that is left.
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`] where the engine counts none.
    pub fn add_fuel(&mut self, fuel: u64) -> Result<()> {
        self.set_fuel(self.fuel()?.saturating_add(fuel))
    }

    /// How long each call may run; nothing where there is no limit.
    pub fn time_limit(&self) -> Option<Duration> {
        self.watch.as_ref().and_then(|watch| watch.limit)
    }

    /// Bounds how long each call through this session may run: a guest that runs longer ends with
    /// [`Error::TimedOut`] at its next loop or call. A host function is not ended, but its time counts.
    /// The time in which an `async` call waits or is suspended does not.
    ///
    /// Calls made with [`store_mut`](Self::store_mut) or [`parts`](Self::parts) have no limit.
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`] where the engine does not check epochs.
    pub fn set_time_limit(&mut self, limit: Option<Duration>) -> Result<()> {
        self.change_watch(|watch| watch.limit = limit).map(drop)
    }

    /// Puts the session into a group: its calls end when the group's do. It stays there, and may join
    /// others besides.
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`] where the engine does not check epochs.
    pub fn join(&mut self, group: &Group) -> Result<()> {
        self.change_watch(|watch| watch.join(group)).map(drop)
    }

    /// Watches calls otherwise from now on; what looks after the time.
    pub(super) fn change_watch(&mut self, change: impl FnOnce(&mut Watch)) -> Result<Arc<Alarm>> {
        let alarm = self.alarm.as_ref().ok_or(NO_EPOCHS)?;
        let mut watch = match self.watch.take() {
            Some(watch) => Watch::clone(&watch),
            None => Watch::new(&self.asset, alarm, None),
        };
        change(&mut watch);
        if watch.is_empty() {
            unbound(&mut self.store);
        } else {
            let watch = Arc::new(watch);
            watch.install(&mut self.store);
            self.watch = Some(watch);
        }
        Ok(Arc::clone(alarm))
    }
}

const NO_FUEL: Error = Error::NotMetered { knob: "fuel" };
const NO_EPOCHS: Error = Error::NotMetered { knob: "epoch_interruption" };

/// A store's calls have no limit of time.
pub(crate) fn unbound<T: 'static>(store: &mut Store<T>) {
    store.epoch_deadline_trap();
    // Far, and not so far that an epoch added to it overflows.
    store.set_epoch_deadline(u64::MAX >> 1);
}

/// The error of a call that failed: an exception out of the store, and what ended it as ours.
#[cold]
pub(crate) fn ended(
    asset: &Asset,
    store: &mut Store<SessionData<impl Sized + 'static>>,
    error: wasmtime::Error,
) -> wasmtime::Error {
    let error = surface(&mut store.as_context_mut(), error);
    // One of ours may be that of another session, called by a host function.
    if error.is::<Error>() {
        return error;
    }
    let asset = || asset.name().to_owned();
    match error.downcast_ref() {
        Some(Trap::OutOfFuel) => error.context(Error::OutOfFuel { asset: asset() }),
        Some(Trap::Interrupt) => error.context(Error::Interrupted { asset: asset() }),
        _ => error,
    }
}
