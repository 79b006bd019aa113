//! `Session`: a store with one instance and its wrapper.

#[cfg(all(feature = "wasi", feature = "component-model"))]
mod audit;
mod begin;
mod call;
mod data;
mod generation;
#[cfg(feature = "wasi-http")]
mod http;
mod imports;
mod limits;
mod linker;
mod named;
mod pre;
#[cfg_attr(not(feature = "replay"), path = "record_off.rs")]
mod record;
mod rejected;
#[cfg(feature = "async")]
mod slice;
#[cfg(feature = "snapshot")]
mod snapshot;
mod start;
mod state;
mod stubs;
mod typed;
#[cfg(feature = "wasi")]
mod wasi;

pub use data::SessionData;
pub(crate) use generation::{Generation, Generations, Running};
#[cfg(feature = "wasi-http")]
pub(crate) use http::handle as handle_http;
pub use linker::SessionLinker;
pub(crate) use named::exit_code;
pub use pre::SessionPre;
pub(crate) use rejected::Rejected;
#[cfg(feature = "async")]
pub use slice::Slice;
#[cfg(feature = "async")]
pub(crate) use slice::SliceTimer;
pub use state::Session;
#[cfg(feature = "component-model")]
pub(crate) use state::exit_of;
pub use stubs::Stubs;
pub use typed::{LinkedOnce, LinkedSession, TypedSession};
