//! Part: a run that compiles the items of one job into the cache, and writes no output.

use super::commit::collect;
use super::execute::execute;
use super::items::Items;
use super::plan::Plan;
use super::{Executor, Outcome, Progress};
use crate::asset::Stage;
use crate::error::Error;
use crate::partition::Partition;
use crate::report::{AssetReport, PartReport, Report};
use crate::settings::{Alternatives, Settings};

/// Compiles the items of a part. What the cache has is not compiled again.
///
/// # Errors
///
/// Fails if the settings contradict each other, or if the cache cannot be used.
pub(super) fn compile_part(
    settings: &Settings,
    partition: Partition,
    progress: &dyn Progress,
    executor: &Executor<'_>,
) -> Result<Outcome, Error> {
    if settings.reproduce || settings.merge.is_some() {
        let message = "a part of an import neither reproduces nor merges";
        return Err(Error::arguments(message, "do it in a run of its own, without `--partition`"));
    }
    let alternatives = Alternatives::new(settings);
    let mut plan = Plan::of_part(&alternatives)?;
    require_store(&plan)?;
    if let Some(refusal) = plan.refusal() {
        return Ok(outcome(plan, refusal));
    }
    let items = Items::of(&plan);
    let own = items.of_part(partition);
    let count = own.values().map(Vec::len).sum();
    plan.settled.extend(items.failed.iter().cloned());
    plan.select(own);
    let executed = execute(&plan, progress, executor, None)?;
    let warnings = executed.warnings;
    let (mut report, _) = collect(&mut plan, executed.assets);
    report.warnings.extend(warnings);
    let (part, parts) = (partition.part(), partition.parts());
    let cached = report.assets.iter().map(cached).sum();
    report.part = Some(PartReport { part, parts, items: count, of: items.len(), cached });
    Ok(outcome(plan, report))
}

/// Fails unless the plan has a cache that can be used: a part leaves nothing else, and a merge has no other input.
pub(super) fn require_store(plan: &Plan<'_>) -> Result<(), Error> {
    let message = "the parts of an import share a cache";
    match &plan.store {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(Error::arguments(
            format!("{message}, and this one cannot be used: {error}"),
            "set the variable `WASMPORT_CACHE_DIR` to a folder that the job can write",
        )),
        None => Err(Error::arguments(
            format!("{message}, and the settings use none"),
            "leave out `--no-cache`, and `cache.enabled = false` in wasmport.toml",
        )),
    }
}

/// Returns how many artifacts of an asset were in the cache.
fn cached(asset: &AssetReport) -> usize {
    let compiled = asset.stages.iter().filter(|stage| stage.stage == Stage::Compile);
    compiled.filter(|stage| stage.cached).count()
}

fn outcome(plan: Plan<'_>, report: Report) -> Outcome {
    let files = plan.discovered.files(plan.settings);
    Outcome { report, folders: plan.discovered.folders, files }
}
