//! Comparisons: what differs between two files, folders, revisions, lock files, manifests or bundles, and what that means for
//! callers.

mod asset;
mod change;
mod contents;
mod denied;
mod deny;
mod items;
mod level;
mod records;
mod report;
mod side;
mod sizes;
mod source;
#[cfg(test)]
mod tests;
mod types;
mod worlds;

pub use change::{Change, Direction};
pub use contents::{CapabilityDiff, ContentsDiff, EngineDiff, KindChange, MOST_CHANGES};
pub use denied::{Denial, Denied};
pub use level::{Compatibility, Level};
#[cfg(feature = "schema")]
pub use report::diff_schema;
pub use report::{
    ArtifactDiff, ArtifactFacts, AssetDiff, DiffReport, DiffStatus, DiffSummary, FileFacts,
    RecordChange, SideKind, SideReport,
};
pub use sizes::{MOST_MOVERS, Mover, SizeDiff, difference};

use crate::error::Error;
use crate::sizes::of_bytes;
use records::{Asset, Records};
use side::{Content, Folder, Side};
use source::Source;
use std::collections::BTreeSet;
use std::path::Path;

/// Options of [`diff`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DiffOptions {
    /// Whether sizes are compared by section and function. By default they are.
    pub sizes: bool,
}

impl Default for DiffOptions {
    fn default() -> Self {
        Self { sizes: true }
    }
}

/// Compares two files, folders, lock files, manifests or bundles, on disk or in revisions of git: `REV:PATH` names those of
/// the repository around the current folder. The assets of folders are matched by their paths.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if there is no such file or revision, or if the sides cannot be compared, and with other
/// errors if one cannot be read. An asset that cannot be read is in the report.
pub fn diff(before: &Path, after: &Path, options: DiffOptions) -> Result<DiffReport, Error> {
    let (before, after) = (Side::open(before)?, Side::open(after)?);
    let sizes = options.sizes;
    let (mut assets, mut records) = (Vec::new(), Vec::new());
    match (&before.content, &after.content) {
        (Content::File(old), Content::File(new)) => {
            let path = after.report.name.as_str();
            assets.push(asset::compare(path, Some(old), Some(new), sizes));
        }
        (Content::Folder(old), Content::Folder(new)) => assets = folders(old, new, sizes),
        (Content::Records(old), Content::Records(new)) if old.kind == new.kind => {
            records = old.project_changes(new);
            assets = recorded(old, new, sizes);
        }
        _ => return Err(mismatch(&before.report, &after.report)),
    }
    let summary = DiffSummary::of(&assets);
    let (before, after) = (before.report, after.report);
    Ok(DiffReport { before, after, assets, records, denied: Vec::new(), summary })
}

/// Explains that two sides cannot be compared.
fn mismatch(before: &SideReport, after: &SideReport) -> Error {
    let text =
        |side: &SideReport| format!("`{}` is a {}", side.name.escape_debug(), side.kind.name());
    Error::arguments(
        format!("{}, and {}", text(before), text(after)),
        "name two of one kind: files, folders, lock files, manifests or bundles",
    )
}

fn folders(before: &Folder, after: &Folder, sizes: bool) -> Vec<AssetDiff> {
    let all = [before, after].map(|folder| folder.files.keys().chain(folder.unusable.keys()));
    let paths: BTreeSet<&String> = all.into_iter().flatten().collect();
    let compare = |path: &String| {
        let mut unusable = [before, after].into_iter().filter_map(|f| f.unusable.get(path));
        match unusable.next() {
            Some(why) => AssetDiff::failed(path, why.clone()),
            None => asset::compare(path, before.files.get(path), after.files.get(path), sizes),
        }
    };
    paths.into_iter().map(compare).collect()
}

fn recorded(before: &Records, after: &Records, sizes: bool) -> Vec<AssetDiff> {
    let paths: BTreeSet<&String> = before.assets.keys().chain(after.assets.keys()).collect();
    let compare = |path: &String| {
        let (old, new) = (before.assets.get(path), after.assets.get(path));
        let mut diff = records::compare(path, after.kind, old, new);
        if let (true, Some(old), Some(new)) = (sizes, old, new) {
            artifact_sizes((before, old), (after, new), &mut diff);
        }
        diff
    };
    paths.into_iter().map(compare).collect()
}

/// The largest stored artifact that is measured in bytes.
const LARGEST_ARTIFACT: u64 = 1 << 30;

/// Adds the sizes of the artifacts that are beside both manifests. One that is missing or damaged has none.
fn artifact_sizes(
    (before, old): (&Records, &Asset),
    (after, new): (&Records, &Asset),
    diff: &mut AssetDiff,
) {
    let measure = |records: &Records, path: Option<&str>| {
        let source: &Source = records.files.get(path?)?;
        of_bytes(source.path(), &source.read(LARGEST_ARTIFACT).ok()?).ok()
    };
    for pair in records::differing(old, new) {
        let [old, new] = [measure(before, pair.paths[0]), measure(after, pair.paths[1])];
        let artifact = diff.artifacts.iter_mut().find(|artifact| artifact.target == pair.target);
        if let (Some(artifact), Some(old), Some(new)) = (artifact, old, new) {
            artifact.sizes = Some(SizeDiff::of(&old, &new));
        }
    }
}
