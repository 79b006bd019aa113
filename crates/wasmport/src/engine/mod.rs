//! The engine contract: every setting on which importer and running program must match.
//!
//! It has three types, because a difference means something else for each:
//! [`EngineConfig`] must be *equal* on both sides, [`RequiredFeatures`] must be a *subset* of the
//! program's features, and [`RuntimeOptions`] are *free*.

mod back_end;
mod config;
mod config_error;
mod cpu;
mod features;
mod limits;
mod misfit;
mod mismatch;
mod natural;
mod options;
mod pooling;
mod target;
mod version;
mod wasmtime_config;

pub use back_end::BackEnd;
pub use config::{Collector, EngineConfig, Inlining, Knob, OptLevel, RegallocAlgorithm};
pub(crate) use config_error::ConfigError;
pub(crate) use cpu::this_cpu_has;
pub use features::{RequiredFeatures, WasmFeature};
pub use limits::{LimitReached, Limits};
pub use misfit::PoolingMisfit;
pub use mismatch::Mismatch;
pub use options::{Kept, LoadWay, Profiler, RuntimeOptions};
pub use pooling::Pooling;
pub use target::{Target, TargetError};
pub(crate) use version::major;
pub use version::{NoWasmtimeVersion, WasmtimeVersion, wasmtime_version};
#[cfg(feature = "compile")]
pub(crate) use wasmtime_config::compile_fast;
pub(crate) use wasmtime_config::run_config;
#[cfg(feature = "compile")]
pub use wasmtime_config::{compile_config, init_config};
#[cfg(feature = "winch")]
pub(crate) use wasmtime_config::{winch_compile_config, winch_compiles, winch_config};

/// The digest of this module's sources, which decide the bytes of artifacts. For `wasmport-build`.
#[doc(hidden)]
pub const SOURCES: &str = env!("WASMPORT_ENGINE_SOURCES");
