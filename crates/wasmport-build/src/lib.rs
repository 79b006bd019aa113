//! Imports WebAssembly files at build time: precompiled artifacts and typed Rust wrappers.
//!
//! In a `build.rs`:
//!
//! ```no_run
//! # #[cfg(feature = "compiler")]
//! fn main() -> Result<(), wasmport_build::Error> {
//!     wasmport_build::import("assets")
//! }
//! # #[cfg(not(feature = "compiler"))]
//! # fn main() {}
//! ```
//!
//! and in the program `mod assets { wasmport::include_assets!(); }`.
//!
//! Without the default feature `compiler` the crate contains no compiler; [`verify`] then checks and
//! includes what `cargo wasmport import` has made before.
//!
//! Compiling wasm in an unoptimized build script is slow: set
//! `[profile.dev.build-override] opt-level = 2` in the project's `Cargo.toml`.

#![cfg_attr(not(feature = "compiler"), allow(dead_code, reason = "checking alone needs less"))]

#[cfg(feature = "compiler")]
mod bounds;
mod build_script;
mod check;
#[cfg(feature = "compiler")]
mod codegen;
#[cfg(feature = "compiler")]
mod compile;
#[cfg(feature = "compiler")]
mod component;
mod digests;
mod discover;
mod error;
#[cfg(feature = "compiler")]
mod features;
mod files;
mod freshness;
mod fs;
mod importer;
#[cfg(feature = "compiler")]
mod inspect;
pub mod interface;
mod lock;
mod manifest;
mod names;
#[cfg(feature = "compiler")]
mod pack;
#[cfg(feature = "compiler")]
mod pipeline;
mod read;
mod report;
#[cfg(feature = "compiler")]
mod reproduce;
#[cfg(feature = "compiler")]
mod run;
#[cfg(feature = "compiler")]
mod schedule;
mod settings;
#[cfg(feature = "compiler")]
mod stages;
mod state;
#[cfg(feature = "compiler")]
mod store;
#[cfg(feature = "compiler")]
mod tool;
#[cfg(feature = "compiler")]
mod validate;

pub use error::{AssetError, Error, Stage};
pub use importer::{Importer, configure};
#[cfg(feature = "compiler")]
pub use inspect::{Inspection, inspect};
pub use lock::LockMode;
pub use report::{ArtifactReport, AssetReport, Kind, Report, StageReport, Status};
#[cfg(feature = "compiler")]
pub use run::Progress;
pub use settings::{
    AssetExplanation, AssetSettings, CacheSettings, Convention, Explanation, ExternKind, FastMath,
    ImportLimits, LegacyExceptions, Optimize, OptimizeLevel, Origin, Passes, Policy, Preinit,
    Setting, Settings, SettingsError, Symlinks, Tool, Tools, Transform, Visibility,
};
#[cfg(feature = "schema")]
pub use report::report_schema;
#[cfg(feature = "schema")]
pub use settings::settings_schema;
#[cfg(feature = "compiler")]
pub use stages::Pass;
#[cfg(feature = "compiler")]
pub use store::{CacheFolder, CacheStats, Removed, Verified};
pub use wasmport::EngineConfig;
pub use wasmport::engine::{RequiredFeatures, Target, WasmFeature};

/// The version of this crate, part of everything that it generates.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// In `build.rs`: imports the assets below `root` for the target of the build. All else is as in the
/// package's `wasmport.toml`, where there is one.
///
/// # Errors
///
/// [`Error::Failed`] with every asset that failed; `main` may return it.
#[cfg(feature = "compiler")]
pub fn import(root: impl Into<std::path::PathBuf>) -> Result<(), Error> {
    // Cargo runs build scripts in the folder of their package.
    let mut settings = Settings::of_project(std::path::Path::new(""))?;
    settings.roots = vec![root.into()];
    Importer::new(settings).import().map(drop)
}

/// In `build.rs`: checks that what `cargo wasmport import` has made belongs to the assets, and includes
/// it. Reads the same `wasmport.toml`, where there is one. Needs no compiler.
///
/// # Errors
///
/// [`Error::Stale`] with every asset whose output does not belong to its source any more, or cannot
/// run on the target of the build.
pub fn verify() -> Result<(), Error> {
    // Cargo runs build scripts in the folder of their package.
    let settings = Settings::of_project(std::path::Path::new(""))?;
    Importer::new(settings).verify().map(drop)
}

/// The code of the guide, run against the golden wrappers.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/guide.md")]
pub struct Guide;

/// The code of the chapter on wrappers.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/wrappers.md")]
pub struct Wrappers;

/// The code of the chapter on limits.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/limits.md")]
pub struct Limits;

/// The code of the chapter on WASI.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/wasi.md")]
pub struct Wasi;

/// The code of the chapter on components.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/components.md")]
pub struct Components;

/// The code of the chapter on stages.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/stages.md")]
pub struct Stages;

/// The code of the chapter on services.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/services.md")]
pub struct Services;

/// The code of the chapter on observability.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/observability.md")]
pub struct Observability;

/// The code of the chapter on the lock file.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/lock.md")]
pub struct LockFile;

/// The code of the chapter on signatures.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/signatures.md")]
pub struct Signatures;
