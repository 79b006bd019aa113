//! `Manifest` and `Index`: what registries name by tags, as JSON of the OCI.

use crate::sha256::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Types of contents.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(super) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The architecture of WebAssembly in an image for several platforms.
pub const ARCHITECTURE: &str = "wasm";

/// The type of a content without bytes, and the content.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub const EMPTY_CONTENT: &[u8] = b"{}";

/// The type of bundles: of the artifact and of its one layer.
pub const BUNDLE: &str = "application/vnd.wasmport.bundle.v1";
pub const BUNDLE_LAYER: &str = "application/vnd.wasmport.bundle.v1.tar";

/// The annotations of a bundle in its manifest. Nobody has signed them: they help to choose.
pub const GENERATION: &str = "io.github.wasmport.bundle.generation";
pub const EXPIRES: &str = "io.github.wasmport.bundle.expires";
pub const WASMTIME: &str = "io.github.wasmport.bundle.wasmtime";

/// The name of a content with its type and length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The type.
    pub media_type: String,
    /// The digest.
    pub digest: Sha256,
    /// The length in bytes.
    pub size: u64,
    /// The type of the artifact, if it is the manifest of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The platform, in an index of an image for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// All else, which stays as it is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Descriptor {
    /// Describes a content.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Sha256::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
            platform: None,
            rest: Map::new(),
        }
    }
}

/// A platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Platform {
    /// The architecture, `wasm` for WebAssembly.
    pub architecture: String,
    /// The system.
    pub os: String,
    /// All else, which stays as it is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A manifest: a configuration and layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the format, 2.
    pub schema_version: u32,
    /// The type of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The type of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// The annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A list of manifests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// The version of the format, 2.
    pub schema_version: u32,
    /// The type of the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// All else, which stays as it is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Index {
    /// Returns an index of no manifests.
    pub(super) fn empty() -> Self {
        let media_type = Some(INDEX.to_owned());
        Self { schema_version: 2, media_type, manifests: Vec::new(), rest: Map::new() }
    }
}
