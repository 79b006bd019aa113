//! `Report`: what a run did, for people and for programs.

mod document;

#[cfg(feature = "schema")]
pub use document::report_schema;

use crate::discover::Found;
use crate::error::AssetError;
use crate::error::Stage;
use crate::manifest::{ArtifactEntry, Entry};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wasmport::Digest;
use wasmport::engine::Target;

/// What kind of WebAssembly a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A core module.
    #[default]
    Module,
    /// A component.
    Component,
}

impl Kind {
    /// `module` or `component`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Component => "component",
        }
    }

    /// Told by the layer in the binary's header.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let is_component = bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0]);
        if is_component { Self::Component } else { Self::Module }
    }
}

/// What became of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// Imported in this run.
    Imported,
    /// Its outputs are up to date.
    Unchanged,
    /// Its outputs do not belong to its source any more (`check` and `import --verify` only).
    Stale,
    /// It has an error.
    Failed,
}

/// One asset of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssetReport {
    /// The source file below its root.
    pub source: String,
    /// The asset's name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What became of it.
    pub status: Status,
    /// Why it failed.
    pub error: Option<AssetError>,
    /// Why it is stale, in one line or more.
    pub stale: Option<String>,
    /// Its artifacts.
    pub artifacts: Vec<ArtifactReport>,
    /// What each stage did, in order, where it was imported in this run.
    pub stages: Vec<StageReport>,
    /// On the way into [`Report::warnings`].
    pub(crate) warnings: Vec<String>,
}

impl AssetReport {
    fn new(source: &str, name: &str, status: Status) -> Self {
        Self {
            source: source.into(),
            name: name.into(),
            kind: Kind::Module,
            status,
            error: None,
            stale: None,
            artifacts: Vec::new(),
            stages: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// An asset of which there is what the manifest says.
    pub(crate) fn of_entry(entry: &Entry, name: &str, status: Status) -> Self {
        let artifacts = entry.artifacts.iter().map(ArtifactReport::from).collect();
        Self { artifacts, kind: entry.kind, ..Self::new(&entry.source, name, status) }
    }

    /// An asset that failed.
    pub(crate) fn failed(found: &Found, kind: Kind, error: AssetError) -> Self {
        let report = Self::new(&found.source, &found.name(), Status::Failed);
        Self { kind, error: Some(error), ..report }
    }

    /// A place that could not be searched.
    pub(crate) fn of_failure((source, error): &(String, AssetError)) -> Self {
        Self { error: Some(error.clone()), ..Self::new(source, source, Status::Failed) }
    }

    /// An asset whose output does not belong to its source any more.
    pub(crate) fn stale(source: &str, name: &str, why: String) -> Self {
        Self { stale: Some(why), ..Self::new(source, name, Status::Stale) }
    }

    /// Makes stale what differs from something, if it does; says in what, a line for each.
    pub(crate) fn differs(&mut self, differences: &[String], what: &str) {
        if !differences.is_empty() && self.status != Status::Failed {
            let former = self.stale.take().map(|why| why + "\n").unwrap_or_default();
            self.stale = Some(format!("{former}{what}:\n{}", differences.join("\n")));
            self.status = Status::Stale;
        }
    }
}

/// What one stage did to an asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// The target, where it is done for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub target: Option<Target>,
    /// The length of what it was given, in bytes.
    pub before: u64,
    /// The length of what it gave, in bytes.
    pub after: u64,
    /// How long it took.
    pub seconds: f64,
    /// Whether it was done before, and its result was in the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// What did it, such as a program and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl StageReport {
    pub(crate) fn new(stage: Stage, before: usize, after: usize, took: Duration) -> Self {
        Self {
            stage,
            target: None,
            before: before as u64,
            after: after as u64,
            seconds: took.as_secs_f64(),
            cached: false,
            by: None,
            skipped: None,
        }
    }
}

/// One artifact of an asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ArtifactReport {
    /// What it is for.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub target: Target,
    /// Its path in the output folder.
    pub path: String,
    /// Its length in bytes, as it is stored.
    pub bytes: u64,
    /// Its digest, as it is stored.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub blake3: Digest,
    /// Its length in bytes after decompression, where it is compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<u64>,
}

impl From<&ArtifactEntry> for ArtifactReport {
    fn from(entry: &ArtifactEntry) -> Self {
        let ArtifactEntry { target, path, bytes, blake3, uncompressed } = entry.clone();
        Self { target, path, bytes, blake3, uncompressed }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Every asset, in the order of the sources.
    pub assets: Vec<AssetReport>,
    /// The sources whose outputs were removed, because they are gone.
    pub removed: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// What the user should know although it is no error.
    pub warnings: Vec<String>,
}

impl Report {
    /// How many assets have `status`.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.assets.iter().filter(|asset| asset.status == status).count()
    }

    /// Those that failed, with their errors.
    pub fn failures(&self) -> impl Iterator<Item = (&AssetReport, &AssetError)> {
        self.assets.iter().filter_map(|asset| Some((asset, asset.error.as_ref()?)))
    }
}

impl Report {
    /// Makes stale what has no artifact for the target of a build: its program could not run.
    pub(crate) fn require_target(&mut self, target: &str) {
        let Ok(target) = target.parse::<Target>() else { return };
        let fits = |artifact: &ArtifactReport| {
            artifact.target.has_triple_of(&target) || artifact.target.triple().is_none()
        };
        for asset in self.assets.iter_mut().filter(|asset| asset.status == Status::Unchanged) {
            if !asset.artifacts.iter().any(fits) {
                asset.status = Status::Stale;
                asset.stale =
                    Some(format!("it has no artifact for {target}: import with `--target`"));
            }
        }
    }
}
