//! Exceptions without the feature `gc`: no guest can throw.

use wasmtime::{Error, Result, StoreContextMut};

/// Returns that `error` is not that of an exception.
pub(crate) fn is_exception<T: 'static>(_: &StoreContextMut<'_, T>, _: &Error) -> bool {
    false
}

/// Fails with the error as it is.
pub(crate) fn take_exception<T: 'static>(
    _: &mut StoreContextMut<'_, T>,
    error: Error,
) -> Result<Error> {
    Err(error)
}
