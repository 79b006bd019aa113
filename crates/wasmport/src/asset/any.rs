//! `AnyAsset`: the description of an asset of either kind.

use super::artifact::Artifact;
use crate::digest::Digest;
use crate::engine::{EngineConfig, RequiredFeatures, WasmFeature};
use std::borrow::Cow;

/// The description of an asset of either kind, core module or component: the element type of the
/// generated `ASSETS`. Each [`Asset`](crate::Asset) dereferences to it.
///
/// [`Runtime::load_any`](crate::Runtime::load_any) loads it.
#[derive(Clone, Debug)]
pub struct AnyAsset {
    name: Cow<'static, str>,
    source: Cow<'static, str>,
    source_digest: Digest,
    wasmtime: Cow<'static, str>,
    engine: EngineConfig,
    features: RequiredFeatures,
    artifacts: Cow<'static, [Artifact]>,
}

impl AnyAsset {
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
            wasmtime: Cow::Borrowed(wasmtime),
            engine,
            features,
            artifacts: Cow::Borrowed(artifacts),
        }
    }

    /// Returns the description of an asset that this program compiled for itself.
    #[cfg(feature = "compile")]
    pub(crate) fn compiled_here(
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
            wasmtime: Cow::Borrowed(crate::engine::wasmtime_version()),
            engine,
            features,
            artifacts: Cow::Owned(vec![artifact]),
        }
    }

    /// Returns the description of an asset of a bundle, which `wasmtime` compiled.
    #[cfg(feature = "bundle")]
    pub(crate) fn bundled(
        (name, source): (String, String),
        source_digest: Digest,
        wasmtime: String,
        engine: EngineConfig,
        features: RequiredFeatures,
        artifacts: Vec<Artifact>,
    ) -> Self {
        Self {
            name: Cow::Owned(name),
            source: Cow::Owned(source),
            source_digest,
            wasmtime: Cow::Owned(wasmtime),
            engine,
            features,
            artifacts: Cow::Owned(artifacts),
        }
    }

    /// Returns the name: the path below the import root, without extension (`mods/calc`).
    #[must_use]
    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name.as_str(),
        }
    }

    /// Returns the source file, relative to the import root, with `/` between parts.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the digest of the source file's bytes.
    #[must_use]
    pub fn source_digest(&self) -> Digest {
        self.source_digest
    }

    /// Returns the exact version of Wasmtime that compiled it.
    #[must_use]
    pub fn wasmtime(&self) -> &str {
        &self.wasmtime
    }

    /// Returns the engine configuration that it was compiled with.
    #[must_use]
    pub fn engine(&self) -> &EngineConfig {
        &self.engine
    }

    /// Returns the wasm features that it uses.
    #[must_use]
    pub fn features(&self) -> RequiredFeatures {
        self.features
    }

    /// Returns whether it is a component, not a core module.
    #[must_use]
    pub const fn is_component(&self) -> bool {
        self.features.contains(WasmFeature::ComponentModel)
    }

    /// Returns its artifacts, one per target.
    #[must_use]
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }
}

impl AsRef<AnyAsset> for AnyAsset {
    fn as_ref(&self) -> &AnyAsset {
        self
    }
}
