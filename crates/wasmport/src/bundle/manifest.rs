//! `BundleManifest`: what a bundle contains, as JSON that its producer signs.

use crate::digest::Digest;
pub use crate::sha256::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// The format. A program refuses a bundle of another.
pub const FORMAT: u32 = 1;

/// The name of the manifest in the archive, where it is the first entry.
pub const MANIFEST: &str = "wasmport-bundle.json";

/// The name of its signature, the second entry: minisign verifies the manifest with it too.
pub const SIGNATURE: &str = "wasmport-bundle.json.minisig";

/// The folder of the blobs, by their digests.
pub const BLOBS: &str = "blobs/";

/// The contents of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleManifest {
    /// The format.
    pub format: u32,
    /// A number that only rises: programs refuse bundles older than they want.
    pub generation: u64,
    /// The time after which the bundle counts no more, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// The assets, in the order of their names and of the releases that compiled them, the newest first.
    pub assets: Vec<BundledAsset>,
}

impl BundleManifest {
    /// Returns whether the bundle counts no more.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        let at = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        self.expires.and_then(at).is_some_and(|expires| expires <= SystemTime::now())
    }

    /// Returns whether one of the assets was compiled from one of these contents of a registry.
    #[must_use]
    pub fn is_of(&self, contents: &[Sha256]) -> bool {
        let mut sources = self.assets.iter().filter_map(|asset| asset.source_sha256);
        sources.any(|source| contents.contains(&source))
    }
}

/// An asset that one release of Wasmtime compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledAsset {
    /// The name.
    pub name: String,
    /// The source file below its root.
    pub source: String,
    /// The digest of the source.
    pub source_digest: Digest,
    /// The digest by which registries name the source; of text, that of the binary that it means. It binds the bundle to
    /// the module or component in a registry that it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sha256: Option<Sha256>,
    /// The exact version of Wasmtime that compiled it.
    pub wasmtime: String,
    /// The engine configuration that it was compiled with. Another version may have other settings, so that it is read
    /// when the version is known.
    pub engine: Value,
    /// The proposals that it uses.
    pub features: Value,
    /// The artifacts, one for each target.
    pub artifacts: Vec<BundledArtifact>,
}

/// An artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledArtifact {
    /// The target.
    pub target: String,
    /// The stored length in bytes.
    pub bytes: u64,
    /// The digest of the stored bytes, which names the blob.
    pub blake3: Digest,
    /// The length after decompression in bytes, if it is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<u64>,
}
