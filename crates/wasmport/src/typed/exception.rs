//! `Exception`: an exception that ended a call.

use std::fmt;
use wasmtime::{
    AsContextMut, Error, ExnRef, OwnedRooted, Result, Rooted, StoreContextMut, Tag,
    ThrownException, Val,
};

/// An exception that the guest did not catch: the error of a session's call.
///
/// [`TypedTag::catch`](crate::TypedTag::catch) returns its values if it has that tag. Methods of a
/// wrapper can be called by other guest code, so they leave the exception in the store for that
/// code; their error is Wasmtime's [`ThrownException`].
#[derive(Clone)]
pub struct Exception(OwnedRooted<ExnRef>);

impl Exception {
    /// Returns Wasmtime's exception object, rooted in `store`.
    ///
    /// # Errors
    ///
    /// Fails if it belongs to another store.
    pub fn object(&self, store: impl AsContextMut) -> Rooted<ExnRef> {
        self.0.to_rooted(store)
    }

    /// Returns the tag that it was thrown with.
    ///
    /// # Errors
    ///
    /// Fails if it belongs to another store.
    pub fn tag(&self, mut store: impl AsContextMut) -> Result<Tag> {
        self.object(&mut store).tag(&mut store)
    }

    /// Returns the values that it carries.
    ///
    /// # Errors
    ///
    /// Fails if it belongs to another store.
    pub fn values(&self, mut store: impl AsContextMut) -> Result<Vec<Val>> {
        let object = self.object(&mut store);
        Ok(object.fields(&mut store)?.collect())
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exception")
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest threw an exception that it did not catch")
    }
}

impl std::error::Error for Exception {}

/// Moves the exception that ended a call from the store into the error.
#[cold]
pub(crate) fn take_exception<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    error: Error,
) -> Error {
    if !error.is::<ThrownException>() {
        return error;
    }
    let exception = store.take_pending_exception();
    match exception.map(|exception| exception.to_owned_rooted(&mut *store)) {
        // `context` keeps the backtrace of the error.
        Some(Ok(exception)) => error.context(Exception(exception)),
        _ => error,
    }
}
