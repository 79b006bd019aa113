//! `Wasi`: the system of a guest that imports [WASI](https://wasi.dev).
//!
//! A [`Wasi`] describes it, and links preview 1, which core modules import as `wasi_snapshot_preview1`,
//! preview 2 of components, and with the cargo features `wasi-p3` and `wasi-http` preview 3 and HTTP.
//!
//! Clocks, waits, randomness, virtual files and devices, streams of the program and virtual networks are
//! implemented here. For real files, the operating system's network and all other interfaces the
//! implementation is Wasmtime's, the crate `wasmtime-wasi`.

mod audit;
mod builder;
#[cfg(feature = "component-model")]
mod components;
mod ctx;
#[cfg(feature = "vfs")]
mod files;
#[cfg(test)]
#[cfg(feature = "compile")]
mod guest_tests;
#[cfg(feature = "wasi-http")]
pub mod http;
mod interest;
mod network;
#[cfg(feature = "wasi-p3")]
pub mod p3;
mod policy;
mod poll;
mod preview1;
mod random;
#[cfg(feature = "wasi-http")]
mod requests;
mod sources;
mod stdio;
mod stream;
#[cfg(test)]
#[cfg(feature = "component-model")]
mod tests;
mod time;

pub use audit::{AuditEntry, AuditLog, AuditedCall, Capability, Denied, Verdict};
pub use builder::Wasi;
#[cfg(all(feature = "vfs", feature = "wasi-p3"))]
pub(crate) use components::files::p3 as files_p3;
#[cfg(all(feature = "vfs", feature = "component-model"))]
pub(crate) use components::files::{FilesImpl, FilesView, p2 as files_p2};
#[cfg(feature = "component-model")]
pub(crate) use components::{
    Audited, Audits, Clocks, ClocksView, Io, IoView, OwnSockets, SocketsView, add_sockets_to_linker,
};
#[cfg(all(feature = "component-model", feature = "async"))]
pub(crate) use components::{IoTable, add_sockets_to_linker_async};
pub use ctx::WasiCtx;
pub(crate) use ctx::exit_of;
pub use network::{AddressFilter, AddressRule, RuleError};
#[cfg(feature = "component-model")]
pub use network::{
    NetworkLimits, SocketError, Sockets, TcpConnection, TcpSocket, UdpSocket, VirtualNetwork,
};
pub use policy::{
    ClockPolicy, FolderPolicy, HttpPolicy, InputPolicy, NetworkPolicy, OutputPolicy, Policy,
    RandomPolicy,
};
pub use random::Random;
pub use stdio::{Capture, Lines, OutputFn};
pub use stream::{InputFn, InputReader, PipeReader, PipeWriter, Terminal, TerminalSize, pipe};
pub use time::{Clock, ManualClock, ScaledClock, SystemClock};
pub use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
/// Wasmtime's generated code for the interfaces of preview 2, for components whose own interfaces use
/// their types.
#[cfg(feature = "component-model")]
pub use wasmtime_wasi::p2::bindings;
/// The purpose of an address, for [`Wasi::socket_addr_check`].
pub use wasmtime_wasi::sockets::SocketAddrUse;
