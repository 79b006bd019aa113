//! Text about differences for people.

use super::sizes;
use crate::output::{GREEN, Output, RED, YELLOW};
use crate::text::{plain, shortened};
use wasmport_build::contents::Capability;
use wasmport_build::diff::{
    ArtifactDiff, AssetDiff, Change, ContentsDiff, DiffReport, DiffStatus, EngineDiff, FileFacts,
    RecordChange,
};

/// The number of differences that are listed of an asset.
const LISTED: usize = 40;

/// Prints the differences of all assets.
pub(super) fn of_report(report: &DiffReport, is_verbose: bool, out: &Output) {
    report.records.iter().for_each(|record| out.line(&plain(&of_record(record))));
    for asset in &report.assets {
        let style = match asset.status {
            DiffStatus::Added => GREEN,
            DiffStatus::Same if !is_verbose => continue,
            DiffStatus::Same => GREEN,
            DiffStatus::Changed => YELLOW,
            _ => RED,
        };
        let word = asset.status.name();
        out.line(&format!("{style}{word:>9}{style:#} {}", plain(&head(asset))));
        let lines = of_asset(asset, if is_verbose { usize::MAX } else { LISTED });
        lines.iter().for_each(|line| out.line(&format!("          {line}")));
    }
    out.line(&format!("diff: {}", summary(report)));
}

/// Returns the number of assets by result, and the meaning of all differences.
pub(super) fn summary(report: &DiffReport) -> String {
    let summary = &report.summary;
    let counts = [
        (summary.added, DiffStatus::Added),
        (summary.removed, DiffStatus::Removed),
        (summary.changed, DiffStatus::Changed),
        (summary.same, DiffStatus::Same),
        (summary.failed, DiffStatus::Failed),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, status)| format!("{count} {}", status.name())).collect();
    let counts = if counts.is_empty() { "no assets".into() } else { counts.join(", ") };
    match (summary.compatibility, summary.level) {
        (Some(compatibility), Some(level)) => {
            format!("{counts}; {}, {}", compatibility.name(), level.name())
        }
        (Some(compatibility), None) => format!("{counts}; {}", compatibility.name()),
        (None, _) => counts,
    }
}

/// Returns the path of an asset and the meaning of its differences.
fn head(asset: &AssetDiff) -> String {
    let AssetDiff { path, status, before, after, contents, .. } = asset;
    let mut parts = Vec::new();
    if *status == DiffStatus::Changed {
        let known = contents.compatibility.map(|compatibility| compatibility.name());
        parts.extend(known.map(ToOwned::to_owned));
        parts.extend(contents.level.map(|level| level.name().to_owned()));
    }
    if let (DiffStatus::Added, Some(file)) | (DiffStatus::Removed, Some(file)) =
        (status, after.or(*before))
    {
        parts.extend(file.kind.map(|kind| kind.name().to_owned()));
    }
    parts.extend(size(*before, *after));
    if parts.is_empty() { path.clone() } else { format!("{path}: {}", parts.join(", ")) }
}

/// Returns the length of a file before and after.
pub(super) fn size(before: Option<FileFacts>, after: Option<FileFacts>) -> Option<String> {
    let bytes = |file: Option<FileFacts>| file.and_then(|file| file.bytes);
    match (bytes(before), bytes(after)) {
        (Some(before), Some(after)) => Some(sizes::change(Some(before), Some(after))),
        (Some(one), None) | (None, Some(one)) => Some(format!("{one} bytes")),
        (None, None) => None,
    }
}

/// Returns the lines about the differences of an asset.
fn of_asset(asset: &AssetDiff, most: usize) -> Vec<String> {
    let AssetDiff { status, contents, kind, records, artifacts, .. } = asset;
    let mut lines = Vec::new();
    if let Some(kind) = kind {
        lines.push(format!("it was a {} and is a {}", kind.before.name(), kind.after.name()));
    }
    // Nothing used an added asset: its items are for those who ask for all.
    let is_listed = *status != DiffStatus::Added || most == usize::MAX;
    lines.extend(of_contents(contents, if is_listed { most } else { 0 }));
    if *status == DiffStatus::Changed {
        match asset.is_another_source() {
            true if contents.compatibility.is_none() => lines.push("another source".to_owned()),
            false => lines.push("same source".to_owned()),
            true => {}
        }
    }
    lines.extend(records.iter().map(|record| plain(&of_record(record))));
    for artifact in artifacts {
        lines.push(plain(&of_artifact(artifact)));
        let sizes = artifact.sizes.iter().flat_map(|diff| sizes::lines(diff, most));
        lines.extend(sizes.map(|line| plain(&format!("  {line}"))));
    }
    let sizes = asset.sizes.iter().flat_map(|diff| sizes::lines(diff, most));
    lines.extend(sizes.map(|line| plain(&line)));
    lines
}

/// Returns the lines about what a file wants, imports, exports and needs now, capabilities first. Of imports and exports at
/// most `most` are listed.
pub(crate) fn of_contents(diff: &ContentsDiff, most: usize) -> Vec<String> {
    let ContentsDiff { interface, unlisted_changes, capabilities, engine, .. } = diff;
    let mut lines = Vec::new();
    for (title, capabilities) in
        [("NOW WANTS", &capabilities.gained), ("no longer wants", &capabilities.lost)]
    {
        if !capabilities.is_empty() {
            lines.push(title.to_owned());
            lines.extend(capabilities.iter().map(of_capability));
        }
    }
    lines.extend(interface.iter().take(most).flat_map(of_change));
    let rest = interface.len().saturating_sub(most) + unlisted_changes;
    if rest > 0 && most > 0 {
        lines.push(format!("and {rest} more imports and exports"));
    }
    lines.extend(of_engine(engine));
    lines.into_iter().map(|line| plain(&line)).collect()
}

/// The number of interfaces or functions that a line names.
const NAMED: usize = 4;

/// Returns the line about a part of the system that a file wants.
pub(crate) fn of_capability(capability: &Capability) -> String {
    let by = &capability.wanted_by;
    let named: Vec<&str> = by.iter().take(NAMED).map(String::as_str).collect();
    let more = by.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("  {} ({}{more})", capability.kind, named.join(", "))
}

/// Returns the lines about an import or export.
fn of_change(change: &Change) -> Vec<String> {
    let item = format!("{} {}", change.direction.name(), name(change));
    let (compatibility, reason) = (change.compatibility.name(), &change.reason);
    let types = match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ {item}: {}", shortened(after)),
        (Some(before), None) => format!("- {item}: {}", shortened(before)),
        (before, after) => {
            let [before, after] = [before, after].map(|ty| ty.as_deref().unwrap_or_default());
            format!("~ {item}: {} -> {}", shortened(before), shortened(after))
        }
    };
    let mut lines = vec![types, format!("    {compatibility}: {reason}")];
    lines.extend(change.details.iter().map(|line| format!("    {}", shortened(line))));
    lines
}

/// Returns the name of an import or export with its module or interface.
pub(super) fn name(change: &Change) -> String {
    match (change.of.as_str(), change.name.as_str()) {
        ("", name) => format!("{name:?}"),
        (of, "") => of.to_owned(),
        (of, name) => format!("{of} {name:?}"),
    }
}

/// Returns the lines about what a file needs of the engine.
pub(super) fn of_engine(engine: &EngineDiff) -> Vec<String> {
    let EngineDiff {
        features_gained,
        features_lost,
        cargo_features_gained,
        cargo_features_lost,
        ..
    } = engine;
    let line = |what: &str, gained: &[&str], lost: &[&str]| {
        let gained = gained.iter().map(|name| format!("+{name}"));
        let all: Vec<String> = gained.chain(lost.iter().map(|name| format!("-{name}"))).collect();
        (!all.is_empty()).then(|| format!("{what}: {}", all.join(" ")))
    };
    let features = line("wasm features", features_gained, features_lost);
    let cargo = line("cargo features of `wasmport`", cargo_features_gained, cargo_features_lost);
    features.into_iter().chain(cargo).collect()
}

/// Returns the line about a record of a lock file, manifest or bundle.
pub(super) fn of_record(record: &RecordChange) -> String {
    let RecordChange { key, before, after, .. } = record;
    let text = |value: &Option<String>| value.as_deref().map_or("none".into(), shortened);
    format!("{key}: {} -> {}", text(before), text(after))
}

/// Returns the line about an artifact.
pub(super) fn of_artifact(artifact: &ArtifactDiff) -> String {
    let ArtifactDiff { target, before, after, .. } = artifact;
    match (before, after) {
        (None, Some(after)) => match after.bytes {
            Some(bytes) => format!("+ artifact for {target}: {bytes} bytes"),
            None => format!("+ artifact for {target}"),
        },
        (Some(_), None) => format!("- artifact for {target}"),
        (before, after) => {
            let [old, new] = [before, after].map(|facts| facts.and_then(|facts| facts.bytes));
            match (old, new) {
                (Some(_), Some(_)) => {
                    format!("~ artifact for {target}: {}", sizes::change(old, new))
                }
                _ => format!("~ artifact for {target}"),
            }
        }
    }
}
