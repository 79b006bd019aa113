//! `Wasi`: the system of a guest that imports [WASI](https://wasi.dev).
//!
//! The implementation is Wasmtime's, the crate `wasmtime-wasi`; a [`Wasi`] configures it. It serves
//! preview 1, which core modules import as `wasi_snapshot_preview1`, preview 2 of components, and with
//! the cargo features `wasi-p3` and `wasi-http` preview 3 and HTTP.

mod builder;
mod clock;
#[cfg(feature = "component-model")]
mod clocks;
mod ctx;
#[cfg(feature = "wasi-http")]
pub mod http;
#[cfg(feature = "wasi-p3")]
pub mod p3;
mod poll;
mod preview1;
#[cfg(feature = "wasi-http")]
mod requests;
#[cfg(feature = "wasi-p3")]
mod sleeps;
mod stdio;
#[cfg(all(test, feature = "component-model"))]
mod tests;
mod waits;

pub use builder::Wasi;
pub use clock::ManualClock;
#[cfg(feature = "component-model")]
pub(crate) use clocks::{Clocks, ClocksView};
pub use ctx::WasiCtx;
pub(crate) use ctx::exit_of;
pub use stdio::{Capture, Lines};
#[cfg(feature = "component-model")]
pub(crate) use waits::{Polls, PollsView};
pub use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
/// Wasmtime's generated code for the interfaces of preview 2, for components whose own interfaces use
/// their types.
#[cfg(feature = "component-model")]
pub use wasmtime_wasi::p2::bindings;
/// The purpose of an address, for [`Wasi::socket_addr_check`].
pub use wasmtime_wasi::sockets::SocketAddrUse;
