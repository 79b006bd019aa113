//! `Report`: the result of a run, for people and for programs.

mod document;

#[cfg(feature = "schema")]
pub use document::report_schema;
#[cfg(all(feature = "schema", feature = "compiler"))]
pub(crate) use document::schema_of;

use crate::asset::{AssetError, Kind, Stage};
use crate::partition::Partition;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmport::Digest;
use wasmport::engine::Target;

/// The result of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// Imported in this run.
    Imported,
    /// Its outputs are up to date.
    Unchanged,
    /// Its outputs do not belong to its source (`check` and `import --reproduce` only).
    Stale,
    /// Its import failed.
    Failed,
    /// The artifacts of this part are in the cache (`import --partition` only).
    Compiled,
}

/// One asset of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssetReport {
    /// The source file below its root.
    pub source: String,
    /// The source file, if it was found.
    pub path: Option<PathBuf>,
    /// The asset's name.
    pub name: String,
    /// The kind of WebAssembly.
    pub kind: Kind,
    /// The result.
    pub status: Status,
    /// The reason why it failed.
    pub error: Option<AssetError>,
    /// The reason why it is stale, in one line or more.
    pub stale: Option<String>,
    /// The artifacts.
    pub artifacts: Vec<ArtifactReport>,
    /// The stages in order, if the asset was imported in this run.
    pub stages: Vec<StageReport>,
    /// Warnings, until they are moved into [`Report::warnings`].
    pub(crate) warnings: Vec<String>,
    /// The targets without an artifact, until they are moved into [`Report::missing`].
    pub(crate) missing: Vec<Target>,
}

impl AssetReport {
    pub(crate) fn new(source: &str, name: &str, status: Status) -> Self {
        Self {
            source: source.into(),
            path: None,
            name: name.into(),
            kind: Kind::Module,
            status,
            error: None,
            stale: None,
            artifacts: Vec::new(),
            stages: Vec::new(),
            warnings: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Adds the path of the source file.
    pub(crate) fn at(self, path: &Path) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// Reports a place that was not searched, or an asset of which nothing but its source is known.
    pub(crate) fn of_failure((source, error): &(String, AssetError)) -> Self {
        Self { error: Some(error.clone()), ..Self::new(source, source, Status::Failed) }
    }

    /// Reports an asset whose output does not belong to its source.
    pub(crate) fn stale(source: &str, name: &str, why: String) -> Self {
        Self { stale: Some(why), ..Self::new(source, name, Status::Stale) }
    }

    /// Makes the asset stale if there are differences, and adds a line for each.
    pub(crate) fn add_differences(&mut self, differences: &[String], heading: &str) {
        if !differences.is_empty() && self.status != Status::Failed {
            let earlier = self.stale.take().map(|why| why + "\n").unwrap_or_default();
            self.stale = Some(format!("{earlier}{heading}:\n{}", differences.join("\n")));
            self.status = Status::Stale;
        }
    }
}

/// One stage of the import of an asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// The target, for a stage that runs once per target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub target: Option<Target>,
    /// The length of the stage's input, in bytes.
    pub before: u64,
    /// The length of the stage's output, in bytes.
    pub after: u64,
    /// The duration, in seconds.
    pub seconds: f64,
    /// Whether the result came from the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// The program or pass that did the work, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The reason why the stage was skipped.
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
    /// The target.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub target: Target,
    /// The path in the output folder.
    pub path: String,
    /// The stored length, in bytes.
    pub bytes: u64,
    /// The digest of the stored bytes.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub blake3: Digest,
    /// The length after decompression in bytes, if the artifact is compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<u64>,
}

/// The part of an import that a run compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PartReport {
    /// The part, from 1.
    pub part: u32,
    /// The number of parts.
    pub parts: u32,
    /// The number of items of this part: assets with a target each.
    pub items: usize,
    /// The number of items of all parts.
    pub of: usize,
    /// The number of items of this part that were in the cache.
    pub cached: usize,
}

/// An artifact that a merge needs, and the cache does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MissingItem {
    /// The source file below its root.
    pub source: String,
    /// The target.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub target: Target,
    /// The part that compiles it, such as `2/4`, if the number of parts is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub part: Option<Partition>,
}

impl std::fmt::Display for MissingItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { target, part, .. } = self;
        write!(f, "{target}")?;
        part.map_or(Ok(()), |part| write!(f, " (part {part})"))
    }
}

/// The result of a run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// All assets, ordered by source.
    pub assets: Vec<AssetReport>,
    /// The removed sources whose outputs this run removed.
    pub removed: Vec<String>,
    /// The duration, in seconds.
    pub seconds: f64,
    /// Warnings.
    pub warnings: Vec<String>,
    /// The part of the import that this run compiled, if it compiled a part alone.
    pub part: Option<PartReport>,
    /// The artifacts that are missing in the cache. A merge that misses one writes nothing.
    pub missing: Vec<MissingItem>,
}

impl Report {
    /// Counts the assets with `status`.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.assets.iter().filter(|asset| asset.status == status).count()
    }

    /// Returns the assets that failed, with their errors.
    pub fn failures(&self) -> impl Iterator<Item = (&AssetReport, &AssetError)> {
        self.assets.iter().filter_map(|asset| Some((asset, asset.error.as_ref()?)))
    }
}

impl Report {
    /// Makes each asset stale that has no artifact for the target of a build.
    pub(crate) fn require_target(&mut self, target: &Target) {
        let fits = |artifact: &ArtifactReport| {
            artifact.target.has_triple_of(target) || artifact.target.triple().is_none()
        };
        for asset in self.assets.iter_mut().filter(|asset| asset.status == Status::Unchanged) {
            if !asset.artifacts.iter().any(fits) {
                asset.status = Status::Stale;
                asset.stale = Some(format!(
                    "it has no artifact for {target}: import with `--target {target}`"
                ));
            }
        }
    }
}
