//! `Overview`: everything that is known of the assets of a project, or of single files, for people who inspect them.

mod artifacts;
mod asset;
#[cfg(feature = "disassembly")]
mod code;
mod functions;
mod items;
mod links;
mod nesting;
mod wrapper;

pub use artifacts::ArtifactOverview;
#[cfg(feature = "disassembly")]
pub use code::{CodeLine, CodeView, MachineCode, MachineLine};
pub use items::{ExportOverview, ImportOverview, Provider};

use crate::asset::{AssetError, Kind};
use crate::contents::Capability;
use crate::error::Error;
use crate::fs;
use crate::project::discover::{AssetFile, discover};
use crate::project::manifest::Manifest;
use crate::report::{AssetReport, Report, StageReport, Status};
use crate::settings::Settings;
use crate::sizes::Sizes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::engine::{Target, wasmtime_version};
use wasmport::{Digest, EngineConfig};

/// The largest number of imports and of exports that are listed for an asset.
pub const MOST_ITEMS: usize = 2000;

/// The largest number of functions that the sizes of an asset's files list, the same in all of them; the rest is counted.
pub const MOST_FUNCTIONS: usize = 10_000;

/// Choices for an [`Overview`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OverviewOptions {
    /// Show this function's machine code beside its wasm: its name, or its index; in a component
    /// `MODULE:INDEX`. It needs the module for the target `source`.
    #[cfg(feature = "disassembly")]
    pub code: Option<String>,
    /// Leave the target `source` out of the artifacts: it was compiled to know the module after all stages.
    pub hide_source: bool,
}

impl OverviewOptions {
    /// Sets the function whose code is shown.
    #[cfg(feature = "disassembly")]
    #[must_use]
    pub fn with_code(self, code: Option<String>) -> Self {
        Self { code, ..self }
    }

    /// Leaves the target `source` out of the artifacts.
    #[must_use]
    pub fn without_source(self) -> Self {
        Self { hide_source: true, ..self }
    }
}

/// The assets of a project, or single files, with the contract of their engine.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Overview {
    /// The version of the importer.
    pub wasmport: &'static str,
    /// The version of Wasmtime in this importer.
    pub wasmtime: &'static str,
    /// This machine at its baseline.
    pub host: Target,
    /// The engine settings that importer and program share.
    pub engine: Vec<EngineSetting>,
    /// The assets, in the order of their sources.
    pub assets: Vec<AssetOverview>,
    /// The interfaces of code that arrives while the program runs.
    pub interfaces: Vec<AssetOverview>,
    /// Warnings about the run as a whole and its assets.
    pub warnings: Vec<String>,
}

/// A setting of the engine.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EngineSetting {
    /// The name, as methods of [`EngineConfig`] have it.
    pub name: &'static str,
    /// The value.
    pub value: String,
    /// Whether it is the default.
    pub is_default: bool,
}

/// One asset, interface or file.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AssetOverview {
    /// The name.
    pub name: String,
    /// The source file below its root.
    pub source: String,
    /// The kind of WebAssembly.
    pub kind: Kind,
    /// The result of the import or of the check.
    pub status: Status,
    /// The reason why it is stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
    /// The reason why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The length of the source file in bytes.
    pub bytes: u64,
    /// The digest of the source file's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<Digest>,
    /// The exact version of Wasmtime that compiled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled_by: Option<String>,
    /// The wasm features that it uses.
    pub features: Vec<&'static str>,
    /// The cargo features of the `wasmport` crate that its wrapper needs.
    pub needs: Vec<&'static str>,
    /// The parts of the system that it wants and a [`Wasi`](https://wasi.dev) of the program grants or refuses.
    pub capabilities: Vec<Capability>,
    /// The imports, at most [`MOST_ITEMS`].
    pub imports: Vec<ImportOverview>,
    /// The number of further imports.
    pub more_imports: usize,
    /// The exports, at most [`MOST_ITEMS`].
    pub exports: Vec<ExportOverview>,
    /// The number of further exports.
    pub more_exports: usize,
    /// The sizes of the source file as a binary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    /// The sizes of the module after all stages, if it is there for the target `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_sizes: Option<Sizes>,
    /// The artifacts.
    pub artifacts: Vec<ArtifactOverview>,
    /// The stages of this run in order, with the sizes before and after each.
    pub stages: Vec<StageReport>,
    /// The function that was chosen, as wasm and as machine code.
    #[cfg(feature = "disassembly")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeView>,
    /// Reasons why parts of this overview are missing.
    pub notes: Vec<String>,
}

impl AssetOverview {
    /// Describes a file that cannot be read: nothing but the error is known.
    #[must_use]
    pub fn of_failure(path: &Path, error: &AssetError) -> Self {
        let failure = (path.display().to_string(), error.clone());
        Self::of_report(&AssetReport::of_failure(&failure))
    }

    fn of_report(report: &AssetReport) -> Self {
        Self {
            name: report.name.clone(),
            source: report.source.clone(),
            kind: report.kind,
            status: report.status,
            stale: report.stale.clone(),
            error: report.error.as_ref().map(ToString::to_string),
            bytes: 0,
            blake3: None,
            compiled_by: None,
            features: Vec::new(),
            needs: Vec::new(),
            capabilities: Vec::new(),
            imports: Vec::new(),
            more_imports: 0,
            exports: Vec::new(),
            more_exports: 0,
            sizes: None,
            final_sizes: None,
            artifacts: Vec::new(),
            stages: report.stages.clone(),
            #[cfg(feature = "disassembly")]
            code: None,
            notes: Vec::new(),
        }
    }
}

/// Describes the assets that the settings select, as the output folder has them. `report` is that of the import that
/// wrote the folder, or of a check.
///
/// # Errors
///
/// Fails with [`Error::Settings`] if the settings contradict each other, and with [`Error::File`] if the manifest
/// cannot be read. What cannot be known of an asset is in its [`notes`](AssetOverview::notes).
pub(crate) fn overview(
    settings: &Settings,
    report: &Report,
    options: &OverviewOptions,
) -> Result<Overview, Error> {
    let discovered = discover(settings)?;
    let manifest = Manifest::read(&settings.out_dir)?;
    let files: BTreeMap<&str, &AssetFile> =
        discovered.assets.iter().map(|file| (file.source.as_str(), file)).collect();
    let context = asset::Context { settings, manifest: &manifest, options };
    let (mut assets, mut interfaces) = (Vec::new(), Vec::new());
    let mut warnings = report.warnings.clone();
    for report in &report.assets {
        // The files of modules are no asset.
        if report.name == "mod.rs" {
            let why = report.stale.as_ref().filter(|_| !manifest.tree.is_empty());
            warnings.extend(why.map(|why| format!("`mod.rs`: {why}")));
            continue;
        }
        let file = files.get(report.source.as_str());
        let overview = match file {
            Some(file) => context.overview(file, report),
            // Its source was removed, or its place cannot be searched.
            None => AssetOverview::of_report(report),
        };
        let entry = manifest.assets.get(&report.name);
        let is_interface = match file {
            Some(file) => file.is_interface(),
            None => entry.is_some_and(|entry| entry.is_interface),
        };
        if is_interface { &mut interfaces } else { &mut assets }.push(overview);
    }
    links::find(&mut assets);
    let engine = if manifest.assets.is_empty() { settings.engine } else { manifest.engine };
    Ok(Overview {
        wasmport: crate::version::VERSION,
        wasmtime: wasmtime_version(),
        host: Target::host(),
        engine: engine_settings(&engine),
        assets,
        interfaces,
        warnings,
    })
}

fn engine_settings(engine: &EngineConfig) -> Vec<EngineSetting> {
    let defaults = EngineConfig::new().knobs();
    let pairs = engine.knobs().into_iter().zip(defaults);
    let setting = |(own, default): (wasmport::engine::Knob, wasmport::engine::Knob)| {
        EngineSetting { name: own.name, is_default: own.value == default.value, value: own.value }
    };
    pairs.map(setting).collect()
}

/// Writes a page atomically.
///
/// # Errors
///
/// Fails with [`Error::File`] if the file or its folder cannot be written.
pub fn write_page(path: &Path, page: &str) -> Result<(), Error> {
    fs::write_atomically(path, page.as_bytes())
}

/// A folder for the outputs of an import of which only the overview is wanted. It is removed when it is dropped.
#[derive(Debug)]
pub struct TemporaryOutput(tempfile::TempDir);

impl TemporaryOutput {
    /// Creates the folder.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the folder cannot be created.
    pub fn new() -> Result<Self, Error> {
        fs::temporary_folder().map(Self)
    }

    /// Returns the path of the output folder in it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path().join("out")
    }
}
