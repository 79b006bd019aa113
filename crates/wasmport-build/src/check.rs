//! Check: whether imported output belongs to its sources. Writes nothing and needs no compiler.

use crate::digests::Digests;
use crate::discover::{Discovered, Found, discover};
use crate::error::Error;
use crate::freshness::{Freshness, has_another_major};
use crate::lock::{Lock, LockMode};
use crate::report::{AssetReport, Kind, Report, Status};
use crate::settings::Settings;
use std::time::Instant;

/// What to do about output of another patch release of Wasmtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patches {
    /// Output of an older one is stale.
    Stale,
    /// It loads all the same: a warning.
    Warn,
}

/// Compares the sources with what was imported from them.
///
/// # Errors
///
/// Where an import root does not exist or the settings are of no use.
pub(crate) fn check(settings: &Settings, patches: Patches) -> Result<(Report, Discovered), Error> {
    let start = Instant::now();
    let discovered = discover(settings)?;
    let freshness = Freshness::new(settings, Digests::computed())?;
    let lock = match settings.lock {
        LockMode::Locked => Lock::of(settings)?,
        LockMode::Ignore | LockMode::Update => None,
    };
    let mut report = Report::default();
    for found in &discovered.found {
        let mut asset = check_one(&freshness, found, patches, &mut report.warnings);
        if let (Some(lock), Some(entry)) = (&lock, freshness.entry(found)) {
            asset.differs(&lock.differences(entry, settings), "it differs from the lock file");
        }
        report.assets.push(asset);
    }
    report.assets.extend(discovered.failed.iter().map(AssetReport::of_failure));
    report.assets.extend(gone(&discovered, settings, &freshness, lock.as_ref()));
    if let Some(why) = freshness.damaged_tree() {
        report.assets.push(AssetReport::stale("mod.rs", "mod.rs", why));
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((report, discovered))
}

/// What was imported or locked and has no source any more.
pub(crate) fn gone(
    discovered: &Discovered,
    settings: &Settings,
    freshness: &Freshness<'_>,
    lock: Option<&Lock>,
) -> Vec<AssetReport> {
    let stale = |source: &str, name: &str| {
        AssetReport::stale(source, name, "its source was removed".into())
    };
    let imported = discovered.former(freshness.previous()).gone.into_iter();
    let mut gone: Vec<_> = imported.map(|(name, entry)| stale(&entry.source, name)).collect();
    for source in lock.iter().flat_map(|lock| lock.missing(settings, discovered)) {
        if !gone.iter().any(|asset| asset.source == source) {
            gone.push(stale(source, source));
        }
    }
    gone
}

fn check_one(
    freshness: &Freshness<'_>,
    found: &Found,
    patches: Patches,
    warnings: &mut Vec<String>,
) -> AssetReport {
    let source_digest = match freshness.source_digest(found) {
        Ok(digest) => digest,
        Err(error) => return AssetReport::failed(found, Kind::Module, error),
    };
    let entry = freshness.entry(found);
    let outdated = entry.and_then(|entry| freshness.outdated(entry));
    let mut stale = freshness.staleness(found, source_digest);
    match (patches, outdated) {
        (Patches::Stale, outdated) => stale = stale.or(outdated),
        (Patches::Warn, Some(why)) if entry.is_some_and(has_another_major) => {
            stale = stale.or(Some(why));
        }
        (Patches::Warn, Some(why)) => warnings.push(format!("`{}`: {why}", found.source)),
        (Patches::Warn, None) => {}
    }
    match (stale, entry) {
        (None, Some(entry)) => AssetReport::of_entry(entry, &found.name(), Status::Unchanged),
        (why, _) => AssetReport::stale(&found.source, &found.name(), why.unwrap_or_default()),
    }
}
