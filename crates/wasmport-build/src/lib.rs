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
//! and in the program `mod assets { ::wasmport::include_assets!(); }`.
//!
//! Without the default feature `compiler` the crate contains no compiler: [`check`] checks and includes the
//! output of `cargo wasmport import`.
//!
//! # Cargo features
//!
//! | feature | effect |
//! |---|---|
//! | `compiler` (default) | imports; without it, the crate only checks |
//! | `all-targets` | code generators for machines of other architectures |
//! | `preinit` | initialization at import time, with Wizer and WASI |
//! | `emit-stages` | the module after each stage as text |
//! | `audit` | which artifacts were compiled by a Wasmtime that has advisories |
//! | `bundle` | signed bundles of artifacts |
//! | `oci` | registries: pushes and pulls bundles and sources, and pins files that come from there |
//! | `signing` | keys that sign |
//! | `remote` | a cache that machines share, over S3, WebDAV, Redis and HTTP |
//! | `schema` | the JSON schemas of the settings and of the report |

#![cfg_attr(not(feature = "compiler"), allow(dead_code, reason = "checking alone needs less"))]

mod asset;
#[cfg(feature = "audit")]
pub mod audit;
mod build_script;
#[cfg(feature = "bundle")]
mod bundle;
#[cfg(feature = "compiler")]
mod codegen;
#[cfg(feature = "compiler")]
mod component;
#[cfg(feature = "compiler")]
pub mod contents;
#[cfg(feature = "compiler")]
pub mod diff;
mod error;
mod fs;
mod importer;
pub mod interface;
mod names;
#[cfg(feature = "compiler")]
mod panics;
mod partition;
#[cfg(feature = "compiler")]
mod pipeline;
mod project;
#[cfg(feature = "oci")]
pub mod registry;
mod report;
#[cfg(feature = "compiler")]
mod run;
mod settings;
#[cfg(feature = "signing")]
pub mod signature;
#[cfg(feature = "compiler")]
pub mod sizes;
#[cfg(feature = "compiler")]
mod store;
#[cfg(feature = "compiler")]
mod tool;
mod version;
#[cfg(feature = "compiler")]
mod wasm;
#[cfg(feature = "compiler")]
mod worker;

pub use asset::{AssetError, AssetErrorKind, Kind, Stage};
#[cfg(feature = "bundle")]
pub use bundle::{BundleOptions, Bundled, merge_bundles};
#[cfg(feature = "compiler")]
pub use codegen::GuestLanguage;
pub use error::{Error, SettingsError};
pub use importer::{Importer, configure};
pub use partition::{Partition, PartitionError};
#[cfg(feature = "compiler")]
pub use pipeline::{Inspection, has_code_generator, inspect};
#[cfg(feature = "oci")]
pub use project::pins::Pin;
#[cfg(feature = "schema")]
pub use report::report_schema;
pub use report::{
    ArtifactReport, AssetReport, MissingItem, PartReport, Report, StageReport, Status,
};
#[cfg(feature = "compiler")]
pub use run::Progress;
#[cfg(feature = "compiler")]
pub use settings::Pass;
#[cfg(feature = "schema")]
pub use settings::settings_schema;
pub use settings::{
    AssetExplanation, AssetSettings, CacheSettings, Concurrency, Convention, DebugProfile,
    Explanation, ExternKind, FastMath, Form, ImportLimits, ImportModules, LegacyExceptions,
    LockMode, Merge, Optimize, OptimizeLevel, Origin, Passes, Policy, Preinit, Preset, Profile,
    RemoteMode, RemoteSettings, Setting, Settings, Side, Symlinks, Tool, Tools, Transform,
    Visibility, common_targets, nearest_target,
};
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub use store::SimulatedImport;
#[cfg(feature = "compiler")]
pub use store::{CacheFolder, CacheStats, Removed, Verified};
pub use wasmport::EngineConfig;
pub use wasmport::engine::{RequiredFeatures, Target, WasmFeature};
#[cfg(feature = "compiler")]
pub use worker::serve_worker;

use std::path::Path;
#[cfg(feature = "compiler")]
use version::VERSION;

/// Imports the assets below `root` in a `build.rs`, for the target of the build. All other settings are
/// those of the package's `wasmport.toml`, if there is one.
///
/// # Errors
///
/// Fails with [`Error::Failed`] and every asset that failed. `main` can return it.
#[cfg(feature = "compiler")]
pub fn import(root: impl Into<std::path::PathBuf>) -> Result<(), Error> {
    // Cargo runs build scripts in the folder of their package.
    let mut settings = Settings::of_project(Path::new(""))?;
    settings.roots = vec![root.into()];
    Importer::new(settings).import().map(drop)
}

/// Checks in a `build.rs` that the output of `cargo wasmport import` belongs to the assets, and includes
/// it. The settings are those of the package's `wasmport.toml`, if there is one. It needs no compiler.
///
/// # Errors
///
/// Fails with [`Error::Stale`] and every asset whose output does not belong to its source, or cannot run on
/// the target of the build.
pub fn check() -> Result<(), Error> {
    // Cargo runs build scripts in the folder of their package.
    let settings = Settings::of_project(Path::new(""))?;
    Importer::new(settings).check().map(drop)
}

/// The code of the guide, compiled against the golden wrappers.
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

/// The code of the chapter on plug-ins.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../../../docs/plugins.md")]
pub struct Plugins;

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
