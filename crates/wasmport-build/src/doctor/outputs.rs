//! Outputs: whether the output folder belongs to the sources.

use super::finding::{Check, Finding, Level, list};
use super::folder::nearest_existing;
use crate::error::Error;
use crate::project::check::{OlderPatch, check as compare};
use crate::project::manifest::{self, Manifest};
use crate::project::outputs::{locate, refuse_occupied};
use crate::report::{AssetReport, Status};
use crate::settings::Settings;
use std::collections::BTreeMap;
use std::path::Path;

const CHECK: Check = Check("output");

const MEND: &str = "cargo wasmport import";

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let name = settings.out_dir.display().to_string();
    let existing = nearest_existing(&settings.out_dir);
    if !existing.is_dir() {
        let cause = format!("`{}` is not a folder: no import can write there", existing.display());
        let mend = "move it, or set another `out-dir` under `[import]` in wasmport.toml";
        return vec![CHECK.find(Level::Error, &name, cause, mend)];
    }
    let manifest = match read(&settings.out_dir) {
        Ok(manifest) => manifest,
        Err(error) => return vec![CHECK.failed(&name, error)],
    };
    if let Some(damage) = &manifest.damage {
        let cause = format!("{damage}; the next import imports everything again");
        return vec![CHECK.find(Level::Warning, &name, cause, MEND)];
    }
    if manifest.tree.is_empty() {
        let cause = "nothing was imported there: a build script imports into cargo's folder, else import once";
        return vec![CHECK.find(Level::Note, &name, cause, MEND)];
    }
    let report = match compare(settings, OlderPatch::Stale) {
        Ok((report, _)) => report,
        Err(error) => return vec![CHECK.failed(&name, error)],
    };
    let stale: Vec<&AssetReport> =
        report.assets.iter().filter(|asset| asset.status == Status::Stale).collect();
    if stale.is_empty() {
        let count = report.count(Status::Unchanged);
        return vec![CHECK.ok(&name, format!("{count} assets are up to date"))];
    }
    // Many assets are stale for the same reason.
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for asset in stale {
        let why = asset.stale.as_deref().unwrap_or("it differs");
        reasons.entry(why.lines().next().unwrap_or(why)).or_default().push(&asset.source);
    }
    let findings = reasons.into_iter().map(|(why, sources)| {
        let cause = format!("stale: {}: {why}", list(sources.into_iter()));
        CHECK.find(Level::Warning, &name, cause, MEND)
    });
    findings.take(MOST).collect()
}

/// Reads the manifest, unless something that no import wrote is in its place.
fn read(out_dir: &Path) -> Result<Manifest, Error> {
    refuse_occupied(manifest::FILE, &locate(out_dir, manifest::FILE)?)?;
    Manifest::read(out_dir)
}

/// The largest number of reasons that are listed.
const MOST: usize = 10;
