//! Run: all assets that the settings select. A run plans, executes and commits.

mod clean;
mod commit;
mod dry_run;
mod execute;
mod expand;
mod helper;
mod imported;
mod items;
mod lifeline;
mod merge;
mod output_lock;
mod part;
mod plan;
mod progress;
mod reproduce;
mod schedule;
mod unused;
mod watchdog;
mod workers;

pub(crate) use clean::clean;
pub use clean::{Cleaned, KeptFile, RemovedFile};
pub(crate) use dry_run::plan;
#[cfg(feature = "schema")]
pub use dry_run::plan_schema;
pub use dry_run::{ImportPlan, PlanSummary, PlannedAction, PlannedAsset};
pub(crate) use execute::Executor;
pub(crate) use expand::expand;
pub use expand::{Expanded, WrapperOrigin};
pub(crate) use helper::{Helper, serve};
pub use progress::Progress;
pub(crate) use watchdog::{Overrun, Watchdog};

use crate::error::Error;
use crate::report::Report;
use crate::settings::{Alternatives, Settings};
use output_lock::OutputLock;
use plan::Plan;
use std::path::PathBuf;
use std::time::Instant;

/// The report of a run, and the paths that a build script must watch.
pub(crate) struct Outcome {
    pub report: Report,
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// Imports everything that the settings select: completely, or the part of one job, or from the results of
/// other jobs.
///
/// # Errors
///
/// Fails if the settings contradict each other, or files of the run as a whole cannot be read or
/// written.
pub(crate) fn import(
    settings: &Settings,
    progress: &dyn Progress,
    executor: &Executor<'_>,
) -> Result<Outcome, Error> {
    let start = Instant::now();
    let mut outcome = match (settings.partition, &settings.merge) {
        (Some(partition), _) => part::compile_part(settings, partition, progress, executor)?,
        (None, Some(merge)) => merge::merge(settings, merge, progress, executor)?,
        (None, None) => import_outputs(settings, progress, executor)?,
    };
    outcome.report.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

/// Imports, and writes the outputs. An asset that fails keeps its earlier outputs, and the others are
/// imported. An import that writes waits for other imports into the same folder.
fn import_outputs(
    settings: &Settings,
    progress: &dyn Progress,
    executor: &Executor<'_>,
) -> Result<Outcome, Error> {
    let alternatives = Alternatives::new(settings);
    let mut lock = None;
    let (plan, report) = loop {
        let mut plan = Plan::new(&alternatives)?;
        if let Some(refusal) = plan.refusal() {
            break (plan, refusal);
        }
        if lock.is_none() && commit::writes(&plan) {
            lock = Some(OutputLock::take(&settings.out_dir, progress)?);
            // Another import may have ended since the plan was made.
            if !plan.is_current()? {
                continue;
            }
        } else if lock.is_none() && OutputLock::exists(&settings.out_dir) && !settings.reproduce {
            // Waits for a running import, and removes what a killed one left, if this user may.
            lock = OutputLock::take(&settings.out_dir, progress).ok();
            if !plan.is_current()? {
                continue;
            }
        }
        let executed = execute::execute(&plan, progress, executor, lock.as_ref())?;
        let report = commit::commit(&mut plan, executed)?;
        break (plan, report);
    };
    plan.freshness.save_digests();
    let files = plan.discovered.files(settings);
    Ok(Outcome { report, folders: plan.discovered.folders, files })
}
