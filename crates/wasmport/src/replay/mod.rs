//! Recordings of sessions, and their replay without the host.
//!
//! A [`Recorder`] records all that enters a guest: calls of exports, results of host functions and of WASI, and what
//! the host writes to memories. A [`Replay`] runs the same asset again from the [`Recording`] alone, also on another
//! back end, and compares what the guest does with what it did.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(feature = "compile") { return Ok(()) }
//! use wasmport::replay::{Recorder, Recording, Replay};
//! use wasmport::{DynamicAsset, EngineConfig, Runtime, Session};
//! let text = r#"(module
//!     (import "host" "ten" (func $ten (result i32)))
//!     (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (call $ten))))"#;
//! let runtime = Runtime::new(&EngineConfig::new())?;
//! let plugin = runtime.load_dynamic(&DynamicAsset::new("plugin", text))?;
//!
//! let recorder = Recorder::new();
//! let recorded = plugin.with_runtime(&runtime.with_recorder(&recorder));
//! let mut session = Session::of(&recorded, (), |linker, _| {
//!     Recorder::func(linker, "host", "ten", |_: &mut wasmport::replay::Caller<'_, ()>| Ok(10))
//! })?;
//! assert_eq!(session.call_func::<i32, i32>("add", 3)?, 13);
//! let bytes = session.recording()?.as_bytes().to_vec();
//!
//! // Later, on another machine, without the host.
//! let recording = Recording::from_bytes(bytes)?;
//! let report = Replay::new(&plugin, &recording)?.run()?;
//! assert_eq!(report.calls, 1);
//! # Ok(())
//! # }
//! ```
//!
//! The engine must be [deterministic](crate::EngineConfig::deterministic). Core modules are recorded whose imports are
//! functions of numbers, defined with a wrapper, with [`Recorder::func`] or by [`Wasi`](crate::wasi::Wasi); all else is refused with a [`RecordError`]. While a session is recorded, its host calls
//! the guest with the wrapper's methods and writes to memories with [`GuestMemory`](crate::GuestMemory):
//! a slice of the whole memory is compared before and after. [`Recorder::compare_memory`] finds what other ways write.
//! The recording of a session that does what cannot be recorded ends, and
//! [`Session::recording`](crate::Session::recording) says why.

mod define;
mod player;
mod run;
#[cfg(test)]
#[cfg(feature = "compile")]
mod tests;

pub use crate::error::{RecordError, RecordingError, ReplayDifference as Difference, ReplayError};
pub use crate::record::{AtLimit, Recorder, Recording};
pub use define::Caller;
pub use run::{Replay, ReplayEnd, ReplayReport};
