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

/// Returns whether `error` is that of an exception which guest code of this store did not catch. The
/// error of an exception in another store, passed on by a host function, ends guest code like a trap.
#[cold]
pub(crate) fn is_exception<T: 'static>(store: &StoreContextMut<'_, T>, error: &Error) -> bool {
    error.is::<ThrownException>() && store.has_pending_exception()
}

/// Moves the exception that ended a call from the store into the error.
///
/// # Errors
///
/// Fails with the error as it is if no exception of this store ended the call.
#[cold]
pub(crate) fn take_exception<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    error: Error,
) -> Result<Error> {
    if !is_exception(store, &error) {
        return Err(error);
    }
    let exception = store.take_pending_exception();
    match exception.map(|exception| exception.to_owned_rooted(&mut *store)) {
        // `context` keeps the backtrace of the error.
        Some(Ok(exception)) => Ok(error.context(Exception(exception))),
        _ => Err(error),
    }
}
