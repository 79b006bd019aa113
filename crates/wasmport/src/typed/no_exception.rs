//! `Exception` without the feature `gc`: no guest can throw.

use std::fmt;
use wasmtime::{Error, StoreContextMut};

/// An exception, of which there are none.
#[derive(Debug)]
pub(crate) enum Exception {}

impl fmt::Display for Exception {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Exception {}

/// Returns the error as it is.
pub(crate) fn take_exception<T: 'static>(_: &mut StoreContextMut<'_, T>, error: Error) -> Error {
    error
}
