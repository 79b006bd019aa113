//! The JSON document of a report, printed by `--format json`.

use super::{ArtifactReport, AssetReport, MissingItem, PartReport, Report, StageReport, Status};
use crate::asset::{Kind, Stage};
use serde::{Serialize, Serializer};

/// The results of a run.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Document<'a> {
    /// The assets, in the order of the sources.
    assets: Vec<Asset<'a>>,
    /// Warnings about the run as a whole and its assets.
    warnings: &'a [String],
    /// The part of the import that this run compiled, if it compiled a part alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<PartReport>,
    /// The artifacts that a merge needs, and the cache does not have.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing: &'a [MissingItem],
    /// Number of assets by status.
    summary: Summary,
}

/// The result of one asset.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Asset<'a> {
    /// The source file below its import root.
    source: &'a str,
    /// The asset's name.
    name: &'a str,
    /// The kind of WebAssembly.
    kind: Kind,
    /// The result.
    status: Status,
    /// The reason why the asset failed or is stale.
    error: Option<String>,
    /// The stage that failed.
    stage: Option<Stage>,
    /// The artifacts.
    artifacts: &'a [ArtifactReport],
    /// The stages of this run, in order.
    stages: &'a [StageReport],
}

/// Number of assets by status, and the duration of the run.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Summary {
    imported: usize,
    unchanged: usize,
    stale: usize,
    failed: usize,
    /// The number of items that a part has compiled.
    #[serde(skip_serializing_if = "is_zero")]
    compiled: usize,
    /// The duration of the run in seconds.
    seconds: f64,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl<'a> From<&'a AssetReport> for Asset<'a> {
    fn from(asset: &'a AssetReport) -> Self {
        let error = asset.error.as_ref();
        Self {
            source: &asset.source,
            name: &asset.name,
            kind: asset.kind,
            status: asset.status,
            error: error.map(ToString::to_string).or_else(|| asset.stale.clone()),
            stage: error.map(|error| error.stage),
            artifacts: &asset.artifacts,
            stages: &asset.stages,
        }
    }
}

impl Serialize for AssetReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Asset::from(self).serialize(serializer)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = Document {
            assets: self.assets.iter().map(Asset::from).collect(),
            warnings: &self.warnings,
            part: self.part,
            missing: &self.missing,
            summary: Summary {
                imported: self.count(Status::Imported),
                unchanged: self.count(Status::Unchanged),
                stale: self.count(Status::Stale),
                failed: self.count(Status::Failed),
                compiled: self.count(Status::Compiled),
                seconds: self.seconds,
            },
        };
        document.serialize(serializer)
    }
}

/// Returns the JSON schema of a serialized [`Report`].
#[cfg(feature = "schema")]
#[must_use]
pub fn report_schema() -> serde_json::Value {
    schema_of::<Document<'_>>("Report of `cargo wasmport import` and `check`")
}

/// Returns the JSON schema of a document with a title.
#[cfg(feature = "schema")]
pub(crate) fn schema_of<T: schemars::JsonSchema>(title: &str) -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07().for_serialize();
    let generator = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    schema.to_value()
}
