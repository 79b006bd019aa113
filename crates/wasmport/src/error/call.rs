//! `CallError`: errors of calls, of sessions and of Wasmtime.

/// An error of a call: a session's [`Error`](crate::Error), or Wasmtime's, which wrappers return.
pub trait CallError: sealed::Sealed {
    /// Returns Wasmtime's error, if there is one.
    #[doc(hidden)]
    fn wasmtime_error(&self) -> Option<&wasmtime::Error>;
}

impl CallError for crate::Error {
    fn wasmtime_error(&self) -> Option<&wasmtime::Error> {
        self.wasmtime()
    }
}

impl CallError for wasmtime::Error {
    fn wasmtime_error(&self) -> Option<&wasmtime::Error> {
        Some(self)
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for crate::Error {}
    impl Sealed for wasmtime::Error {}
}
