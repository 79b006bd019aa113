//! `WasiCtx`: the part of a `Wasi` that belongs to one store.

use super::clock::ManualClock;
#[cfg(feature = "wasi-http")]
use super::http::{Grant, HttpContext};
#[cfg(feature = "wasi-p3")]
use super::sleeps::Sleeps;
use crate::exit::Exit;
use std::fmt;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

/// Descriptors, streams and clocks of one store, built by a [`Wasi`](super::Wasi). A part of the
/// store's data.
pub struct WasiCtx {
    pub(super) preview1: WasiP1Ctx,
    clock: Option<ManualClock>,
    #[cfg(feature = "wasi-p3")]
    sleeps: Sleeps,
    #[cfg(feature = "wasi-http")]
    http: HttpContext,
}

impl WasiCtx {
    pub(super) fn new(preview1: WasiP1Ctx, clock: Option<ManualClock>) -> Self {
        Self {
            preview1,
            clock,
            #[cfg(feature = "wasi-p3")]
            sleeps: Sleeps::default(),
            #[cfg(feature = "wasi-http")]
            http: HttpContext::new(Grant::default()),
        }
    }

    /// Returns the part of it that components share.
    #[cfg(feature = "component-model")]
    pub(crate) fn preview_2(&mut self) -> wasmtime_wasi::WasiCtxView<'_> {
        wasmtime_wasi::WasiView::ctx(&mut self.preview1)
    }

    #[cfg(feature = "wasi-http")]
    pub(super) fn with_http(self, grant: Grant) -> Self {
        Self { http: HttpContext::new(grant), ..self }
    }

    /// Returns the part of it that `wasi:http` uses.
    #[cfg(feature = "wasi-http")]
    pub(crate) fn http(&mut self) -> wasmtime_wasi_http::WasiHttpCtxView<'_> {
        self.http.view(wasmtime_wasi::WasiView::ctx(&mut self.preview1).table)
    }

    /// Returns the most bytes in a body of HTTP.
    #[cfg(feature = "wasi-http")]
    pub(crate) fn http_body_bytes(&self) -> Option<u64> {
        self.http.body_bytes()
    }

    pub(super) fn clock(&self) -> Option<&ManualClock> {
        self.clock.as_ref()
    }

    #[cfg(feature = "wasi-p3")]
    pub(super) fn sleeps(&self) -> &Sleeps {
        &self.sleeps
    }
}

/// The context of an empty [`Wasi`](super::Wasi).
impl Default for WasiCtx {
    fn default() -> Self {
        Self::new(WasiCtxBuilder::new().build_p1(), None)
    }
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Returns the exit code in an error of Wasmtime's own `exit`, which components call.
pub(crate) fn exit_of(error: &wasmtime::Error) -> Option<Exit> {
    error.downcast_ref::<wasmtime_wasi::I32Exit>().map(|exit| Exit::new(exit.0))
}
