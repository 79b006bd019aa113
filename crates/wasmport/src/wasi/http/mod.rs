//! HTTP of guests: the requests that they send, and those that they answer.
//!
//! The implementation is Wasmtime's, the crate `wasmtime-wasi-http`. A [`Wasi`](super::Wasi) decides which
//! hosts a guest reaches; [`Session::handle_http`](crate::Session::handle_http) and
//! [`Pooled::handle_http`](crate::Pooled::handle_http) answer a request.

mod body;
mod context;
mod grant;
mod handler;

pub use body::Body;
pub(crate) use body::{Outcome, limit};
/// A part of a body.
pub use bytes::Bytes;
pub(crate) use context::HttpContext;
pub(super) use grant::Grant;
pub use handler::HttpHandler;
pub use http::{Request, Response, Uri};
/// The trait of bodies.
pub use http_body::Body as HttpBody;
/// The errors of a guest's requests and bodies.
pub use wasmtime_wasi_http::Error;
/// Wasmtime's generated code for `wasi:http`, for components whose own interfaces use its types, and for
/// stores of the program's own.
pub use wasmtime_wasi_http::p2::bindings;
pub use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
