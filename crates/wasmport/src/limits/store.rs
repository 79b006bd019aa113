//! Limits in a store: no deadline, and the errors of calls that exceeded one.

use crate::asset::AnyAsset;
use crate::error::Error;
use wasmtime::{Store, Trap};

/// Removes the deadline of a store's calls. A new store of Wasmtime's has one that has expired.
pub(crate) fn disable_deadline<T: 'static>(store: &mut Store<T>) {
    store.epoch_deadline_trap();
    // Far away, but an epoch added to it does not overflow.
    store.set_epoch_deadline(u64::MAX >> 1);
}

/// Converts the error of a failed call: exceeded limits become an [`Error`].
#[cold]
pub(crate) fn limit_error(asset: &AnyAsset, error: wasmtime::Error) -> wasmtime::Error {
    // It may be the error of another session, called by a host function.
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
