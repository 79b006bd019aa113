//! Comparison of one asset: its file before and after.

use super::contents::{ContentsDiff, KindChange};
use super::level::{Compatibility, Level};
use super::report::{AssetDiff, DiffStatus, FileFacts};
use super::sizes::SizeDiff;
use super::source::Source;
use crate::asset::{AssetError, Kind};
use crate::contents::Contents;
use crate::fs::content_digest_of;
use crate::pipeline::inspected_for_description;
use crate::settings::ImportLimits;
use crate::sizes::{self, Sizes};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// A file that was read and validated.
struct Facts {
    file: FileFacts,
    /// The imports and exports; none of an artifact.
    contents: Option<Contents>,
    sizes: Option<Sizes>,
}

/// Compares the file of an asset before and after. Both are in memory at once, and no other.
pub(super) fn compare(
    path: &str,
    before: Option<&Source>,
    after: Option<&Source>,
    with_sizes: bool,
) -> AssetDiff {
    let diff = match (before, after) {
        (Some(before), Some(after)) => of_both(path, before, after, with_sizes),
        (None, Some(after)) => of_one(path, after, DiffStatus::Added),
        (Some(before), None) => of_one(path, before, DiffStatus::Removed),
        (None, None) => Ok(AssetDiff::new(path, DiffStatus::Same)),
    };
    diff.unwrap_or_else(|error| AssetDiff::failed(path, error.to_string()))
}

fn of_both(
    path: &str,
    before: &Source,
    after: &Source,
    with_sizes: bool,
) -> Result<AssetDiff, AssetError> {
    if before.is_same_object(after) {
        return Ok(same(path, None));
    }
    let limit = ImportLimits::default().bytes();
    let (old, new) = rayon::join(|| before.read(limit), || after.read(limit));
    let (old, new) = (old?, new?);
    if content_digest_of(&old) == content_digest_of(&new) {
        let bytes = Some(new.len() as u64);
        let file = FileFacts { kind: None, bytes, blake3: Some(content_digest_of(&new)) };
        return Ok(same(path, Some(file)));
    }
    let (old, new) =
        rayon::join(|| facts(before, old, with_sizes), || facts(after, new, with_sizes));
    let (old, new) = (old?, new?);
    let mut diff = AssetDiff::new(path, DiffStatus::Changed);
    (diff.before, diff.after) = (Some(old.file), Some(new.file));
    diff.contents = match (&old.contents, &new.contents) {
        (Some(old), Some(new)) => {
            let kind = KindChange { before: old.kind, after: new.kind };
            diff.kind = (old.kind != new.kind).then_some(kind);
            ContentsDiff::of(old, new)
        }
        // The interface of an artifact is not read.
        _ => ContentsDiff::default(),
    };
    diff.sizes = old.sizes.zip(new.sizes).map(|(old, new)| SizeDiff::of(&old, &new));
    Ok(diff)
}

fn same(path: &str, file: Option<FileFacts>) -> AssetDiff {
    let mut diff = AssetDiff::new(path, DiffStatus::Same);
    diff.contents.compatibility = Some(Compatibility::Compatible);
    (diff.before, diff.after) = (file, file);
    diff
}

fn of_one(path: &str, source: &Source, status: DiffStatus) -> Result<AssetDiff, AssetError> {
    let bytes = source.read(ImportLimits::default().bytes())?;
    let Facts { file, contents, .. } = facts(source, bytes, false)?;
    let mut diff = AssetDiff::new(path, status);
    let is_added = status == DiffStatus::Added;
    let side = if is_added { &mut diff.after } else { &mut diff.before };
    *side = Some(file);
    diff.contents = match &contents {
        Some(contents) if is_added => ContentsDiff::of_added(contents),
        Some(contents) => ContentsDiff::of_removed(contents),
        None => ContentsDiff {
            compatibility: Some(if is_added {
                Compatibility::Compatible
            } else {
                Compatibility::Breaks
            }),
            level: Some(if is_added { Level::Minor } else { Level::Major }),
            ..ContentsDiff::default()
        },
    };
    Ok(diff)
}

/// Validates a file once, and reads what is compared.
fn facts(source: &Source, bytes: Vec<u8>, with_sizes: bool) -> Result<Facts, AssetError> {
    let path = source.path();
    if sizes::is_artifact(&bytes) {
        let sizes = sizes::of_bytes(path, &bytes)?;
        let blake3 = Some(content_digest_of(&bytes));
        let file = FileFacts { kind: None, bytes: Some(sizes.bytes), blake3 };
        return Ok(Facts { file, contents: None, sizes: with_sizes.then_some(sizes) });
    }
    // As for `inspect`, all proposals are enabled.
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let (wasm, inspection) =
        inspected_for_description(path, bytes, everything, &ImportLimits::default())?;
    let file = FileFacts {
        kind: Some(Kind::of(wasm.wasm())),
        bytes: Some(inspection.wasm_bytes),
        blake3: Some(inspection.blake3),
    };
    let sizes = with_sizes.then(|| sizes::of_bytes(path, wasm.wasm())).transpose()?;
    let contents = Some(Contents::of_valid(&wasm, inspection)?);
    Ok(Facts { file, contents, sizes })
}
