//! `Records`: what lock files, manifests and bundles record about assets.

use super::level::{Compatibility, Level};
use super::report::{
    ArtifactDiff, ArtifactFacts, AssetDiff, DiffStatus, FileFacts, RecordChange, SideKind,
};
use super::source::Source;
#[cfg(feature = "bundle")]
use crate::bundle::{is_bundle, unverified_manifest};
use crate::error::Error;
use crate::project::lock::{self, AssetRecords, LockRecords};
use crate::project::manifest::is_manifest;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wasmport::Digest;

/// The records of a lock file, manifest or bundle.
pub(super) struct Records {
    pub kind: SideKind,
    /// Records about the project, by key.
    pub project: BTreeMap<String, String>,
    /// Records about assets, by their names.
    pub assets: BTreeMap<String, Asset>,
    /// The files beside a manifest, by their path below its folder.
    pub files: BTreeMap<String, Source>,
}

/// The records of an asset.
#[derive(Clone, Default)]
pub(super) struct Asset {
    /// The digest of the source file.
    source: Option<Digest>,
    /// Other records, by key.
    records: BTreeMap<String, String>,
    /// The artifacts by target.
    artifacts: BTreeMap<String, Artifact>,
}

/// An artifact.
#[derive(Clone)]
struct Artifact {
    facts: ArtifactFacts,
    /// The path below the folder of the manifest.
    path: Option<String>,
}

/// Returns whether a file with this beginning is a lock file, manifest or bundle.
pub(super) fn are_records(start: &[u8]) -> bool {
    #[cfg(feature = "bundle")]
    if is_bundle(start) {
        return true;
    }
    lock::is_lock(start) || is_manifest(start)
}

/// Reads a lock file, manifest or bundle.
///
/// # Errors
///
/// Fails if it is damaged.
pub(super) fn of_file(path: &Path, bytes: &[u8]) -> Result<Records, Error> {
    #[cfg(feature = "bundle")]
    if is_bundle(bytes) {
        return of_bundle(path, bytes);
    }
    if lock::is_lock(bytes) {
        return of_lock(path, bytes);
    }
    of_manifest(path, bytes)
}

fn of_lock(path: &Path, bytes: &[u8]) -> Result<Records, Error> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let LockRecords { mut project, assets, pins } = lock::records(path, &text)?;
    for pin in pins {
        let key = |key: &str| format!("pin.{}.{key}", pin.file);
        project.extend([
            (key("reference"), pin.reference.clone()),
            (key("manifest"), pin.manifest.clone()),
            (key("blake3"), pin.blake3.to_string()),
            (key("cached"), pin.cached.to_string()),
        ]);
    }
    let asset = |AssetRecords { source, input, records, artifacts }| {
        let artifacts = artifacts.into_iter().map(|(target, blake3)| {
            (target, Artifact { facts: ArtifactFacts { bytes: None, blake3 }, path: None })
        });
        (source, Asset { source: Some(input), records, artifacts: artifacts.collect() })
    };
    let assets = assets.into_iter().map(asset).collect();
    Ok(Records { kind: SideKind::Lock, project, assets, files: BTreeMap::new() })
}

/// The parts of a manifest that are compared.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    engine: BTreeMap<String, Value>,
    assets: BTreeMap<String, ManifestAsset>,
}

#[derive(Deserialize)]
struct ManifestAsset {
    source_digest: Digest,
    settings: String,
    wasmtime: String,
    generator: String,
    #[serde(default)]
    features: Value,
    #[serde(default)]
    tools: BTreeMap<String, String>,
    #[serde(default)]
    skipped: Vec<String>,
    wrapper_digest: Digest,
    #[serde(default)]
    artifacts: Vec<ManifestArtifact>,
}

#[derive(Deserialize)]
struct ManifestArtifact {
    target: String,
    path: String,
    bytes: u64,
    blake3: Digest,
}

/// Reads the manifest of an output folder.
///
/// # Errors
///
/// Fails if it is damaged, or of another format.
pub(super) fn of_manifest(path: &Path, bytes: &[u8]) -> Result<Records, Error> {
    let parsed: Manifest = serde_json::from_slice(bytes).map_err(|e| {
        let message = format!(
            "`{}`: the manifest is damaged, or of another version of wasmport: {e}",
            path.display()
        );
        Error::arguments(message, "import again, with the version that reads it")
    })?;
    let engine = parsed.engine.iter().map(|(key, value)| (format!("engine.{key}"), text(value)));
    let assets = parsed.assets.into_iter().map(|(name, asset)| (name, of_entry(asset)));
    Ok(Records {
        kind: SideKind::Manifest,
        project: engine.collect(),
        assets: assets.collect(),
        files: BTreeMap::new(),
    })
}

fn of_entry(entry: ManifestAsset) -> Asset {
    let mut records = BTreeMap::from([
        ("settings".to_owned(), entry.settings),
        ("wasmtime".to_owned(), entry.wasmtime),
        ("generator".to_owned(), entry.generator),
        ("features".to_owned(), text(&entry.features)),
        ("wrapper".to_owned(), entry.wrapper_digest.to_string()),
    ]);
    records
        .extend(entry.tools.into_iter().map(|(tool, version)| (format!("tools.{tool}"), version)));
    if !entry.skipped.is_empty() {
        let _ = records.insert("skipped".to_owned(), entry.skipped.join(", "));
    }
    let artifact = |ManifestArtifact { target, path, bytes, blake3 }| {
        let facts = ArtifactFacts { bytes: Some(bytes), blake3 };
        (target, Artifact { facts, path: Some(path) })
    };
    let artifacts = entry.artifacts.into_iter().map(artifact).collect();
    Asset { source: Some(entry.source_digest), records, artifacts }
}

/// Reads the manifest of a bundle. Its signature is not verified: a comparison has no keys.
#[cfg(feature = "bundle")]
fn of_bundle(path: &Path, bytes: &[u8]) -> Result<Records, Error> {
    let found = unverified_manifest(bytes).map_err(|e| {
        let message = format!("`{}`: {e}", path.display());
        Error::arguments(message, "write or pull the bundle again")
    })?;
    let mut project = BTreeMap::from([("generation".to_owned(), found.generation.to_string())]);
    project.extend(found.expires.map(|at| ("expires".to_owned(), at.to_string())));
    let mut assets = BTreeMap::new();
    for asset in found.assets {
        let mut records = BTreeMap::from([
            ("wasmtime".to_owned(), asset.wasmtime.clone()),
            ("features".to_owned(), text(&asset.features)),
        ]);
        let engine = asset.engine.as_object().into_iter().flatten();
        records.extend(engine.map(|(key, value)| (format!("engine.{key}"), text(value))));
        let artifacts = asset.artifacts.into_iter().map(|artifact| {
            let facts = ArtifactFacts { bytes: Some(artifact.bytes), blake3: artifact.blake3 };
            (artifact.target, Artifact { facts, path: None })
        });
        let artifacts = artifacts.collect();
        let source = Some(asset.source_digest);
        // The first is that of the newest Wasmtime.
        let name = if assets.contains_key(&asset.name) {
            format!("{} (Wasmtime {})", asset.name, asset.wasmtime)
        } else {
            asset.name
        };
        let _ = assets.insert(name, Asset { source, records, artifacts });
    }
    Ok(Records { kind: SideKind::Bundle, project, assets, files: BTreeMap::new() })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Records {
    /// Returns the differences of records about the project.
    pub fn project_changes(&self, after: &Self) -> Vec<RecordChange> {
        changes(&self.project, &after.project)
    }
}

/// An artifact of both sides that differs: its target, and its paths below the folders of the manifests.
pub(super) struct ArtifactPair<'a> {
    pub target: &'a str,
    pub paths: [Option<&'a str>; 2],
}

/// Compares what is recorded about an asset.
pub(super) fn compare(
    path: &str,
    kind: SideKind,
    before: Option<&Asset>,
    after: Option<&Asset>,
) -> AssetDiff {
    let empty = Asset::default();
    let (old, new) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
    let (records, artifacts) = (changes(&old.records, &new.records), artifacts(old, new));
    let is_same_source = old.source == new.source;
    let status = match (before, after) {
        (None, _) => DiffStatus::Added,
        (_, None) => DiffStatus::Removed,
        _ if is_same_source && records.is_empty() && artifacts.is_empty() => DiffStatus::Same,
        _ => DiffStatus::Changed,
    };
    let mut diff = AssetDiff::new(path, status);
    (diff.before, diff.after) = (before.and_then(facts), after.and_then(facts));
    // The interface of another source is not known.
    let verdict = match status {
        DiffStatus::Added => Some((Compatibility::Compatible, Some(Level::Minor))),
        DiffStatus::Removed => Some((Compatibility::Breaks, Some(Level::Major))),
        DiffStatus::Same => Some((Compatibility::Compatible, None)),
        _ if !is_same_source => None,
        _ if kind == SideKind::Bundle && !needs_recompile(&records) => {
            Some((Compatibility::Compatible, Some(Level::Patch)))
        }
        _ => Some((Compatibility::NeedsRecompile, Some(Level::Patch))),
    };
    if let Some((compatibility, level)) = verdict {
        (diff.contents.compatibility, diff.contents.level) = (Some(compatibility), level);
    }
    (diff.records, diff.artifacts) = (records, artifacts);
    diff
}

/// Returns whether a program must be compiled again to load artifacts with these differences from a bundle: if the engine
/// or Wasmtime's major version differs.
fn needs_recompile(records: &[RecordChange]) -> bool {
    let major = |version: &Option<String>| {
        version.as_deref().and_then(|version| version.split('.').next().map(str::to_owned))
    };
    records.iter().any(|record| {
        record.key.starts_with("engine.")
            || record.key == "wasmtime" && major(&record.before) != major(&record.after)
    })
}

/// Returns the artifacts of both sides that differ.
pub(super) fn differing<'a>(before: &'a Asset, after: &'a Asset) -> Vec<ArtifactPair<'a>> {
    let pair = |(target, old): (&'a String, &'a Artifact)| {
        let new = after.artifacts.get(target)?;
        let paths = [old.path.as_deref(), new.path.as_deref()];
        (old.facts != new.facts).then_some(ArtifactPair { target, paths })
    };
    before.artifacts.iter().filter_map(pair).collect()
}

fn artifacts(before: &Asset, after: &Asset) -> Vec<ArtifactDiff> {
    let targets: BTreeSet<&String> =
        before.artifacts.keys().chain(after.artifacts.keys()).collect();
    let facts = |asset: &Asset, target: &String| asset.artifacts.get(target).map(|a| a.facts);
    let diff = |target: &String| {
        let (before, after) = (facts(before, target), facts(after, target));
        let target = target.clone();
        (before != after).then_some(ArtifactDiff { target, before, after, sizes: None })
    };
    targets.into_iter().filter_map(diff).collect()
}

fn facts(asset: &Asset) -> Option<FileFacts> {
    Some(FileFacts { kind: None, bytes: None, blake3: Some(asset.source?) })
}

/// Returns the records that differ.
fn changes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<RecordChange> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |key: &String| {
        let (before, after) = (before.get(key).cloned(), after.get(key).cloned());
        (before != after).then(|| RecordChange { key: key.clone(), before, after })
    };
    keys.into_iter().filter_map(change).collect()
}
