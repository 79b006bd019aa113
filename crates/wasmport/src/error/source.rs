//! The causes of each error, and the guest's frames.

use super::Error;
use super::causes::cause;
use super::frames::{Callee, Frame, Frames};
use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match self {
            Self::Missing { source, .. }
            | Self::Read { source, .. }
            | Self::File { source, .. }
            | Self::Decompress { source, .. }
            | Self::Thread { source } => source,
            #[cfg(feature = "compile")]
            Self::CacheKey { source, .. } | Self::CacheWrite { source, .. } => source,
            #[cfg(feature = "follow")]
            Self::Watch { source, .. } => source,
            Self::NotMappable { source, .. } => source,
            #[cfg(feature = "bundle")]
            Self::Bundle { source, .. } => source,
            #[cfg(feature = "oci")]
            Self::Registry(source) => source,
            #[cfg(feature = "compile")]
            Self::Worker { source, .. } => source,
            #[cfg(feature = "compile")]
            Self::NotKept { source, .. } => source,
            Self::UnsafeCache { source, .. } => source,
            #[cfg(feature = "snapshot")]
            Self::Snapshot { source, .. } => source,
            #[cfg(feature = "replay")]
            Self::Record { source, .. } => source,
            Self::Value(source) => source,
            _ => return cause(self.wasmtime()?),
        })
    }
}

impl Error {
    /// Returns Wasmtime's error behind this one, if there is one.
    pub(crate) fn wasmtime(&self) -> Option<&wasmtime::Error> {
        match self {
            Self::Compile { source, .. }
            | Self::Deserialize { source, .. }
            | Self::Engine { source }
            | Self::Call { source, .. }
            | Self::Limit { source, .. }
            | Self::OutOfFuel { source, .. }
            | Self::Preopen { source, .. }
            | Self::Wasm(source) => Some(source),
            Self::Pooling { source, .. }
            | Self::TimedOut { source, .. }
            | Self::Interrupted { source, .. } => source.as_ref(),
            _ => None,
        }
    }

    /// Returns the cause of type `E`, if there is one: a [`Trap`](wasmtime::Trap), an
    /// [`Exception`](crate::Exception), the error of a host function, or the `Error` behind an
    /// [`Error::Call`].
    #[must_use]
    pub fn downcast_ref<E>(&self) -> Option<&E>
    where
        E: Debug + Display + Send + Sync + 'static,
    {
        let cause = self.wasmtime().and_then(|error| error.downcast_ref::<E>());
        cause.or_else(|| (self as &dyn Any).downcast_ref())
    }

    /// Returns whether it has a cause of type `E`.
    #[must_use]
    pub fn is<E: Debug + Display + Send + Sync + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// Returns the innermost cause, or the error itself.
    #[must_use]
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        let mut cause: &(dyn StdError + 'static) = self;
        while let Some(source) = cause.source() {
            cause = source;
        }
        cause
    }

    /// Returns the functions that were on the guest's stack when a call failed, the innermost first. Empty
    /// if no guest ran, or the [runtime captures none](crate::RuntimeOptions::backtrace_frames).
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        let Some(error) = self.wasmtime() else { return Vec::new() };
        if let Some(Frames(frames)) = error.downcast_ref() {
            return frames.clone();
        }
        let callee = Callee { asset: "unknown", function: None, most_frames: 0 };
        Frames::of(error, callee).map_or_else(Vec::new, |Frames(frames)| frames)
    }
}
