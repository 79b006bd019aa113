//! Errors of calls with the recording of their session.

use super::recording::Recording;
use crate::error::{Attachment, Error};

impl Error {
    /// Returns the recording of the session whose call failed, if the session was [recorded](crate::replay).
    #[must_use]
    pub fn recording(&self) -> Option<&Recording> {
        self.wasmtime()?.downcast_ref::<Attachment>()?.0.downcast_ref()
    }

    /// Returns whether it is the error of a call, which can have the recording of the session.
    pub(crate) fn can_have_recording(&self) -> bool {
        match self {
            Self::Call { .. } | Self::OutOfFuel { .. } => true,
            Self::TimedOut { source, .. } | Self::Interrupted { source, .. } => source.is_some(),
            _ => false,
        }
    }

    /// Returns the same error with the recording of the session.
    pub(crate) fn with_recording(mut self, recording: Recording) -> Self {
        let source = match &mut self {
            Self::Call { source, .. } | Self::OutOfFuel { source, .. } => Some(source),
            Self::TimedOut { source, .. } | Self::Interrupted { source, .. } => source.as_mut(),
            _ => None,
        };
        if let Some(source) = source {
            let error = std::mem::replace(source, wasmtime::Error::msg("it is being changed"));
            *source = error.context(Attachment(Box::new(recording)));
        }
        self
    }
}
