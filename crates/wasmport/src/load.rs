//! From an artifact's bytes to a module: verified, then deserialized, here and nowhere else.

use crate::asset::{Artifact, Asset, Data};
use crate::engine::Mismatch;
use crate::{AssetSource, Digest, Error, Result, trace};
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

/// Reads `artifact`, checks that it is the one its wrapper was made with, and makes it a module.
pub(crate) fn load(
    engine: &Engine,
    source: &dyn AssetSource,
    asset: &Asset,
    artifact: &Artifact,
) -> Result<Module> {
    let bytes = read(source, asset, artifact)?;
    verify(asset, artifact, &bytes)?;
    let bytes = match artifact.uncompressed_bytes() {
        Some(len) => Cow::Owned(decompress(asset, &bytes, len)?),
        None => bytes,
    };
    let module = if artifact.target() == "source" {
        compile(engine, &bytes)
    } else {
        // SAFETY: Wasmtime's contract for `deserialize` is that the bytes are the unmodified output
        // of its own precompilation. An `Artifact` comes from generated code alone
        // (`support::embedded`, `support::file`), which holds the digest of what the importer got
        // from Wasmtime, or of what it compressed that to; `verify` has found that digest over the
        // very bytes that these are, or were decompressed from. They are owned by this call or are
        // part of the program, so nobody can change them in between.
        #[expect(
            unsafe_code,
            clippy::disallowed_methods,
            reason = "the one place that runs precompiled code"
        )]
        unsafe {
            Module::deserialize(engine, &bytes)
        }
    };
    module.map_err(|source| Error::Deserialize { asset: asset.name().into(), source })
}

/// An engine that was built to compile is the only one that is given wasm.
#[cfg(feature = "compile")]
fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Module> {
    Module::from_binary(engine, wasm)
}

#[cfg(not(feature = "compile"))]
fn compile(_: &Engine, _: &[u8]) -> wasmtime::Result<Module> {
    wasmtime::bail!("this program carries no compiler")
}

/// Never more than the wrapper says, whatever the bytes claim.
#[cfg(feature = "zstd")]
fn decompress(asset: &Asset, bytes: &[u8], len: u64) -> Result<Vec<u8>> {
    let error = |message: String| Error::Decompress { asset: asset.name().into(), message };
    let capacity = usize::try_from(len).map_err(|e| error(e.to_string()))?;
    let bytes = zstd::bulk::decompress(bytes, capacity).map_err(|e| error(e.to_string()))?;
    if bytes.len() == capacity {
        return Ok(bytes);
    }
    Err(error(format!("it gives {} bytes instead of {len}", bytes.len())))
}

/// Wrappers of compressed artifacts do not compile without the feature.
#[cfg(not(feature = "zstd"))]
fn decompress(asset: &Asset, _: &[u8], _: u64) -> Result<Vec<u8>> {
    let message = "this program lacks the `zstd` feature of the `wasmport` crate".into();
    Err(Error::Decompress { asset: asset.name().into(), message })
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
    let _span = trace::verify(asset).entered();
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
