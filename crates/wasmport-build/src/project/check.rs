//! Check: compares imported outputs with their sources. It writes nothing and needs no compiler.

use crate::asset::Kind;
use crate::error::Error;
use crate::project::digests::Digests;
use crate::project::discover::{AssetFile, Discovered, discover};
use crate::project::freshness::{Freshness, has_another_major};
use crate::project::lock::Lock;
use crate::report::{AssetReport, Report, Status};
use crate::settings::{Alternatives, LockMode, Settings};
use std::time::Instant;

/// The verdict on outputs of an older patch release of Wasmtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OlderPatch {
    /// They are stale.
    Stale,
    /// They get a warning, since programs load them.
    Warn,
}

/// Compares the outputs with the sources.
///
/// # Errors
///
/// Fails with [`Error::Settings`] if an import root does not exist or the settings contradict each other.
pub(crate) fn check(
    settings: &Settings,
    older_patch: OlderPatch,
) -> Result<(Report, Discovered), Error> {
    let start = Instant::now();
    let discovered = discover(settings)?;
    let alternatives = Alternatives::new(settings);
    let mut freshness = Freshness::new(&alternatives, Digests::computed())?;
    // A source that changed has its earlier need: it is stale anyway.
    let mut sources = discovered.assets.iter().chain(&discovered.unselected);
    let is_needed = sources.any(|file| freshness.entry(file).is_some_and(|e| e.concurrency));
    freshness.set_settings(alternatives.with(is_needed));
    let settings = freshness.settings();
    let lock = match settings.lock {
        LockMode::Locked => Lock::of(settings)?,
        LockMode::Ignore | LockMode::Update => None,
    };
    let mut report = Report::default();
    for file in &discovered.assets {
        let mut asset = check_one(&freshness, file, older_patch, &mut report.warnings);
        if let (Some(lock), Some(entry)) = (&lock, freshness.entry(file)) {
            asset.add_differences(
                &lock.differences(entry, settings),
                "it differs from the lock file",
            );
        }
        report.assets.push(asset);
    }
    report.assets.extend(discovered.failed.iter().map(AssetReport::of_failure));
    report.assets.extend(removed(&discovered, settings, &freshness, lock.as_ref()));
    if let Some(why) = freshness.damaged_tree() {
        report.assets.push(AssetReport::stale("mod.rs", "mod.rs", why));
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((report, discovered))
}

/// Reports imported or locked assets whose sources were removed.
pub(crate) fn removed(
    discovered: &Discovered,
    settings: &Settings,
    freshness: &Freshness<'_>,
    lock: Option<&Lock>,
) -> Vec<AssetReport> {
    let stale = |source: &str, name: &str| {
        let why = match discovered.name_of(source) {
            Some(now) => format!("its module is `{now}` now, not `{name}`"),
            None => "its source was removed".into(),
        };
        AssetReport::stale(source, name, why)
    };
    let imported = discovered.removed(freshness.previous()).into_iter();
    let mut removed: Vec<_> = imported.map(|(name, entry)| stale(&entry.source, name)).collect();
    for source in lock.iter().flat_map(|lock| lock.missing(settings, discovered)) {
        if !removed.iter().any(|asset| asset.source == source) {
            removed.push(stale(source, source));
        }
    }
    removed
}

/// Compares the outputs of one asset with its source.
fn check_one(
    freshness: &Freshness<'_>,
    file: &AssetFile,
    older_patch: OlderPatch,
    warnings: &mut Vec<String>,
) -> AssetReport {
    let source_digest = match freshness.source_digest(file) {
        Ok(digest) => digest,
        Err(error) => return file.failed(Kind::Module, error),
    };
    let entry = freshness.entry(file);
    let outdated = entry.and_then(|entry| freshness.outdated(entry));
    let mut stale = freshness.staleness(file, source_digest);
    match (older_patch, outdated) {
        (OlderPatch::Stale, outdated) => stale = stale.or(outdated),
        (OlderPatch::Warn, Some(why)) if entry.is_some_and(has_another_major) => {
            stale = stale.or(Some(why));
        }
        (OlderPatch::Warn, Some(why)) => warnings.push(format!("`{}`: {why}", file.source)),
        (OlderPatch::Warn, None) => {}
    }
    let report = match (stale, entry) {
        (None, Some(entry)) => entry.report(&file.name(), Status::Unchanged),
        (why, _) => AssetReport::stale(&file.source, &file.name(), why.unwrap_or_default()),
    };
    report.at(&file.path)
}
