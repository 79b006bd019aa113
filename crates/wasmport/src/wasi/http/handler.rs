//! `HttpHandler`: the wrappers of components that answer requests.

use super::bindings::http::types::{IncomingRequest, ResponseOutparam};
use crate::wrapper::Wrapper;
use wasmtime::component::Resource;
use wasmtime::{Result, Store};

/// The wrapper of a component that exports `wasi:http/incoming-handler`, as those of `wasi:http/proxy` do.
#[diagnostic::on_unimplemented(
    message = "the component of `{Self}` answers no HTTP requests",
    note = "the wrapper of a component that exports `wasi:http/incoming-handler` 0.2 implements `HttpHandler`"
)]
pub trait HttpHandler: Wrapper + Send + Sync + 'static {
    /// Calls the guest's `handle`.
    ///
    /// # Errors
    ///
    /// Fails if the guest traps.
    fn handle<T: Send + 'static>(
        &self,
        store: &mut Store<T>,
        request: Resource<IncomingRequest>,
        response: Resource<ResponseOutparam>,
    ) -> impl Future<Output = Result<()>> + Send;
}
