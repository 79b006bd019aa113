//! `wasmport.json`: what an import produced, so that the next one and `check` know what is there.

use crate::error::Error;
use crate::fs;
use crate::names;
use crate::report::Kind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use wasmport::engine::{RequiredFeatures, Target};
use wasmport::{Digest, EngineConfig};

/// The manifest's name in the output folder.
pub(crate) const FILE: &str = "wasmport.json";

/// The folder of artifacts in the output folder.
pub(crate) const ARTIFACTS: &str = "artifacts";

/// The version of a program that was not there.
pub(crate) const NO_TOOL: &str = "none";

/// A manifest of another format is as good as none: everything is imported again.
const FORMAT: u32 = 2;

/// What is in an output folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The engine configuration of the last import.
    pub engine: EngineConfig,
    /// By asset name.
    pub assets: BTreeMap<String, Entry>,
    /// The `mod.rs` files.
    pub tree: BTreeMap<String, Digest>,
    /// Of the file that it was read from.
    #[serde(skip)]
    pub digest: Option<Digest>,
}

/// One imported asset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The source file below its root.
    pub source: String,
    /// The digest of the source file.
    pub source_digest: Digest,
    /// The digest of everything that the outputs depend on but the source and Wasmtime's version.
    pub settings: Digest,
    /// The exact version of Wasmtime that compiled it.
    pub wasmtime: String,
    /// The version of the generator, and the beginning of its source's digest.
    pub generator: String,
    /// The Rust modules that lead to the wrapper.
    pub module: Vec<String>,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// The wasm features it uses.
    pub features: RequiredFeatures,
    /// The programs that had a part in it, with their versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
    /// The targets that cannot run it and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Target>,
    /// Its artifacts.
    pub artifacts: Vec<ArtifactEntry>,
    /// The wrapper's path in the output folder.
    pub wrapper: String,
    /// The wrapper's digest.
    pub wrapper_digest: Digest,
    /// What it imports and exports, for those who read the manifest. Here it stays the text it is;
    /// in an outline it is null.
    pub interface: Box<RawValue>,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// What it is for.
    pub target: Target,
    /// Its path in the output folder.
    pub path: String,
    /// Its length in bytes, as it is stored.
    pub bytes: u64,
    /// Its digest, as it is stored.
    pub blake3: Digest,
    /// Its length in bytes after decompression, where it is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<u64>,
}

impl Entry {
    /// Whether module path and outputs are those of an asset of this name.
    fn is_of(&self, name: &str) -> bool {
        !self.module.is_empty()
            && self.module.iter().all(|ident| names::is_identifier(ident))
            && self.module.iter().eq(name.split('/'))
            && self.wrapper.strip_suffix(".rs") == Some(name)
    }

    /// Whether it was imported for these targets: it has their artifacts, but for those left out.
    pub(crate) fn is_for(&self, targets: &[Target]) -> bool {
        let wanted = targets.iter().filter(|target| !self.skipped.contains(target));
        self.artifacts.iter().map(|artifact| &artifact.target).eq(wanted)
            && self.skipped.iter().all(|skipped| targets.contains(skipped))
    }

    /// The paths and digests of all outputs.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, Digest)> {
        let wrapper = (self.wrapper.as_str(), self.wrapper_digest);
        self.artifacts.iter().map(|a| (a.path.as_str(), a.blake3)).chain([wrapper])
    }
}

impl Manifest {
    pub(crate) fn new(engine: EngineConfig) -> Self {
        Self { format: FORMAT, engine, ..Self::default() }
    }

    /// The manifest in `folder`; an empty one where there is none that this version can read.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let bytes = fs::read_if_there(&folder.join(FILE))?.unwrap_or_default();
        Ok(Self::parse(&bytes, Digest::of(&bytes)))
    }

    /// The manifest in a text, of a file of this digest; an empty one where this version cannot read it.
    pub(crate) fn parse(bytes: &[u8], digest: Digest) -> Self {
        // At once and not string by string.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let manifest: Option<Self> = serde_json::from_str(text).ok();
        let mut manifest = manifest.filter(|m| m.format == FORMAT).unwrap_or_default();
        // Someone may have changed it by hand, or merged it badly: what no import writes is not used.
        manifest.assets.retain(|name, entry| entry.is_of(name));
        manifest.digest = Some(digest);
        manifest
    }

    /// The manifest without interfaces, which take most of the time to parse it and which a run that
    /// finds nothing to do does not need.
    pub(crate) fn outline(&self) -> Vec<u8> {
        let mut outline = self.clone();
        for entry in outline.assets.values_mut() {
            entry.interface = RawValue::NULL.to_owned();
        }
        // As in `to_json`.
        serde_json::to_vec(&outline).unwrap_or_default()
    }

    /// What it was imported for.
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

    /// Whether a source file in the output folder is of this import.
    pub(crate) fn owns(&self, path: &str) -> bool {
        let name = path.strip_suffix(".rs");
        name.is_some_and(|name| self.assets.contains_key(name)) || self.tree.contains_key(path)
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and maps with string keys: nothing that JSON lacks.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// All outputs that it names, but the manifest itself.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, Digest)> {
        let tree = self.tree.iter().map(|(path, digest)| (path.as_str(), *digest));
        self.assets.values().flat_map(Entry::outputs).chain(tree)
    }
}

/// The path of an output, or nothing where a manifest that someone changed leads out of the folder.
pub(crate) fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| folder.join(path))
}
