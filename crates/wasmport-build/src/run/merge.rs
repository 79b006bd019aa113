//! Merge: an import whose artifacts other jobs have compiled. It compiles nothing, unless the settings say so.

use super::commit::collect;
use super::execute::execute;
use super::items::Items;
use super::part::require_store;
use super::plan::Plan;
use super::{Executor, Outcome, Progress, import_outputs};
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::error::Error;
use crate::report::{AssetReport, MissingItem, Report, Status};
use crate::settings::{Alternatives, Merge, Settings};
use crate::store::{Cache, TakenOver};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use wasmport::Digest;

/// Takes over the results of other jobs, and imports. If an artifact is missing, nothing is written, and the
/// report names all that are missing.
///
/// # Errors
///
/// Fails like an import, if the cache cannot be used, and if a folder is no cache.
pub(super) fn merge(
    settings: &Settings,
    merge: &Merge,
    progress: &dyn Progress,
    executor: &Executor<'_>,
) -> Result<Outcome, Error> {
    if settings.reproduce {
        let message =
            "a merge takes what others have compiled, and reproducing compiles everything";
        return Err(Error::arguments(message, "reproduce in a run of its own"));
    }
    let alternatives = Alternatives::new(settings);
    let plan = Plan::new(&alternatives)?;
    require_store(&plan)?;
    // Holds what it takes over until the end: other imports may shrink the cache.
    let cache = plan.store.as_ref().map_or_else(Cache::default, Cache::open);
    let taken = take_over(&cache, merge)?;
    let mut warnings = cache.warnings();
    warnings.extend(taken.iter().flat_map(TakenOver::warnings));
    let (refusal, found) = match merge.compiles_missing() {
        true => (None, None),
        false => look_up(plan, merge, executor)?,
    };
    let mut outcome = match refusal {
        Some(refusal) => refusal,
        None => import_outputs(settings, progress, executor)?,
    };
    if let Some(found) = found.or_else(|| artifacts(&outcome.report.assets)) {
        let unused = taken.iter().filter(|taken| taken.is_unused(&found));
        warnings.extend(unused.map(TakenOver::unused));
    }
    outcome.report.warnings.splice(0..0, warnings);
    Ok(outcome)
}

/// Takes over the results of each folder once.
fn take_over(cache: &Cache, merge: &Merge) -> Result<Vec<TakenOver>, Error> {
    let mut seen = HashSet::new();
    let mut taken = Vec::new();
    for folder in merge.folders() {
        let real = crate::fs::canonicalize(folder)?;
        if seen.insert(real) {
            taken.push(cache.take_over(folder)?);
        }
    }
    Ok(taken)
}

/// The digests of artifacts; none if there was nothing to look up.
type Found = Option<HashSet<Digest>>;

/// Looks for the artifacts of the assets that the merge imports, and returns their digests. If one is missing,
/// returns the outcome of the run too.
fn look_up(
    mut plan: Plan<'_>,
    merge: &Merge,
    executor: &Executor<'_>,
) -> Result<(Option<Outcome>, Found), Error> {
    if plan.refusal().is_some() {
        // The import reports the differences from the lock file.
        return Ok((None, None));
    }
    let items = Items::of(&plan);
    let pending: HashSet<&str> = plan.pending().map(|file| file.source.as_str()).collect();
    let wanted = items.of_sources(&pending);
    plan.select(wanted);
    let executed = execute(&plan, &(), executor, None)?;
    let (mut report, _) = collect(&mut plan, executed.assets);
    let found = artifacts(&report.assets);
    report.warnings = executed.warnings;
    add_missing(&mut report, &plan, &items, merge.number_of_parts());
    if report.missing.is_empty() {
        return Ok((None, found));
    }
    report.assets.retain(|asset| asset.error.is_some());
    let files = plan.discovered.files(plan.settings);
    Ok((Some(Outcome { report, folders: plan.discovered.folders, files }), found))
}

/// Returns the digests of the artifacts of a run; none if it had none to look up.
fn artifacts(assets: &[AssetReport]) -> Found {
    let mut looked_up = assets.iter().filter(|asset| !asset.stages.is_empty()).peekable();
    looked_up.peek()?;
    Some(looked_up.flat_map(|asset| &asset.artifacts).map(|artifact| artifact.blake3).collect())
}

/// Makes each asset without all artifacts a failure, and lists what is missing.
fn add_missing(report: &mut Report, plan: &Plan<'_>, items: &Items, parts: Option<u32>) {
    let part_of = parts.map(|parts| items.by_part(parts)).unwrap_or_default();
    let files = plan.discovered.assets.iter();
    let paths: HashMap<&str, &Path> = files.map(|file| (&*file.source, &*file.path)).collect();
    for asset in &mut report.assets {
        let missing = std::mem::take(&mut asset.missing).into_iter().map(|target| {
            let part = part_of.get(&(asset.source.as_str(), &target)).copied();
            MissingItem { source: asset.source.clone(), target, part }
        });
        let missing: Vec<MissingItem> = missing.collect();
        if !missing.is_empty() && asset.error.is_none() {
            let targets: Vec<String> = missing.iter().map(MissingItem::to_string).collect();
            let message = format!("not in the cache: {}", targets.join(", "));
            let path = paths.get(asset.source.as_str()).copied().unwrap_or(Path::new(""));
            let error = AssetError::new(path, Stage::Compile, message);
            asset.error = Some(error.kind(AssetErrorKind::Missing));
            asset.status = Status::Failed;
        }
        report.missing.extend(missing);
    }
}
