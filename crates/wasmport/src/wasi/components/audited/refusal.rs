//! The errors of WASI for calls that the audit denies.

use super::Denied;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as FileError;
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode as NetworkError;
use wasmtime_wasi::p2::{FsError, SocketError, StreamError};

/// An error for a call that is denied.
pub(super) trait Refusal {
    fn refusal(denied: Denied) -> Self;
}

/// Returns the error for a call that is denied.
pub(super) fn refused<E: Refusal>(denied: Denied) -> E {
    E::refusal(denied)
}

/// The refusal of a function that cannot fail: it ends the guest.
impl Refusal for wasmtime::Error {
    fn refusal(denied: Denied) -> Self {
        denied.into()
    }
}

impl Refusal for FsError {
    fn refusal(_: Denied) -> Self {
        FileError::NotPermitted.into()
    }
}

impl Refusal for SocketError {
    fn refusal(_: Denied) -> Self {
        NetworkError::AccessDenied.into()
    }
}

impl Refusal for StreamError {
    fn refusal(denied: Denied) -> Self {
        // A guest can hold a million of these errors: without the subject, which can be 4 KiB.
        Self::LastOperationFailed(Denied { subject: None, ..denied }.into())
    }
}
