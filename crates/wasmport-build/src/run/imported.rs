//! `Imported`: the result of one asset, as a helper process sends it.

use super::lifeline::Lifeline;
use crate::asset::{AssetError, Kind, Stage};
use crate::panics::catch_panic;
use crate::pipeline::{AssetContext, ImportContext, StageLog, import_asset, import_interface};
use crate::project::discover::AssetFile;
use crate::project::manifest::Entry;
use crate::report::{AssetReport, StageReport, Status};
use crate::run::plan::Plan;
use serde::{Deserialize, Serialize};

/// The result of importing one asset.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Imported {
    pub kind: Kind,
    pub result: Result<Entry, AssetError>,
    pub stages: Vec<StageReport>,
    pub warnings: Vec<String>,
}

impl Imported {
    /// Creates the result of an asset whose kind is unknown.
    pub fn failed(error: AssetError) -> Self {
        Self { kind: Kind::Module, result: Err(error), stages: Vec::new(), warnings: Vec::new() }
    }

    /// Reports the asset, and returns its entry if it was imported.
    pub fn report(self, file: &AssetFile) -> (AssetReport, Option<Entry>) {
        let Self { kind, result, stages, warnings } = self;
        let (report, entry) = match result {
            Ok(entry) => (entry.report(&file.name(), Status::Imported), Some(entry)),
            Err(error) => (file.failed(kind, error), None),
        };
        (AssetReport { kind, stages, warnings, ..report }, entry)
    }
}

/// Imports one asset, compares it with the lock file, and writes its outputs.
pub(super) fn import_and_write(
    plan: &Plan<'_>,
    import: &ImportContext<'_>,
    file: &AssetFile,
) -> Imported {
    let settings_key = plan.freshness.settings_key(file);
    let previous = plan
        .freshness
        .full()
        .ok()
        .and_then(|full| full.assets.get(&file.name()))
        .map(|entry| &**entry);
    let deciding = plan.freshness.deciding(file);
    let asset = AssetContext::new(import, file, settings_key, deciding, previous);
    let result = catch_panic(|| write(plan, file, &asset)).unwrap_or_else(|panic| {
        Err(AssetError::new(&file.path, Stage::Validate, format!("panicked: {panic}"))
            .kind(crate::asset::AssetErrorKind::Internal)
            .help("report it to wasmport with the file"))
    });
    let StageLog { kind, stages, warnings } = asset.into_log();
    Imported { kind, result, stages, warnings }
}

fn write(plan: &Plan<'_>, file: &AssetFile, asset: &AssetContext<'_>) -> Result<Entry, AssetError> {
    let output = if file.is_interface() { import_interface(asset)? } else { import_asset(asset)? };
    if plan.settings.reproduce {
        return Ok(output.entry);
    }
    if let Some(lock) = &plan.lock {
        lock.check_entry(file, &output.entry, plan.settings)?;
    }
    let is_alive = || plan.lifeline.iter().for_each(Lifeline::check);
    let written = output.files.write(&plan.settings.out_dir, is_alive);
    written.map_err(|e| asset.error(Stage::Write, e.to_string()))?;
    Ok(output.entry)
}
