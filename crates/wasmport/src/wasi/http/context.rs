//! `HttpContext`: the part of a `WasiCtx` about HTTP.

use super::body::limit;
use super::grant::Grant;
use http::Request;
use http_body_util::BodyExt as _;
use std::future::ready;
use std::sync::Arc;
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    default_send_request,
};

/// The state of `wasi:http` in one store.
pub(crate) struct HttpContext {
    context: WasiHttpCtx,
    hooks: Hooks,
}

impl HttpContext {
    pub(in crate::wasi) fn new(grant: Grant) -> Self {
        Self { context: WasiHttpCtx::new(), hooks: Hooks::new(grant) }
    }

    /// Returns what Wasmtime's functions use.
    pub(in crate::wasi) fn view<'a>(
        &'a mut self,
        table: &'a mut ResourceTable,
    ) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { hooks: &mut self.hooks, table, ctx: &mut self.context }
    }

    /// Returns the most bytes in a body.
    pub(crate) fn body_bytes(&self) -> Option<u64> {
        self.hooks.grant.body_bytes
    }
}

/// Sends the requests that are allowed.
struct Hooks {
    grant: Grant,
    /// Permits for requests at once.
    requests: Arc<Semaphore>,
}

impl Hooks {
    fn new(grant: Grant) -> Self {
        let requests = grant.requests().min(Semaphore::MAX_PERMITS);
        Self { grant, requests: Arc::new(Semaphore::new(requests)) }
    }
}

/// The rest of a connection, which has to be polled for the answer's body.
type Connection = Box<dyn Future<Output = Result<(), Error>> + Send>;

type Answer = (http::Response<WasiBody>, Connection);

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Connection,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        if !self.grant.allows(request.uri()) {
            return Box::new(ready(Err(Error::HttpRequestDenied)));
        }
        let Ok(permit) = Arc::clone(&self.requests).try_acquire_owned() else {
            return Box::new(ready(Err(Error::ConnectionLimitReached)));
        };
        let options = self.grant.timeouts(options);
        let bytes = self.grant.body_bytes;
        let request = request.map(|body| limit(body, bytes, Error::HttpRequestBodySize));
        Box::new(async move {
            let (answer, connection) = default_send_request(request, options).await?;
            let answer =
                answer.map(|body| limit(body.boxed_unsync(), bytes, Error::HttpResponseBodySize));
            let connection = async move {
                let ended = connection.await;
                drop(permit);
                ended
            };
            Ok((answer, Box::new(connection) as Connection))
        })
    }
}
