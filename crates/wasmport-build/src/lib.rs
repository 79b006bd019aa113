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
//! | `doctor` | diagnoses of a project and this machine |
//! | `scaffold` | adds wasmport to a cargo package |
//! | `disassembly` | functions as machine code beside their wasm, for inspectors |
//! | `emit-stages` | the module after each stage as text |
//! | `audit` | which artifacts were compiled by a Wasmtime that has advisories |
//! | `bundle` | signed bundles of artifacts |
//! | `oci` | registries: pushes and pulls bundles and sources, and pins files that come from there |
//! | `signing` | keys that sign |
//! | `remote` | a cache that machines share, over S3, WebDAV, Redis and HTTP |
//! | `schema` | the JSON schemas of the settings and of the documents |

#![cfg_attr(docsrs, feature(doc_cfg))]
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
#[cfg(feature = "doctor")]
pub mod doctor;
mod error;
mod fs;
mod importer;
#[cfg(feature = "compiler")]
pub mod inspector;
pub mod interface;
#[cfg(feature = "compiler")]
mod listing;
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
#[cfg(feature = "scaffold")]
mod scaffold;
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
#[cfg(feature = "compiler")]
#[doc(hidden)]
pub use importer::write_file;
pub use importer::{Importer, configure};
#[cfg(all(feature = "schema", feature = "compiler"))]
pub use listing::listing_schema;
#[cfg(feature = "compiler")]
pub use listing::{ListState, ListSummary, ListedAsset, Listing};
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
#[cfg(all(feature = "schema", feature = "compiler"))]
pub use run::plan_schema;
#[cfg(feature = "compiler")]
pub use run::{
    Cleaned, Expanded, ImportPlan, KeptFile, PlanSummary, PlannedAction, PlannedAsset, Progress,
    RemovedFile, WrapperOrigin,
};
#[cfg(feature = "scaffold")]
pub use scaffold::{ByHand, FileAction, Scaffold, ScaffoldFile, ScaffoldOptions, add_to_package};
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
