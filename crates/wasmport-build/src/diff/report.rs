//! `DiffReport`: the results of a comparison, which serialize as the document of `cargo wasmport diff --format json`.

use super::contents::{ContentsDiff, KindChange};
use super::denied::Denied;
use super::level::{Compatibility, Level};
use super::sizes::SizeDiff;
use crate::asset::Kind;
use serde::Serialize;
use wasmport::Digest;

/// The results of a comparison.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DiffReport {
    /// The earlier side.
    pub before: SideReport,
    /// The later side.
    pub after: SideReport,
    /// The assets, in the order of their paths.
    pub assets: Vec<AssetDiff>,
    /// Differences of lock files, manifests or bundles that are about no single asset.
    pub records: Vec<RecordChange>,
    /// The denied differences.
    pub denied: Vec<Denied>,
    /// Numbers of assets, and the meaning of all differences.
    pub summary: DiffSummary,
}

/// A side of a comparison.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SideReport {
    /// The argument.
    pub name: String,
    /// The kind of thing that it names.
    pub kind: SideKind,
}

/// The kind of thing that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SideKind {
    /// A module, component or artifact.
    File,
    /// A folder with modules and components.
    Folder,
    /// A lock file.
    Lock,
    /// The manifest of an output folder.
    Manifest,
    /// A bundle, whose signature is not verified.
    Bundle,
}

impl SideKind {
    /// Returns its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
            Self::Lock => "lock file",
            Self::Manifest => "manifest",
            Self::Bundle => "bundle",
        }
    }
}

/// The differences of one asset.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AssetDiff {
    /// The path below the compared folders, the source in a lock file, or the later of two files.
    pub path: String,
    /// The result.
    pub status: DiffStatus,
    /// The file before; null if it is new, or cannot be read.
    pub before: Option<FileFacts>,
    /// The file after; null if it was removed, or cannot be read.
    pub after: Option<FileFacts>,
    /// The kinds, if the file became another kind of WebAssembly.
    pub kind: Option<KindChange>,
    /// Differences of imports, exports, capabilities and needs.
    #[serde(flatten)]
    pub contents: ContentsDiff,
    /// Differences of sizes; null if they were not compared.
    pub sizes: Option<SizeDiff>,
    /// Differences of what a lock file, manifest or bundle records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordChange>,
    /// The artifacts of a lock file, manifest or bundle that differ, by target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactDiff>,
    /// The reason why the asset cannot be compared.
    pub error: Option<String>,
}

impl AssetDiff {
    /// Returns whether the two sides have other bytes.
    #[must_use]
    pub fn is_another_source(&self) -> bool {
        self.before.and_then(|file| file.blake3) != self.after.and_then(|file| file.blake3)
    }
}

/// The result of comparing an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum DiffStatus {
    /// Only the later side has it.
    Added,
    /// Only the earlier side has it.
    Removed,
    /// Both sides have it, with other contents.
    Changed,
    /// Both sides have the same contents.
    Same,
    /// It cannot be read or is not valid.
    Failed,
}

impl DiffStatus {
    /// Returns its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Failed => "failed",
        }
    }
}

/// A file of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FileFacts {
    /// The kind of WebAssembly; null if it is not known.
    pub kind: Option<Kind>,
    /// The length in bytes: of the binary format, and of an artifact after decompression; null if it is not known.
    pub bytes: Option<u64>,
    /// The digest of the file: of text with LF at the ends of lines; null if the file was not read.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub blake3: Option<Digest>,
}

/// A record that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RecordChange {
    /// The key, such as `wasmtime` or `tools.wasm-opt`.
    pub key: String,
    /// The value before; null if there was none.
    pub before: Option<String>,
    /// The value after; null if there is none.
    pub after: Option<String>,
}

/// An artifact that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ArtifactDiff {
    /// The target.
    pub target: String,
    /// The artifact before; null if there was none.
    pub before: Option<ArtifactFacts>,
    /// The artifact after; null if there is none.
    pub after: Option<ArtifactFacts>,
    /// Differences of sizes; null if an artifact is not beside its manifest, or they were not compared.
    pub sizes: Option<SizeDiff>,
}

/// An artifact of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ArtifactFacts {
    /// The stored length in bytes; null in a lock file.
    pub bytes: Option<u64>,
    /// The digest of the stored bytes.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub blake3: Digest,
}

/// Numbers of assets, and the meaning of all differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DiffSummary {
    /// The assets that only the later side has.
    pub added: usize,
    /// The assets that only the earlier side has.
    pub removed: usize,
    /// The assets with other contents.
    pub changed: usize,
    /// The assets with the same contents.
    pub same: usize,
    /// The assets that cannot be compared.
    pub failed: usize,
    /// The worst meaning for a program; null if it is not known of all assets.
    pub compatibility: Option<Compatibility>,
    /// The largest part of a version that is raised; null without a difference, or if it is not known.
    pub level: Option<Level>,
}

impl AssetDiff {
    pub(super) fn new(path: &str, status: DiffStatus) -> Self {
        Self {
            path: path.to_owned(),
            status,
            before: None,
            after: None,
            kind: None,
            contents: ContentsDiff::default(),
            sizes: None,
            records: Vec::new(),
            artifacts: Vec::new(),
            error: None,
        }
    }

    pub(super) fn failed(path: &str, error: String) -> Self {
        Self { error: Some(error), ..Self::new(path, DiffStatus::Failed) }
    }
}

impl DiffSummary {
    pub(super) fn of(assets: &[AssetDiff]) -> Self {
        let count = |status| assets.iter().filter(|asset| asset.status == status).count();
        // An asset of which nothing is known may be anything, unless another one breaks programs anyhow.
        let known = assets.iter().map(|asset| asset.contents.compatibility);
        let worst = known.clone().flatten().max();
        let is_whole = known.clone().all(|known| known.is_some());
        let is_certain = is_whole || worst == Some(Compatibility::Breaks);
        Self {
            added: count(DiffStatus::Added),
            removed: count(DiffStatus::Removed),
            changed: count(DiffStatus::Changed),
            same: count(DiffStatus::Same),
            failed: count(DiffStatus::Failed),
            compatibility: worst.filter(|_| is_certain),
            level: assets.iter().filter_map(|a| a.contents.level).max().filter(|_| is_certain),
        }
    }
}

/// Returns the JSON schema of a serialized [`DiffReport`].
#[cfg(feature = "schema")]
#[must_use]
pub fn diff_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07().for_serialize();
    let generator = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    let mut schema = generator.into_root_schema_for::<DiffReport>();
    schema.insert("title".into(), "Report of `cargo wasmport diff`".into());
    schema.to_value()
}
