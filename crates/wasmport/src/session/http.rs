//! HTTP in the linkers of sessions, and sessions that answer requests.

use super::data::SessionData;
use super::state::Session;
use crate::error::{Error, Result};
use crate::wasi::Wasi;
use crate::wasi::http::bindings::http::types::Scheme;
use crate::wasi::http::{Body, Error as HttpError, HttpHandler, Outcome, Request, Response, limit};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::{IncomingRequest, ResponseOutparam};
use wasmtime_wasi_http::{WasiBody, WasiHttpCtxView, WasiHttpView, p2};

impl<T: Send + 'static> WasiHttpView for SessionData<T> {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.wasi().http()
    }
}

/// HTTP for sessions of components.
impl Wasi {
    /// Defines `wasi:http` in `linker`, beside the interfaces of
    /// [`add_to_component_linker_async`](Self::add_to_component_linker_async).
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    pub fn add_http_to_component_linker<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        p2::add_only_http_to_linker_async(linker)
    }
}

impl<T: Send + 'static, W: HttpHandler> Session<T, W> {
    /// Passes a request to the guest, and returns its answer as soon as the guest has set it.
    ///
    /// The body of the request is read when the guest reads it, and the guest writes the answer's while it is
    /// read. The session goes on in a task of Tokio until the guest has returned, and ends. If the returned
    /// future is dropped, it ends at once.
    ///
    /// The request needs a host, in its address or the header `Host`. The guest sees the scheme of the
    /// address, `http` if there is none.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::call_async`], with [`Error::HttpRefused`] if the guest sets an error for an answer,
    /// and with [`Error::NoHttpResponse`] if it sets none. A guest that fails later ends the body with its
    /// error.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime with time and I/O enabled.
    pub async fn handle_http<B>(self, request: Request<B>) -> Result<Response<Body>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<HttpError>,
    {
        handle(self, |session| session, request).await
    }
}

/// The function that errors name.
const HANDLE: &str = "wasi:http/incoming-handler#handle";

/// Passes a request to the session of `owner`, which it keeps until the guest has returned.
pub(crate) async fn handle<O, T, W, B>(
    mut owner: O,
    session_of: fn(&mut O) -> &mut Session<T, W>,
    request: Request<B>,
) -> Result<Response<Body>>
where
    O: Send + 'static,
    T: Send + 'static,
    W: HttpHandler,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<HttpError>,
{
    let session = session_of(&mut owner);
    let asset = session.asset().name().to_string();
    let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    let call = Call::new(session, request)?;
    let (bytes, answer) = (call.bytes, call.answer);
    let (request, out) = (call.request, call.out);
    let (sender, outcome) = oneshot::channel();
    let task = Task(Some(tokio::spawn(async move {
        // Declared first and dropped last, also after a panic: whoever sees the end of the body finds the
        // outcome.
        let mut owner = owner;
        let sender = sender;
        let session = session_of(&mut owner);
        let called = session.call_export_async(Some(HANDLE), async move |wrapper, store| {
            wrapper.handle(store, request, out).await
        });
        let _ = sender.send(called.await);
    })));
    match answer.await {
        Ok(Ok(answer)) => {
            task.detach();
            let body =
                |body| Body::new(limit(body, bytes, HttpError::HttpResponseBodySize), outcome);
            Ok(answer.map(body))
        }
        Ok(Err(code)) => Err(Error::HttpRefused { asset, source: code.into() }),
        // The guest has dropped its end, or its store is gone.
        Err(_) => Err(task.failure(outcome).await.unwrap_or(Error::NoHttpResponse { asset })),
    }
}

type Answer = std::result::Result<Response<WasiBody>, crate::wasi::http::ErrorCode>;

/// The arguments of a call, and the ends that the host keeps.
struct Call {
    request: Resource<IncomingRequest>,
    out: Resource<ResponseOutparam>,
    answer: oneshot::Receiver<Answer>,
    /// The most bytes in a body.
    bytes: Option<u64>,
}

impl Call {
    fn new<T: Send + 'static, W>(
        session: &mut Session<T, W>,
        request: Request<WasiBody>,
    ) -> Result<Self> {
        let scheme = match request.uri().scheme_str() {
            None | Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some(other) => Scheme::Other(other.into()),
        };
        let data = session.store_mut().data_mut();
        let bytes = data.wasi().http_body_bytes();
        let request = request.map(|body| limit(body, bytes, HttpError::HttpRequestBodySize));
        let mut http = data.http();
        let request = http.new_incoming_request(scheme, request)?;
        let (sender, answer) = oneshot::channel();
        let out = http.new_response_outparam(sender)?;
        Ok(Self { request, out, answer, bytes })
    }
}

/// A guest that answers. Ends it when it is dropped, unless it was detached.
struct Task(Option<JoinHandle<()>>);

impl Task {
    /// Lets the guest go on.
    fn detach(mut self) {
        drop(self.0.take());
    }

    /// Waits for the end of a guest that has not answered; returns its error.
    async fn failure(mut self, outcome: Outcome) -> Option<Error> {
        if let Some(task) = &mut self.0
            && let Err(error) = task.await
        {
            resume_panic(error);
        }
        outcome.await.ok().and_then(Result::err)
    }
}

/// Continues a panic of a host function in this task.
fn resume_panic(error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
