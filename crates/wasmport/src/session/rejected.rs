//! `Rejected`: marks the errors of calls whose guest returned before the host rejected the result.

use crate::error::Error;
use std::fmt;
use std::ptr;
use wasmtime::{StoreContext, WasmBacktrace};

/// The context of an error that ended no guest code: the guest returned, but its result breaks the
/// signature.
///
/// The error alone does not show that. The same error of a host function ends the guest code that called
/// it, and it may come from another store. So the mark names the store, and no error has one that passes
/// through guest code.
#[derive(Debug)]
pub(crate) struct Rejected {
    /// Address of the store's data, which does not move.
    store: usize,
}

impl Rejected {
    /// Marks the error of a call that the guest returned from, unless it is a call of a host function:
    /// there the error ends the guest code that called the host.
    #[cold]
    pub fn mark<T: 'static>(store: StoreContext<'_, T>, error: wasmtime::Error) -> wasmtime::Error {
        let address = address(store.data());
        if WasmBacktrace::force_capture(store).frames().is_empty() {
            error.context(Self { store: address })
        } else {
            error
        }
    }

    /// Returns the error without the mark of the store with this data.
    ///
    /// # Errors
    ///
    /// Fails with the error as it is if it has no such mark.
    pub fn unmark<T>(data: &T, error: wasmtime::Error) -> wasmtime::Result<wasmtime::Error> {
        match error.downcast_ref::<Self>() {
            Some(mark) if mark.store == address(data) => {
                Ok(error.downcast::<Error>().map_or_else(|error| error, wasmtime::Error::new))
            }
            _ => Err(error),
        }
    }
}

fn address<T>(data: &T) -> usize {
    ptr::from_ref(data).addr()
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest returned, but broke the signature")
    }
}

impl std::error::Error for Rejected {}
