//! `wasmport.json`: the outputs of an import, for the next import and for `check`.

use crate::asset::Kind;
use crate::error::Error;
use crate::fs;
use crate::names;
use crate::report::{ArtifactReport, AssetReport, Status};
use crate::settings::Settings;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use wasmport::engine::{RequiredFeatures, Target};
use wasmport::{Digest, EngineConfig};

/// The manifest's name in the output folder.
pub(crate) const FILE: &str = "wasmport.json";

/// The folder of artifacts in the output folder.
pub(crate) const ARTIFACTS: &str = "artifacts";

/// The recorded version of a program that was missing.
pub(crate) const NO_TOOL: &str = "none";

/// The format. A manifest of another format is ignored: everything is imported again.
const FORMAT: u32 = 2;

/// The content of an output folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The engine configuration of the last import.
    pub engine: EngineConfig,
    /// The path of the `wasmport` crate in the `mod.rs` files, if it is not the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crate_path: Option<String>,
    /// The entries by asset name. A run shares those of the run before.
    pub assets: BTreeMap<String, SharedEntry>,
    /// The digests of the `mod.rs` files, by path.
    pub tree: BTreeMap<String, Digest>,
    /// The digest of the file that it was read from.
    #[serde(skip)]
    pub digest: Option<Digest>,
    /// The damage of the file, if it is not JSON.
    #[serde(skip)]
    pub damage: Option<String>,
}

/// One imported asset, without a copy in each manifest that has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Entry")]
pub struct SharedEntry(Arc<Entry>);

impl Deref for SharedEntry {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.0
    }
}

impl From<Entry> for SharedEntry {
    fn from(entry: Entry) -> Self {
        Self(Arc::new(entry))
    }
}

impl Serialize for SharedEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// One imported asset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The source file below its root.
    pub source: String,
    /// The digest of the source file; text is read with Unix line ends.
    pub source_digest: Digest,
    /// The digest of everything that the outputs depend on except the source and the tools' versions.
    pub settings: Digest,
    /// The beginnings of the digests of the settings and files behind `settings` that are not defaults, by
    /// name: they explain a difference, and decide nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deciding: Option<BTreeMap<String, String>>,
    /// The exact version of Wasmtime that compiled it.
    pub wasmtime: String,
    /// The version of the importer, and the beginnings of its sources' digests.
    pub generator: String,
    /// The Rust modules that lead to the wrapper.
    pub module: Vec<String>,
    /// Whether it is an interface, which has no artifacts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_interface: bool,
    /// The kind of WebAssembly.
    #[serde(default)]
    pub kind: Kind,
    /// The wasm features it uses.
    pub features: RequiredFeatures,
    /// Whether its source, or a component that is composed with it, needs an engine with concurrency.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub concurrency: bool,
    /// The programs that stages ran, with their versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
    /// The targets that cannot run the asset and were skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Target>,
    /// The artifacts.
    pub artifacts: Vec<ArtifactEntry>,
    /// The wrapper's path in the output folder.
    pub wrapper: String,
    /// The wrapper's digest.
    pub wrapper_digest: Digest,
    /// The imports and exports, for readers of the manifest. It is kept as text; in a summary it is
    /// null.
    pub interface: Box<RawValue>,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// The target.
    pub target: Target,
    /// The path in the output folder.
    pub path: String,
    /// The stored length, in bytes.
    pub bytes: u64,
    /// The digest of the stored bytes.
    pub blake3: Digest,
    /// The length after decompression in bytes, if the artifact is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<u64>,
}

impl ArtifactEntry {
    /// Reports the artifact.
    pub fn report(&self) -> ArtifactReport {
        let Self { target, path, bytes, blake3, uncompressed } = self.clone();
        ArtifactReport { target, path, bytes, blake3, uncompressed }
    }
}

impl Entry {
    /// Returns whether module path and outputs are those of an asset of this name.
    fn is_of(&self, name: &str) -> bool {
        !self.module.is_empty()
            && self.module.iter().all(|ident| names::is_identifier(ident))
            && self.module.iter().eq(name.split('/'))
            && self.wrapper.strip_suffix(".rs") == Some(name)
            && self.artifacts.iter().all(|artifact| {
                let is_compressed = artifact.uncompressed.is_some();
                artifact.path == artifact_path(name, &artifact.target, is_compressed)
            })
    }

    /// Returns whether the asset was imported for these targets, skipped targets included.
    pub(crate) fn is_for(&self, targets: &[Target]) -> bool {
        if self.is_interface {
            return self.artifacts.is_empty();
        }
        let wanted = targets.iter().filter(|target| !self.skipped.contains(target));
        self.artifacts.iter().map(|artifact| &artifact.target).eq(wanted)
            && self.skipped.iter().all(|skipped| targets.contains(skipped))
    }

    /// Reports the asset as it is in the output folder.
    pub(crate) fn report(&self, name: &str, status: Status) -> AssetReport {
        let artifacts = self.artifacts.iter().map(ArtifactEntry::report).collect();
        AssetReport { artifacts, kind: self.kind, ..AssetReport::new(&self.source, name, status) }
    }

    /// Returns the paths and digests of all outputs.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, Digest)> {
        let wrapper = (self.wrapper.as_str(), self.wrapper_digest);
        self.artifacts.iter().map(|a| (a.path.as_str(), a.blake3)).chain([wrapper])
    }
}

impl Manifest {
    /// Creates an empty manifest.
    pub(crate) fn new(settings: &Settings) -> Self {
        let (engine, crate_path) = (settings.engine, settings.other_crate_path());
        Self { format: FORMAT, engine, crate_path, ..Self::default() }
    }

    /// Returns whether the `mod.rs` files are for these settings of the project.
    #[cfg(feature = "compiler")]
    pub(crate) fn is_of_project(&self, settings: &Settings) -> bool {
        self.engine == settings.engine && self.crate_path == settings.other_crate_path()
    }

    /// Reads the manifest in `folder`. It is empty if there is none that this version can read.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file exists and cannot be read.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let bytes = fs::read_optional(&folder.join(FILE))?.unwrap_or_default();
        Ok(Self::parse(&bytes, Digest::of(&bytes)))
    }

    /// Returns the digest of the manifest in `folder`: that of no bytes if it is missing.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file exists and cannot be read.
    pub(crate) fn digest_in(folder: &Path) -> Result<Digest, Error> {
        let bytes = fs::read_optional(&folder.join(FILE))?.unwrap_or_default();
        Ok(Digest::of(&bytes))
    }

    /// Parses the manifest in a file of this digest. It is empty if this version cannot read it.
    pub(crate) fn parse(bytes: &[u8], digest: Digest) -> Self {
        // One UTF-8 check for the whole text is faster than one per string.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let manifest: Option<Self> = serde_json::from_str(text).ok();
        let is_read = manifest.is_some() || bytes.is_empty();
        let mut manifest = manifest.filter(|m| m.format == FORMAT).unwrap_or_default();
        let damage = (!is_read).then(|| damage(bytes)).flatten();
        manifest.damage = damage.map(|why| format!("the manifest `{FILE}` is damaged, {why}"));
        // The file may be edited or merged badly: entries that no import writes are dropped.
        manifest.assets.retain(|name, entry| entry.is_of(name));
        manifest.tree.retain(|path, _| is_in_tree(path));
        manifest.digest = Some(digest);
        manifest
    }

    /// Serializes the manifest without interfaces. They take most of the time to parse, and a run
    /// without work does not need them.
    pub(crate) fn summary(&self) -> Vec<u8> {
        let mut summary = self.clone();
        for entry in summary.assets.values_mut() {
            Arc::make_mut(&mut entry.0).interface = RawValue::NULL.to_owned();
        }
        // JSON has strings, numbers and maps with string keys: serialization cannot fail.
        serde_json::to_vec(&summary).unwrap_or_default()
    }

    /// Returns the targets of all entries.
    #[cfg(feature = "compiler")]
    pub(crate) fn targets(&self) -> Vec<Target> {
        let mut targets: Vec<Target> = Vec::new();
        for entry in self.assets.values() {
            let artifacts = entry.artifacts.iter().map(|artifact| &artifact.target);
            for target in artifacts.chain(&entry.skipped) {
                if !targets.contains(target) {
                    targets.push(target.clone());
                }
            }
        }
        targets
    }

    /// Serializes the manifest.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // JSON has strings, numbers and maps with string keys: serialization cannot fail.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Returns the paths and digests of all outputs except the manifest.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, Digest)> {
        let tree = self.tree.iter().map(|(path, digest)| (path.as_str(), *digest));
        self.assets.values().flat_map(|entry| entry.outputs()).chain(tree)
    }
}

/// Returns the reason why the bytes are not JSON, or `None` if they are.
pub(crate) fn damage(bytes: &[u8]) -> Option<String> {
    let json: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(bytes);
    json.err().map(|why| format!("its JSON is broken: {why}"))
}

/// Returns the path of an artifact in the output folder.
pub(crate) fn artifact_path(name: &str, target: &Target, is_compressed: bool) -> String {
    let extension = if target.is_source() { "wasm" } else { "cwasm" };
    let compressed = if is_compressed { ".zst" } else { "" };
    format!("{ARTIFACTS}/{name}.{target}.{extension}{compressed}")
}

/// Returns whether the path is one of a `mod.rs` file of modules.
fn is_in_tree(path: &str) -> bool {
    let folder = path.strip_suffix("/mod.rs");
    path == "mod.rs" || folder.is_some_and(|folder| folder.split('/').all(names::is_identifier))
}

/// Returns whether a file with this beginning is a manifest of any format.
pub(crate) fn is_manifest(start: &[u8]) -> bool {
    let rest = start.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"\"format\":"))
}
