//! The engine contract: everything on which the importer and the running program must agree.
//!
//! Three types, kept apart because they differ in what happens when they change:
//! [`EngineConfig`] must be *equal* on both sides, [`RequiredFeatures`] must be a *subset* of what
//! the program has, and [`RuntimeOptions`] are *free*.

mod back_end;
mod choice;
pub(crate) mod compat;
mod config;
mod cpu;
mod features;
mod options;
mod pooling;
mod refusal;
mod target;
mod version;
mod wasmtime_config;

pub use back_end::BackEnd;
pub use choice::Choice;
pub use compat::Mismatch;
pub use config::{Collector, EngineConfig, Inlining, Knob, OptLevel};
pub use features::{RequiredFeatures, WasmFeature};
pub use options::{Limits, LoadWay, Profiler, RuntimeOptions};
pub use pooling::{Pooling, PoolingMisfit};
pub(crate) use refusal::{new_engine, refused};
pub use target::{Target, TargetError};
pub use version::wasmtime_version;
#[cfg(feature = "compile")]
pub use wasmtime_config::{compile_config, init_config};

/// The digest of this module's sources, which decide the bytes of artifacts. For `wasmport-build`.
#[doc(hidden)]
pub const SOURCES: &str = env!("WASMPORT_ENGINE_SOURCES");
