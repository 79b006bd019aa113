//! Cache: whether imports can use its folder, and a sample of its entries.

use super::finding::{Check, Finding, Level};
use super::folder::nearest_existing;
use crate::fs::{self, Occupant};
use crate::settings::Settings;
use crate::store::{CacheFolder, StoreFolder, Verified};
use std::path::Path;

const CHECK: Check = Check("cache");

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let Some(cache) = CacheFolder::new(settings) else {
        let cause = "it is off in the settings, or the system has no folder for it: every import compiles again";
        return vec![CHECK.find(Level::Note, "the cache", cause, "export WASMPORT_CACHE_DIR=DIR")];
    };
    let name = cache.folder().display().to_string();
    if matches!(fs::occupant(cache.folder()), Ok(Occupant::Nothing)) {
        return vec![missing(cache.folder(), &name)];
    }
    // The folder exists: opening checks who may change it.
    match StoreFolder::open(settings) {
        Some(Err(error)) => return vec![CHECK.failed_as(Level::Warning, &name, error)],
        None => return Vec::new(),
        Some(Ok(_)) => {}
    }
    if let Err(error) = fs::check_writable(cache.folder()) {
        let cause = format!("imports cannot write to it: {error}");
        let mend = format!("chmod u+rwx {name}");
        return vec![CHECK.find(Level::Warning, &name, cause, mend)];
    }
    let mut findings = vec![size(&cache, &name)];
    match cache.sample() {
        Ok(Verified { damaged, good, .. }) if damaged.is_empty() => {
            findings.push(CHECK.ok(&name, format!("{good} entries were read, and are intact")));
        }
        Ok(Verified { damaged, good, .. }) => {
            let cause = format!(
                "{} of {} entries that were read are damaged",
                damaged.len(),
                damaged.len() + good
            );
            findings.push(CHECK.find(Level::Warning, &name, cause, "cargo wasmport cache verify"));
        }
        Err(error) => findings.push(CHECK.failed_as(Level::Warning, &name, error)),
    }
    findings
}

/// Reports whether an import can create the folder, which is missing.
fn missing(folder: &Path, name: &str) -> Finding {
    let above = nearest_existing(folder);
    let cause = if above.is_dir() {
        match fs::check_writable(above) {
            Ok(()) => return CHECK.ok(name, "the first import creates it"),
            Err(error) => format!("imports cannot create it: {error}"),
        }
    } else {
        format!("imports cannot create it: `{}` is not a folder", above.display())
    };
    CHECK.find(Level::Warning, name, cause, "export WASMPORT_CACHE_DIR=DIR")
}

fn size(cache: &CacheFolder, name: &str) -> Finding {
    let stats = match cache.stats() {
        Ok(stats) => stats,
        Err(error) => return CHECK.failed_as(Level::Warning, name, error),
    };
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let (used, most) = (mib(stats.bytes), mib(stats.max_bytes));
    let state =
        format!("{used} of {most} MiB are used, and no other user can change it without the key");
    match stats.quarantined {
        0 if stats.bytes <= stats.max_bytes => CHECK.ok(name, state),
        0 => CHECK.find(
            Level::Note,
            name,
            format!("{used} MiB are used, the limit is {most}"),
            "cargo wasmport cache prune",
        ),
        count => {
            let cause = format!(
                "{count} damaged entries are in quarantine: see whether the disk or another program damages files"
            );
            CHECK.find(Level::Note, name, cause, "cargo wasmport cache clear")
        }
    }
}
