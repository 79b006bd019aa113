//! Commit: the files that belong to all assets, the manifest, and the lock file.

use super::execute::Executed;
use super::plan::Plan;
use super::reproduce::{compare, tree};
use super::unused;
use crate::error::Error;
use crate::project::discover::AssetFile;
use crate::project::files::Files;
use crate::project::lock::Lock;
use crate::project::manifest::{self, Entry, Manifest};
use crate::project::outputs;
use crate::report::{AssetReport, Report};
use crate::settings::Settings;
use std::collections::HashSet;

/// Writes manifest, `mod.rs` files and lock file, and removes outputs of removed assets. A run that
/// reproduces compares instead.
///
/// # Errors
///
/// Fails if a file cannot be read or written.
pub(super) fn commit(plan: &mut Plan<'_>, executed: Executed) -> Result<Report, Error> {
    let is_unchanged = plan.is_unchanged && executed.assets.is_empty();
    let (mut report, imported) = gather(plan, executed);
    let written;
    let manifest = if is_unchanged {
        plan.freshness.record_summary();
        plan.freshness.previous()
    } else {
        let mut manifest = merge(plan, imported)?;
        if plan.settings.reproduce {
            compare(plan, &manifest, &mut report)?;
            return Ok(report);
        }
        let kept = write(plan.settings, plan.freshness.previous(), &mut manifest)?;
        report.warnings.extend(kept);
        report.warnings.extend(unused::patterns(plan.settings, &plan.discovered, &manifest));
        written = manifest;
        &written
    };
    if let Some(lock) = &plan.lock {
        let is_current = lock.update(plan.settings, &plan.discovered, manifest, &report.assets)?;
        if is_unchanged && is_current {
            plan.freshness.record_lock_check(lock.digest());
        }
    }
    Ok(report)
}

/// Returns whether a run of the plan writes into the output folder or the lock file.
pub(super) fn writes(plan: &Plan<'_>) -> bool {
    let Plan { settings, discovered, freshness, .. } = plan;
    let is_outdated = |lock: &Lock| {
        lock.updated(settings, discovered, freshness.previous(), &plan.settled).is_some()
    };
    let is_unchanged = plan.is_unchanged && plan.pending().next().is_none();
    !settings.reproduce && (!is_unchanged || plan.lock.as_ref().is_some_and(is_outdated))
}

/// Collects the reports of all assets with the warnings about them, and the entries of the imported ones.
pub(super) fn collect(
    plan: &mut Plan<'_>,
    assets: Vec<(AssetReport, Option<Entry>)>,
) -> (Report, Vec<(String, Entry)>) {
    let mut report = Report::default();
    let mut imported = Vec::new();
    let settled = std::mem::take(&mut plan.settled).into_iter().map(|report| (report, None));
    let mut results: Vec<(AssetReport, Option<Entry>)> = settled.chain(assets).collect();
    results.sort_by(|(a, _), (b, _)| a.source.cmp(&b.source));
    for (mut asset, entry) in results {
        let warnings = std::mem::take(&mut asset.warnings).into_iter();
        report.warnings.extend(warnings.map(|why| format!("`{}`: {why}", asset.source)));
        imported.extend(entry.map(|entry| (asset.name.clone(), entry)));
        report.assets.push(asset);
    }
    report.assets.extend(plan.discovered.failed.iter().map(AssetReport::of_failure));
    report.warnings.extend(unused::globs(plan.settings, &plan.discovered));
    report.warnings.extend(unused::rules(plan.settings, &plan.discovered));
    (report, imported)
}

/// Collects the results of an import, and adds what it has to say about earlier outputs.
fn gather(plan: &mut Plan<'_>, executed: Executed) -> (Report, Vec<(String, Entry)>) {
    let (mut report, imported) = collect(plan, executed.assets);
    report.warnings.extend(warn_of_engine(plan));
    let removed = plan.discovered.removed(plan.freshness.previous());
    for (name, Entry { source, .. }) in removed {
        match plan.discovered.name_of(source) {
            Some(now) => report.warnings.push(format!(
                "`{source}`: its module was `{name}` and is `{now}` now, because of the names of other files"
            )),
            None => report.removed.push(source.clone()),
        }
    }
    report.warnings.extend(executed.warnings);
    let damage = plan.freshness.previous().damage.as_ref();
    report.warnings.extend(damage.map(|damage| format!("{damage}; everything was imported again")));
    (report, imported)
}

/// Warns if this run does not import assets although the engine is another one than theirs: a program
/// cannot load them together with the imported ones.
fn warn_of_engine(plan: &Plan<'_>) -> Option<String> {
    let previous = plan.freshness.previous();
    let (then, now) = (previous.engine.knobs(), plan.settings.engine.knobs());
    let mut changed = then.into_iter().zip(now).filter(|(then, now)| then != now);
    let (_, knob) = changed.next()?;
    let is_imported = |file: &AssetFile| previous.assets.contains_key(&file.name());
    let left = plan.discovered.unselected.iter().filter(|file| is_imported(file)).count();
    let assets = match left {
        0 => return None,
        1 => "1 asset that is not selected was".into(),
        more => format!("{more} assets that are not selected were"),
    };
    let (name, value) = (knob.name.replace('_', "-"), knob.value);
    Some(format!(
        "the engine has `{name} = {value}` now, but {assets} imported with another one: import without a path"
    ))
}

/// Builds the manifest: earlier entries, without those of removed sources, replaced by the imported
/// ones. A failed asset keeps its earlier entry.
fn merge(plan: &Plan<'_>, imported: Vec<(String, Entry)>) -> Result<Manifest, Error> {
    let mut manifest = Manifest::new(plan.settings);
    manifest.assets.clone_from(&plan.freshness.full()?.assets);
    for (name, _) in plan.discovered.removed(plan.freshness.previous()) {
        manifest.assets.remove(name);
    }
    manifest.assets.extend(imported.into_iter().map(|(name, entry)| (name, entry.into())));
    Ok(manifest)
}

/// Writes the files that belong to all assets, and removes outputs that no asset has. Returns a warning for
/// each of them that stays, because it is not what an import wrote.
fn write(
    settings: &Settings,
    previous: &Manifest,
    manifest: &mut Manifest,
) -> Result<Vec<String>, Error> {
    let tree = tree(settings, manifest)?;
    tree.write(&settings.out_dir, || ())?;
    manifest.tree = tree.digests();
    // Outputs go before the manifest, which alone names them.
    let wanted: HashSet<&str> = manifest.outputs().map(|(path, _)| path).collect();
    let unwanted = previous.outputs().filter(|(path, _)| !wanted.contains(path));
    let kept = unwanted
        .filter_map(|(path, digest)| outputs::remove(&settings.out_dir, path, digest).transpose())
        .collect::<Result<_, _>>()?;
    let mut files = Files::default();
    files.add(manifest::FILE, manifest.to_json());
    files.write(&settings.out_dir, || ())?;
    Ok(kept)
}
