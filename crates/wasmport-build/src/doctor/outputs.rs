//! Outputs: whether the output folder belongs to the sources.

use super::finding::{Check, Finding, Level, list};
use crate::project::check::{OlderPatch, check as compare};
use crate::project::manifest::Manifest;
use crate::report::{AssetReport, Status};
use crate::settings::Settings;
use std::collections::BTreeMap;

const CHECK: Check = Check("output");

const MEND: &str = "cargo wasmport import";

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let name = settings.out_dir.display().to_string();
    let is_imported =
        Manifest::read(&settings.out_dir).is_ok_and(|manifest| !manifest.tree.is_empty());
    if !is_imported {
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

/// The largest number of reasons that are listed.
const MOST: usize = 10;
