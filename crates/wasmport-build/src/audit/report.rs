//! `AuditReport`: the results of an audit, which serialize as the document of `cargo wasmport audit --format json`.

use super::rank::Rank;
use serde::Serialize;
use std::path::PathBuf;
use wasmport::Digest;

/// The results of an audit.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AuditReport {
    /// The database of advisories.
    pub database: DatabaseReport,
    /// The files that contain or describe artifacts, in the order of the arguments and of names below folders.
    pub files: Vec<FileReport>,
    /// The advisories about the compilers, in the order of their names.
    pub advisories: Vec<AdvisoryReport>,
    /// Files that cannot be read, or are damaged.
    pub errors: Vec<String>,
    /// Numbers of files and assets.
    pub summary: AuditSummary,
}

/// A database of advisories.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DatabaseReport {
    /// The folder.
    pub path: PathBuf,
    /// The number of advisories about all crates.
    pub advisories: usize,
    /// The date of the newest advisory, such as `2026-10-02`.
    pub newest: Option<String>,
}

/// A file that contains or describes artifacts.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// The kind of file, by its content.
    pub kind: FileKind,
    /// Whether the signature of a bundle was verified; null for other files.
    pub signature: Option<Signature>,
    /// The assets, in the order of their names.
    pub assets: Vec<AssetReport>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum FileKind {
    /// A lock file, such as `wasmport.lock`.
    Lock,
    /// The manifest of an output folder, `wasmport.json`.
    Manifest,
    /// A signed bundle.
    Bundle,
    /// An artifact, raw or compressed.
    Artifact,
    /// A program, or any other file, which may contain artifacts.
    Program,
}

impl FileKind {
    /// Returns its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock file",
            Self::Manifest => "manifest",
            Self::Bundle => "bundle",
            Self::Artifact => "artifact",
            Self::Program => "program",
        }
    }
}

/// Whether a signature was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Signature {
    /// It was not: an audit has no keys.
    NotVerified,
}

/// An asset that one version of Wasmtime compiled.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AssetReport {
    /// The name, or the source file if a lock file has the asset; null if it is unknown.
    pub name: Option<String>,
    /// The version of Wasmtime that compiled it, such as `48.0.8`, or a major version, such as `48`.
    pub wasmtime: String,
    /// Whether the version is exact. If it is not, advisories about any release of the major version count.
    pub exact: bool,
    /// The artifacts.
    pub artifacts: Vec<ArtifactReport>,
    /// Whether advisories are about the compiler.
    pub status: AuditStatus,
    /// The names of the advisories.
    pub advisories: Vec<String>,
    /// The oldest version of Wasmtime to import with again; null if the asset is not affected, or no release is known.
    pub rebuild_with: Option<String>,
}

/// An artifact.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ArtifactReport {
    /// The target; null if it is unknown.
    pub target: Option<String>,
    /// The digest of the stored bytes.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub blake3: Digest,
}

/// Whether advisories are about a compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum AuditStatus {
    /// No advisory is about the compiler of any file.
    Clean,
    /// Only advisories that inform are.
    Informed,
    /// Some are.
    Affected,
}

/// An advisory.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AdvisoryReport {
    /// The name, such as `RUSTSEC-2026-0326`.
    pub id: String,
    /// Its names elsewhere, such as those of CVE.
    pub aliases: Vec<String>,
    /// The crate.
    pub package: String,
    /// The title.
    pub title: String,
    /// The date, such as `2026-10-02`.
    pub date: String,
    /// The severity by CVSS: `none`, `low`, `medium`, `high` or `critical`; null if nobody has scored it.
    pub severity: Option<String>,
    /// Whether it is about generated code, by a table of wasmport.
    pub rank: Rank,
    /// Its kind, such as `unsound`, if it only informs.
    pub informational: Option<String>,
    /// The patched versions of the crate.
    pub patched: Vec<String>,
    /// The versions of the crate that never had the fault.
    pub unaffected: Vec<String>,
    /// The page that announced it, else its page at rustsec.org.
    pub url: String,
}

/// Numbers of files and assets.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AuditSummary {
    /// The files that were read.
    pub files: usize,
    /// The assets in them, each counted once per file.
    pub assets: usize,
    /// The assets with advisories.
    pub affected: usize,
}

/// Returns the JSON schema of a serialized [`AuditReport`].
#[cfg(feature = "schema")]
#[must_use]
pub fn audit_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07().for_serialize();
    let generator = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    let mut schema = generator.into_root_schema_for::<AuditReport>();
    schema.insert("title".into(), "Report of `cargo wasmport audit`".into());
    schema.to_value()
}
