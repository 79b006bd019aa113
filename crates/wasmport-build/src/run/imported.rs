//! `Imported`: the result of one asset, as a helper process sends it.

use super::lifeline::Lifeline;
use crate::asset::{AssetError, Kind, Stage};
use crate::panics::catch_panic;
use crate::pipeline::{
    AssetContext, ImportContext, Output, Outputs, StageLog, import_asset, import_interface,
};
use crate::project::discover::AssetFile;
use crate::project::manifest::{ArtifactEntry, Entry};
use crate::report::{AssetReport, StageReport, Status};
use crate::run::plan::Plan;
use serde::{Deserialize, Serialize};
use wasmport::engine::Target;

/// The result of importing one asset.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Imported {
    pub kind: Kind,
    pub result: Result<Done, AssetError>,
    pub stages: Vec<StageReport>,
    pub warnings: Vec<String>,
    /// The targets without an artifact, if the run does not compile.
    pub missing: Vec<Target>,
}

/// The work that was done for an asset.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Done {
    /// Its outputs were written.
    Imported(Box<Entry>),
    /// These artifacts of a part are in the cache.
    Compiled(Vec<ArtifactEntry>),
}

impl Imported {
    /// Creates the result of an asset whose kind is unknown.
    pub fn failed(error: AssetError) -> Self {
        Self {
            kind: Kind::Module,
            result: Err(error),
            stages: Vec::new(),
            warnings: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Reports the asset, and returns its entry if it was imported.
    pub fn report(self, file: &AssetFile) -> (AssetReport, Option<Entry>) {
        let Self { kind, result, stages, warnings, missing } = self;
        let (report, entry) = match result {
            Ok(Done::Imported(entry)) => {
                (entry.report(&file.name(), Status::Imported), Some(*entry))
            }
            Ok(Done::Compiled(artifacts)) => {
                let report = AssetReport::new(&file.source, &file.name(), Status::Compiled);
                let artifacts = artifacts.iter().map(ArtifactEntry::report).collect();
                (AssetReport { artifacts, ..report }, None)
            }
            Err(error) => (file.failed(kind, error), None),
        };
        (AssetReport { kind, stages, warnings, missing, ..report }.at(&file.path), entry)
    }
}

/// Imports one asset, compares it with the lock file, and writes its outputs; of a part, compiles it alone.
pub(super) fn import_and_write(
    plan: &Plan<'_>,
    import: &ImportContext<'_>,
    file: &AssetFile,
) -> Imported {
    let previous = plan
        .freshness
        .full()
        .ok()
        .and_then(|full| full.assets.get(&file.name()))
        .map(|entry| &**entry);
    let asset = context(plan, import, file, previous).with_part(plan.part_of(file));
    let result = without_panic(file, || write(plan, file, &asset));
    let StageLog { kind, stages, warnings, missing } = asset.into_log();
    Imported { kind, result, stages, warnings, missing }
}

/// Runs the stages of one asset, and writes nothing.
///
/// # Errors
///
/// Fails with the error of the first stage that fails.
pub(super) fn outputs(
    plan: &Plan<'_>,
    import: &ImportContext<'_>,
    file: &AssetFile,
) -> Result<Output, AssetError> {
    let asset = context(plan, import, file, None);
    without_panic(file, || output(file, &asset))
}

fn context<'a>(
    plan: &Plan<'_>,
    import: &'a ImportContext<'a>,
    file: &'a AssetFile,
    previous: Option<&'a Entry>,
) -> AssetContext<'a> {
    let settings_key = plan.freshness.settings_key(file);
    let deciding = plan.freshness.deciding(file);
    AssetContext::new(import, file, settings_key, deciding, previous)
}

fn without_panic<T>(
    file: &AssetFile,
    work: impl FnOnce() -> Result<T, AssetError>,
) -> Result<T, AssetError> {
    catch_panic(work).unwrap_or_else(|panic| {
        Err(AssetError::new(&file.path, Stage::Validate, format!("panicked: {panic}"))
            .kind(crate::asset::AssetErrorKind::Internal)
            .help("report it to wasmport with the file"))
    })
}

fn output(file: &AssetFile, asset: &AssetContext<'_>) -> Result<Output, AssetError> {
    if file.is_interface() { import_interface(asset) } else { import_asset(asset) }
}

fn write(plan: &Plan<'_>, file: &AssetFile, asset: &AssetContext<'_>) -> Result<Done, AssetError> {
    let Outputs { entry, files } = match output(file, asset)? {
        Output::Part(artifacts) => return Ok(Done::Compiled(artifacts)),
        Output::Complete(outputs) => *outputs,
    };
    if plan.settings.reproduce {
        return Ok(Done::Imported(Box::new(entry)));
    }
    if let Some(lock) = &plan.lock {
        lock.check_entry(file, &entry, plan.settings)?;
    }
    let is_alive = || plan.lifeline.iter().for_each(Lifeline::check);
    let written = files.write(&plan.settings.out_dir, is_alive);
    written.map_err(|e| asset.error(Stage::Write, e.to_string()))?;
    Ok(Done::Imported(Box::new(entry)))
}
