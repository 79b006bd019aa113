//! From an artifact's bytes to a module: verified, then deserialized, here and nowhere else.

use crate::asset::{Artifact, Asset, Data};
use crate::engine::{LoadWay, Mismatch};
use crate::{AssetSource, Digest, Error, Result, Runtime, trace};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use wasmtime::{Engine, Module};

/// A verified, deserialized asset. Clones share it.
#[derive(Clone, Debug)]
pub struct LoadedModule(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    runtime: Runtime,
    asset: Arc<Asset>,
    target: &'static str,
    module: Module,
}

impl LoadedModule {
    pub(crate) fn new(
        runtime: &Runtime,
        asset: Asset,
        target: &'static str,
        module: Module,
    ) -> Self {
        let (runtime, asset) = (runtime.clone(), Arc::new(asset));
        Self(Arc::new(Loaded { runtime, asset, target, module }))
    }

    /// What was loaded.
    #[must_use]
    pub fn asset(&self) -> &Asset {
        &self.0.asset
    }

    pub(crate) fn shared_asset(&self) -> &Arc<Asset> {
        &self.0.asset
    }

    /// What it was loaded in.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.0.runtime
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
    way: LoadWay,
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
        deserialize(engine, &bytes, way)
    };
    module.map_err(|source| Error::Deserialize { asset: asset.name().into(), source })
}

/// Makes bytes a module that this very program compiled, or compiled earlier and authenticated.
#[cfg(feature = "compile")]
pub(crate) fn load_own(
    engine: &Engine,
    compiled: &crate::dynamic::Compiled,
    way: LoadWay,
) -> wasmtime::Result<Module> {
    deserialize(engine, compiled.bytes(), way)
}

/// The bytes are the unmodified output of Wasmtime's precompilation: [`load`] and [`load_own`] alone
/// call it, and vouch for that.
fn deserialize(engine: &Engine, bytes: &[u8], way: LoadWay) -> wasmtime::Result<Module> {
    #[cfg(target_os = "linux")]
    if way == LoadWay::Sealed
        && let Ok(file) = crate::fs::sealed(bytes)
    {
        // SAFETY: as below; and nobody can change the file, which is sealed, while it is mapped.
        #[expect(
            unsafe_code,
            clippy::disallowed_methods,
            reason = "with what follows the one place that runs precompiled code"
        )]
        return unsafe { Module::deserialize_open_file(engine, file) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = way;
    // SAFETY: Wasmtime's contract for `deserialize` is that the bytes are the unmodified output
    // of its own precompilation. `load` has them from an `Artifact`, which comes from generated code
    // alone (`support::embedded`, `support::file`) and holds the digest of what the importer got
    // from Wasmtime, or of what it compressed that to; `verify` has found that digest over the
    // very bytes that these are, or were decompressed from. `load_own` has them from a `Compiled`,
    // which is made of what this program's own Wasmtime gave, or of what it authenticated as that.
    // They are borrowed for this call, so nobody can change them in between.
    #[expect(
        unsafe_code,
        clippy::disallowed_methods,
        reason = "the one place that runs precompiled code"
    )]
    unsafe {
        Module::deserialize(engine, bytes)
    }
}

impl Runtime {
    /// Maps the artifact of an asset that lies at `path`, without reading it: for files that were
    /// verified before and are on a medium that nobody can write to, such as a partition under
    /// [dm-verity](https://docs.kernel.org/admin-guide/device-mapper/verity.html). It has to be the
    /// artifact that [`choice`](Self::choice) names, and not compressed.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and [`Error::NotMappable`] for an artifact that is compressed, or a
    /// file of another length.
    ///
    /// # Safety
    ///
    /// The file must be that artifact, unchanged, and stay it for as long as the module or anything
    /// made of it lives: whatever else is in it is run as machine code. Only its length is checked.
    #[expect(unsafe_code, reason = "the caller vouches for the file")]
    pub unsafe fn load_mapped(
        &self,
        asset: &Asset,
        path: impl AsRef<Path>,
    ) -> Result<LoadedModule> {
        self.load_by(asset, |chosen, artifact| {
            // SAFETY: this function's own contract.
            unsafe { map(&chosen.engine, asset, artifact, path.as_ref()) }
        })
    }
}

/// Maps the artifact in a file, of which nothing but the length is checked.
///
/// # Safety
///
/// As [`Runtime::load_mapped`].
#[expect(unsafe_code, reason = "the caller vouches for the file")]
unsafe fn map(engine: &Engine, asset: &Asset, artifact: &Artifact, path: &Path) -> Result<Module> {
    let name = || asset.name().to_owned();
    let cannot_read = |error: std::io::Error| {
        let (asset, path) = (name(), path.display().to_string());
        match error.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { asset, path, source: error },
            _ => Error::Read { asset, path, source: error },
        }
    };
    if artifact.uncompressed_bytes().is_some() || artifact.target() == "source" {
        let message = "only an artifact that is stored as machine code can be mapped".into();
        return Err(Error::NotMappable { asset: name(), message });
    }
    let file = crate::fs::open(path).map_err(cannot_read)?;
    let bytes = file.metadata().map_err(cannot_read)?.len();
    if bytes != artifact.bytes() {
        let message = format!("its file has {bytes} bytes instead of {}", artifact.bytes());
        return Err(Error::NotMappable { asset: name(), message });
    }
    // SAFETY: the caller vouches that the file is the artifact and stays it.
    #[expect(clippy::disallowed_methods, reason = "one of the places that run precompiled code")]
    let module = unsafe { Module::deserialize_open_file(engine, file) };
    module.map_err(|source| Error::Deserialize { asset: name(), source })
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
