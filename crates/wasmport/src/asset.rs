//! `Asset`: the description that a wrapper carries, and its artifacts.

use crate::Digest;
use crate::engine::{EngineConfig, RequiredFeatures, WasmFeature};
use std::borrow::Cow;

/// One `.wasm` or `.wat` file: imported, as its wrapper describes it, or a
/// [`DynamicAsset`](crate::DynamicAsset) that was loaded.
#[derive(Clone, Debug)]
pub struct Asset {
    name: Cow<'static, str>,
    source: Cow<'static, str>,
    source_digest: Digest,
    wasmtime: &'static str,
    engine: EngineConfig,
    features: RequiredFeatures,
    artifacts: Cow<'static, [Artifact]>,
}

impl Asset {
    pub(crate) const fn new(
        name: &'static str,
        source: &'static str,
        source_digest: Digest,
        wasmtime: &'static str,
        engine: EngineConfig,
        features: RequiredFeatures,
        artifacts: &'static [Artifact],
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            source: Cow::Borrowed(source),
            source_digest,
            wasmtime,
            engine,
            features,
            artifacts: Cow::Borrowed(artifacts),
        }
    }

    /// One that no wrapper describes: compiled by this program, for itself.
    #[cfg(feature = "compile")]
    pub(crate) fn of_this_program(
        (name, source): (String, String),
        source_digest: Digest,
        engine: EngineConfig,
        features: RequiredFeatures,
        artifact: Artifact,
    ) -> Self {
        Self {
            name: Cow::Owned(name),
            source: Cow::Owned(source),
            source_digest,
            wasmtime: crate::engine::wasmtime_version(),
            engine,
            features,
            artifacts: Cow::Owned(vec![artifact]),
        }
    }

    /// The name: the path below the import root, without extension (`mods/calc`).
    #[must_use]
    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name.as_str(),
        }
    }

    /// The source file, relative to the import root, with `/` between parts.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The digest of the source file's bytes.
    #[must_use]
    pub fn source_digest(&self) -> Digest {
        self.source_digest
    }

    /// The exact version of Wasmtime that compiled it.
    #[must_use]
    pub fn wasmtime(&self) -> &'static str {
        self.wasmtime
    }

    /// The engine configuration it was compiled with.
    #[must_use]
    pub fn engine(&self) -> &EngineConfig {
        &self.engine
    }

    /// The wasm features it uses.
    #[must_use]
    pub fn features(&self) -> RequiredFeatures {
        self.features
    }

    /// Whether it is a component, and no core module.
    #[must_use]
    pub fn is_component(&self) -> bool {
        self.features.contains(WasmFeature::ComponentModel)
    }

    /// Its artifacts, one per target.
    #[must_use]
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }
}

/// One precompiled module: an asset for one target.
#[derive(Clone, Debug)]
pub struct Artifact {
    target: &'static str,
    bytes: u64,
    digest: Digest,
    data: Data,
    /// The length after decompression, where it is compressed.
    uncompressed: Option<u64>,
}

/// Where an artifact's bytes are.
#[derive(Clone, Copy)]
pub(crate) enum Data {
    Embedded(&'static [u8]),
    File(&'static str),
    /// The program is for another target and does not carry it.
    Elsewhere,
}

impl Artifact {
    pub(crate) const fn embedded(
        target: &'static str,
        bytes: u64,
        digest: Digest,
        data: Option<&'static [u8]>,
    ) -> Self {
        let data = match data {
            Some(data) => Data::Embedded(data),
            None => Data::Elsewhere,
        };
        Self { target, bytes, digest, data, uncompressed: None }
    }

    pub(crate) const fn file(
        target: &'static str,
        bytes: u64,
        digest: Digest,
        path: &'static str,
    ) -> Self {
        Self { target, bytes, digest, data: Data::File(path), uncompressed: None }
    }

    pub(crate) const fn compressed(mut self, uncompressed: u64) -> Self {
        self.uncompressed = Some(uncompressed);
        self
    }

    /// What it is compiled for, such as `x86_64-unknown-linux-gnu+v3`.
    #[must_use]
    pub fn target(&self) -> &'static str {
        self.target
    }

    /// Its length in bytes, as it is stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its length in bytes after decompression, where it is compressed.
    #[must_use]
    pub fn uncompressed_bytes(&self) -> Option<u64> {
        self.uncompressed
    }

    /// The digest of its bytes, as they are stored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn data(&self) -> Data {
        self.data
    }
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Data::Embedded(bytes) => write!(f, "Embedded({} bytes)", bytes.len()),
            Data::File(path) => write!(f, "File({path:?})"),
            Data::Elsewhere => f.write_str("Elsewhere"),
        }
    }
}
