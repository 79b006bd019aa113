//! Errors of Wasmtime and of the engine's configuration as errors of the runtime.

use super::Error;
use crate::engine::ConfigError;

impl From<wasmtime::Error> for Error {
    /// Returns the `Error` itself if Wasmtime's error is one and nothing else, else wraps Wasmtime's with
    /// its frames and causes.
    fn from(error: wasmtime::Error) -> Self {
        let is_own = error.chain().next().is_some_and(|cause| cause.is::<Self>());
        if is_own { error.downcast().unwrap_or_else(Self::Wasm) } else { Self::Wasm(error) }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::MissingFeature { what, feature } => Self::MissingFeature { what, feature },
            ConfigError::Pooling(misfits) => Self::Pooling { asset: None, misfits, source: None },
            ConfigError::Wasmtime(source) => Self::Engine { source },
        }
    }
}
