//! WASI 0.2 and 0.3: the implementations of the interfaces that components import.

mod audited;
mod clocks;
#[cfg(feature = "vfs")]
pub(crate) mod files;
mod io;
mod sockets;

#[cfg(feature = "async")]
pub(crate) use audited::IoTable;
pub(crate) use audited::{Audited, Audits};
pub(crate) use clocks::{Clocks, ClocksView};
pub(crate) use io::{Io, IoView};
#[cfg(feature = "async")]
pub(crate) use sockets::add_to_linker_async as add_sockets_to_linker_async;
pub(crate) use sockets::{OwnSockets, SocketsView, add_to_linker as add_sockets_to_linker};
