//! Execution: the pending assets of a plan, imported here or in a helper process.

use super::helper::Helper;
use super::imported::{Imported, import_and_write};
use super::output_lock::OutputLock;
use super::plan::Plan;
use super::progress::Progress;
use super::watchdog::Watchdog;
use super::workers::{close, for_each, import_context};
use crate::error::Error;
use crate::fs;
use crate::pipeline::{check_engine, has_code_generator};
use crate::project::discover::AssetFile;
use crate::project::manifest::Entry;
use crate::project::outputs::remove_litter;
use crate::report::AssetReport;

/// The place where assets are imported.
pub(crate) enum Executor<'a> {
    /// This process, without bounds on time and memory.
    Local,
    /// This process, which the watchdog ends.
    Watched(Watchdog),
    /// A process of its own.
    Helper(Helper<'a>),
}

/// The results of the imported assets, and warnings about the run as a whole.
#[derive(Default)]
pub(super) struct Executed {
    pub assets: Vec<(AssetReport, Option<Entry>)>,
    pub warnings: Vec<String>,
}

/// Imports the pending assets of a plan.
///
/// # Errors
///
/// Fails if Wasmtime refuses the engine configuration, or a helper process cannot be started.
pub(super) fn execute(
    plan: &Plan<'_>,
    progress: &dyn Progress,
    executor: &Executor<'_>,
    lock: Option<&OutputLock>,
) -> Result<Executed, Error> {
    let pending: Vec<&AssetFile> = plan.pending().collect();
    progress.begin(pending.len());
    let lens = pending.iter().map(|file| bytes(file));
    progress.total(lens.fold(0, u64::saturating_add));
    if pending.is_empty() {
        return Ok(Executed::default());
    }
    if !plan.settings.reproduce && plan.part.is_none() {
        let imported = plan.freshness.previous().assets.keys().cloned();
        let names = plan.discovered.assets.iter().map(AssetFile::name).chain(imported);
        remove_litter(&plan.settings.out_dir, names);
    }
    check_engines(plan)?;
    let report = |file: &AssetFile, imported: Imported| {
        let (report, entry) = imported.report(file);
        progress.done(&report);
        (report, entry)
    };
    let begun = |file: &AssetFile| progress.start(&file.source, bytes(file));
    let locally = |watchdog| locally(plan, &pending, watchdog, lock, &begun, &report);
    match executor {
        Executor::Local => Ok(locally(None)),
        Executor::Watched(watchdog) => Ok(locally(Some(watchdog))),
        Executor::Helper(helper) => {
            let mut executed = Executed::default();
            let mut add = |file: &AssetFile, imported| executed.assets.push(report(file, imported));
            let has_concurrency = plan.settings.engine.concurrency_support;
            let order = (has_concurrency, plan.part.as_ref());
            executed.warnings = helper.import(&pending, order, &begun, &mut add)?;
            Ok(executed)
        }
    }
}

fn locally(
    plan: &Plan<'_>,
    pending: &[&AssetFile],
    watchdog: Option<&Watchdog>,
    lock: Option<&OutputLock>,
    begun: &(dyn Fn(&AssetFile) + Sync),
    report: &(impl Fn(&AssetFile, Imported) -> (AssetReport, Option<Entry>) + Sync),
) -> Executed {
    let import = import_context(plan, pending.len());
    let assets = for_each(plan, pending, |file| {
        begun(file);
        let watched = watchdog.map(|dog| dog.watch(&file.source, &file.settings.limits));
        let entered = lock.map(|lock| lock.enter(&file.source));
        let imported = import_and_write(plan, &import, file);
        drop((watched, entered));
        report(file, imported)
    });
    Executed { assets, warnings: close(plan, &import) }
}

fn bytes(file: &AssetFile) -> u64 {
    fs::len(&file.path).unwrap_or_default()
}

/// Checks the engine configuration once for each target, and not once per asset.
fn check_engines(plan: &Plan<'_>) -> Result<(), Error> {
    let engine = &plan.settings.engine;
    for target in plan.settings.targets.iter().flatten() {
        if !has_code_generator(target) {
            return Err(Error::settings(
                format!("this build of the importer has no code generator for {target}"),
                "add the cargo feature `all-targets` of `wasmport-build`, or run `cargo wasmport \
                 import`, which has it",
            ));
        }
        check_engine(engine, target).map_err(|e| {
            Error::settings(
                format!("Wasmtime refuses the engine configuration for {target}: {e:#}"),
                "change `[engine]` in wasmport.toml, or the builder's `engine`",
            )
        })?;
    }
    Ok(())
}
