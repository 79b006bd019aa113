//! Bodies: the one of a guest's answer, and limits of all.

use crate::error::{Error, Result};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt as _, Limited};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

/// Limits the bytes of a body; a longer one ends with `error` of the limit.
pub(crate) fn limit(
    body: WasiBody,
    bytes: Option<u64>,
    error: fn(Option<u64>) -> HttpError,
) -> WasiBody {
    let Some(bytes) = bytes else { return body };
    let limited = Limited::new(body, usize::try_from(bytes).unwrap_or(usize::MAX));
    let or_its_own = move |source: Box<dyn std::error::Error + Send + Sync>| {
        source.downcast::<HttpError>().map_or_else(|_| error(Some(bytes)), |own| *own)
    };
    limited.map_err(or_its_own).boxed_unsync()
}

/// The end of the guest that writes a body.
pub(crate) type Outcome = oneshot::Receiver<Result<()>>;

/// The body of a guest's answer, which the guest writes while it is read.
///
/// It ends with an error if the guest fails before the end, so that no half answer is taken for a whole one.
pub struct Body {
    body: WasiBody,
    /// The end of the guest, until it is known.
    outcome: Option<Outcome>,
}

impl Body {
    pub(crate) fn new(body: WasiBody, outcome: Outcome) -> Self {
        Self { body, outcome: Some(outcome) }
    }

    /// Returns the error of the guest, if it has failed. The session sends it before its store and the
    /// other end of the body are dropped.
    fn failure(&mut self) -> Option<Error> {
        match self.outcome.as_mut()?.try_recv() {
            Ok(outcome) => {
                self.outcome = None;
                outcome.err()
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Closed) => {
                self.outcome = None;
                Some(Error::Wasm(HttpError::HttpResponseIncomplete.into()))
            }
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(context).map(|frame| match frame {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => {
                Some(Err(self.failure().unwrap_or_else(|| Error::Wasm(error.into()))))
            }
            None => self.failure().map(Err),
        })
    }

    // No `is_end_stream`: a body that seems to have ended may have been cut off.

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
