//! Dry run: the assets that an import would compile or remove, and why.

use super::commit;
use super::plan::Plan;
use super::unused;
use crate::asset::{AssetError, Kind, Stage};
use crate::error::Error;
use crate::project::discover::AssetFile;
use crate::project::manifest::{self, artifact_path};
use crate::project::outputs::{locate, refuse_occupied};
use crate::report::{AssetReport, Status};
use crate::settings::{Alternatives, Settings};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use wasmport::engine::Target;

/// The action of an import on an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlannedAction {
    /// It is imported: its artifacts are compiled or taken from the cache, and its wrapper is generated.
    Import,
    /// Its outputs stay as they are.
    Keep,
    /// Its outputs are removed.
    Remove,
    /// It fails before anything is compiled.
    Fail,
}

/// An asset of an import that is planned.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PlannedAsset {
    /// The source file below its root.
    pub source: String,
    /// The asset's name.
    pub name: String,
    /// The action.
    pub action: PlannedAction,
    /// The reason, in one line or more; null for `keep`.
    pub why: Option<String>,
    /// The targets to compile for.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub targets: Vec<Target>,
    /// The files in the output folder that are removed, if they are unchanged.
    pub removes: Vec<String>,
}

/// The number of assets by action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PlanSummary {
    /// The number of assets to import.
    pub import: usize,
    /// The number of assets that stay.
    pub keep: usize,
    /// The number of assets to remove.
    pub remove: usize,
    /// The number of assets that fail.
    pub fail: usize,
}

/// The actions of an import, from [`Importer::plan`](crate::Importer::plan).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ImportPlan {
    /// The output folder.
    pub out_dir: PathBuf,
    /// The assets, in the order of the sources.
    pub assets: Vec<PlannedAsset>,
    /// Whether the import stops before it writes: an asset differs from the lock file that binds it.
    pub is_refused: bool,
    /// Warnings about the settings.
    pub warnings: Vec<String>,
    /// The number of assets by action.
    pub summary: PlanSummary,
}

/// Plans an import with settings that name the targets, and uses no cache.
///
/// # Errors
///
/// Fails if the settings contradict each other, if the manifest or the lock file cannot be read, and if something that
/// no import wrote is at the path of the manifest or of a `mod.rs`.
pub(crate) fn plan(mut settings: Settings) -> Result<ImportPlan, Error> {
    // Opening the cache would create its folder.
    settings.cache.enabled = Some(false);
    let alternatives = Alternatives::new(&settings);
    let plan = Plan::new(&alternatives)?;
    let mut planned = ImportPlan {
        out_dir: settings.out_dir.clone(),
        assets: Vec::new(),
        is_refused: false,
        warnings: Vec::new(),
        summary: PlanSummary::default(),
    };
    if let Some(refusal) = plan.refusal() {
        planned.is_refused = true;
        refusal.assets.into_iter().for_each(|asset| planned.add(settled(asset)));
        return Ok(planned.sorted());
    }
    planned.warnings.extend(unused::globs(plan.settings, &plan.discovered));
    planned.warnings.extend(unused::rules(plan.settings, &plan.discovered));
    planned.warnings.extend(plan.freshness.previous().damage.clone());
    plan.pending().for_each(|file| planned.add(pending(&plan, file)));
    plan.settled.iter().cloned().for_each(|asset| planned.add(settled(asset)));
    let failed = plan.discovered.failed.iter().map(AssetReport::of_failure);
    failed.for_each(|asset| planned.add(settled(asset)));
    removed(&plan).into_iter().for_each(|asset| planned.add(asset));
    if commit::writes(&plan) {
        refuse_occupied_tree(&settings.out_dir, &planned)?;
    }
    Ok(planned.sorted())
}

impl ImportPlan {
    fn add(&mut self, asset: PlannedAsset) {
        *match asset.action {
            PlannedAction::Import => &mut self.summary.import,
            PlannedAction::Keep => &mut self.summary.keep,
            PlannedAction::Remove => &mut self.summary.remove,
            PlannedAction::Fail => &mut self.summary.fail,
        } += 1;
        self.assets.push(asset);
    }

    fn sorted(mut self) -> Self {
        self.assets.sort_by(|a, b| a.source.cmp(&b.source));
        self
    }
}

/// Refuses an output folder in which an import cannot write the files that belong to all assets.
///
/// # Errors
///
/// Fails with the error of the import.
fn refuse_occupied_tree(out_dir: &Path, planned: &ImportPlan) -> Result<(), Error> {
    let imported = planned.assets.iter().filter(|asset| asset.action == PlannedAction::Import);
    let folders: BTreeSet<&str> = imported.flat_map(|asset| folders_of(&asset.name)).collect();
    let tree = folders.into_iter().map(|folder| format!("{folder}/mod.rs"));
    let of_all = ["mod.rs", manifest::FILE].map(ToOwned::to_owned);
    tree.chain(of_all).try_for_each(|output| refuse_blocked(out_dir, &output))
}

/// Returns the folders of an asset's outputs below the output folder.
fn folders_of(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(move |(end, _)| &name[..end])
}

/// Refuses an asset whose outputs an import cannot write.
///
/// # Errors
///
/// Fails with the error of the import.
fn refuse_blocked_outputs(plan: &Plan<'_>, file: &AssetFile) -> Result<(), AssetError> {
    let name = file.name();
    // With compression, the length of an artifact decides its name.
    let has_artifacts = !file.is_interface() && file.settings.compress.is_none();
    let targets = plan.settings.targets.iter().flatten().filter(|_| has_artifacts);
    let artifacts = targets.map(|target| artifact_path(&name, target, false));
    let mut outputs = artifacts.chain([format!("{name}.rs")]);
    let refused = outputs.try_for_each(|output| refuse_blocked(&plan.settings.out_dir, &output));
    refused.map_err(|error| AssetError::new(&file.path, Stage::Write, error.to_string()))
}

/// Refuses an output if an import cannot write it, because something else is there or on the way.
///
/// # Errors
///
/// Fails with the error of the import.
fn refuse_blocked(out_dir: &Path, output: &str) -> Result<(), Error> {
    let path = locate(out_dir, output)?;
    let existing = path.ancestors().skip(1).find(|folder| folder.is_symlink() || folder.exists());
    if let Some(folder) = existing.filter(|folder| !folder.is_dir()) {
        let (path, source) = (folder.into(), ErrorKind::NotADirectory.into());
        return Err(Error::File { path, action: "create", source });
    }
    refuse_occupied(output, &path)
}

/// Plans an asset to import.
fn pending(plan: &Plan<'_>, file: &AssetFile) -> PlannedAsset {
    if let Err(error) = refuse_blocked_outputs(plan, file) {
        return settled(file.failed(Kind::Module, error));
    }
    let reason = || {
        let digest = plan.freshness.source_digest(file).ok()?;
        plan.freshness.reason_to_import(file, digest, &plan.tools)
    };
    // An asset that is fresh is imported again only if it differs from the lock file.
    let why = reason().unwrap_or_else(|| "it differs from the lock file".into());
    let targets = plan.settings.targets.clone().filter(|_| !file.is_interface());
    PlannedAsset {
        source: file.source.clone(),
        name: file.name(),
        action: PlannedAction::Import,
        why: Some(why),
        targets: targets.unwrap_or_default(),
        removes: Vec::new(),
    }
}

/// Plans an asset that needs no work, or cannot be imported.
fn settled(asset: AssetReport) -> PlannedAsset {
    let AssetReport { source, name, status, error, stale, .. } = asset;
    let (action, why) = match status {
        Status::Unchanged => (PlannedAction::Keep, None),
        _ => (PlannedAction::Fail, error.map(|error| error.to_string()).or(stale)),
    };
    PlannedAsset { source, name, action, why, targets: Vec::new(), removes: Vec::new() }
}

fn removed(plan: &Plan<'_>) -> Vec<PlannedAsset> {
    let removed = plan.discovered.removed(plan.freshness.previous()).into_iter();
    let planned = removed.map(|(name, entry)| {
        let why = match plan.discovered.name_of(&entry.source) {
            Some(now) => format!("its module is `{now}` now, not `{name}`"),
            None => "its source was removed".into(),
        };
        PlannedAsset {
            source: entry.source.clone(),
            name: name.into(),
            action: PlannedAction::Remove,
            why: Some(why),
            targets: Vec::new(),
            removes: entry.outputs().map(|(path, _)| path.to_owned()).collect(),
        }
    });
    planned.collect()
}

/// Returns the JSON schema of a serialized [`ImportPlan`].
#[cfg(feature = "schema")]
#[must_use]
pub fn plan_schema() -> serde_json::Value {
    crate::report::schema_of::<ImportPlan>("Document of `cargo wasmport import --dry-run`")
}
