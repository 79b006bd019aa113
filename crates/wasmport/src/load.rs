//! From an artifact's bytes to a module: verified, then deserialized, here and nowhere else.

use crate::asset::{Artifact, Asset, Data};
use crate::engine::Mismatch;
use crate::{AssetSource, Digest, Error, Result};
use std::borrow::Cow;
use std::sync::Arc;
use wasmtime::{Engine, Module};

/// A verified, deserialized asset. Clones share it.
#[derive(Clone, Debug)]
pub struct LoadedModule(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    asset: Asset,
    target: &'static str,
    module: Module,
}

impl LoadedModule {
    pub(crate) fn new(asset: &Asset, artifact: &Artifact, module: Module) -> Self {
        Self(Arc::new(Loaded { asset: asset.clone(), target: artifact.target(), module }))
    }

    /// What was loaded.
    #[must_use]
    pub fn asset(&self) -> &Asset {
        &self.0.asset
    }

    /// The target of the artifact that was chosen.
    #[must_use]
    pub fn target(&self) -> &'static str {
        self.0.target
    }

    /// Wasmtime's module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.0.module
    }

    /// Refuses any other asset than `expected`: that a wrapper and a module belong together.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAsset`].
    pub fn check_asset(&self, expected: &Asset) -> Result<()> {
        let own = (self.0.asset.name(), self.0.asset.source_digest());
        if own == (expected.name(), expected.source_digest()) {
            return Ok(());
        }
        Err(Error::WrongAsset {
            expected: expected.name().into(),
            actual: self.0.asset.name().into(),
        })
    }
}

/// Reads `artifact`, checks that it is the one its wrapper was made with, and deserializes it.
pub(crate) fn load(
    engine: &Engine,
    source: &dyn AssetSource,
    asset: &Asset,
    artifact: &Artifact,
) -> Result<Module> {
    let bytes = read(source, asset, artifact)?;
    verify(asset, artifact, &bytes)?;
    // SAFETY: Wasmtime's contract for `deserialize` is that the bytes are the unmodified output of
    // its own precompilation. An `Artifact` comes from generated code alone (`support::embedded`,
    // `support::file`), which holds the digest of what the importer got from Wasmtime; `verify` has
    // found that digest over these very bytes. They are owned by this call or are part of the
    // program, so nobody can change them in between.
    #[expect(
        unsafe_code,
        clippy::disallowed_methods,
        reason = "the one place that runs precompiled code"
    )]
    let module = unsafe { Module::deserialize(engine, &bytes) };
    module.map_err(|source| Error::Deserialize { asset: asset.name().into(), source })
}

fn read(
    source: &dyn AssetSource,
    asset: &Asset,
    artifact: &Artifact,
) -> Result<Cow<'static, [u8]>> {
    match artifact.data() {
        Data::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
        Data::File(path) => source.read(asset, artifact, path).map(Cow::Owned).map_err(|error| {
            let (asset, path) = (asset.name().into(), source.describe(path));
            match error.kind() {
                std::io::ErrorKind::NotFound => Error::Missing { asset, path, source: error },
                _ => Error::Read { asset, path, source: error },
            }
        }),
        Data::Elsewhere => Err(Error::Incompatible {
            asset: asset.name().into(),
            mismatches: vec![Mismatch::NotCarried { target: artifact.target() }],
        }),
    }
}

fn verify(asset: &Asset, artifact: &Artifact, bytes: &[u8]) -> Result<()> {
    let actual = Digest::of(bytes);
    if actual == artifact.digest() && bytes.len() as u64 == artifact.bytes() {
        return Ok(());
    }
    Err(Error::Digest {
        asset: asset.name().into(),
        expected: artifact.digest(),
        actual,
        expected_bytes: artifact.bytes(),
        actual_bytes: bytes.len() as u64,
    })
}
