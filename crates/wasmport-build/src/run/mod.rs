//! Run: all assets that the settings select. A run plans, executes and commits.

mod commit;
mod execute;
mod helper;
mod imported;
mod plan;
mod progress;
mod reproduce;
mod schedule;
mod watchdog;
mod workers;

pub(crate) use execute::Executor;
pub(crate) use helper::{Helper, serve};
pub use progress::Progress;
pub(crate) use watchdog::{Overrun, Watchdog};

use crate::error::Error;
use crate::report::Report;
use crate::settings::Settings;
use plan::Plan;
use std::path::PathBuf;
use std::time::Instant;

/// The report of a run, and the paths that a build script must watch.
pub(crate) struct Outcome {
    pub report: Report,
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// Imports everything that the settings select. An asset that fails keeps its earlier outputs, and the
/// others are imported.
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
    let plan = Plan::new(settings)?;
    let mut report = match plan.refusal() {
        Some(refusal) => refusal,
        None => {
            let executed = execute::execute(&plan, progress, executor)?;
            commit::commit(&plan, executed)?
        }
    };
    plan.freshness.save_digests();
    report.seconds = start.elapsed().as_secs_f64();
    let files = plan.discovered.files(settings);
    Ok(Outcome { report, folders: plan.discovered.folders, files })
}
