//! `HttpContext`: the part of a `WasiCtx` about HTTP.

use super::body::limit;
use super::grant::Grant;
use crate::wasi::audit::Auditor;
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

    /// Audits the requests.
    pub(in crate::wasi) fn audit(&mut self, auditor: Auditor) {
        self.hooks.auditor = Some(auditor);
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
    auditor: Option<Auditor>,
    /// Permits for requests at once.
    requests: Arc<Semaphore>,
}

impl Hooks {
    fn new(grant: Grant) -> Self {
        let requests = grant.requests().min(Semaphore::MAX_PERMITS);
        Self { grant, auditor: None, requests: Arc::new(Semaphore::new(requests)) }
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
        let permits = |auditor: &Auditor| auditor.permits_request(&request.uri().to_string());
        // The audit first: it learns what a guest asks for before the program grants it.
        if !self.auditor.as_ref().is_none_or(permits) || !self.grant.allows(request.uri()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::audit::{AuditLog, Hook};
    use http_body_util::Empty;
    use wasmtime_wasi::runtime::in_tokio;

    #[test]
    fn a_request_that_no_grant_allows_is_seen_and_denied() {
        let log = AuditLog::new();
        let hook: Hook = Arc::new(log.hook());
        let mut hooks = Hooks::new(Grant::default());
        hooks.auditor = Some(Auditor::new(&hook, []));
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get("http://example.com/a").body(body).unwrap();
        let sent = hooks.send_request(request, None, Box::new(ready(Ok(()))));
        let sent = in_tokio(Box::into_pin(sent));
        assert!(matches!(sent, Err(Error::HttpRequestDenied)));
        let subjects: Vec<_> = log.entries().into_iter().filter_map(|call| call.subject).collect();
        assert_eq!(subjects, ["http://example.com/a"]);
    }
}
