//! An artifact to code: read, verified, decompressed, deserialized.

use super::deserialize::{Verified, deserialize_verified};
use super::kind::Code;
use crate::asset::{AnyAsset, Artifact, AssetSource, Data};
use crate::digest::Digest;
use crate::engine::{LoadWay, Mismatch};
use crate::error::{Error, Result};
use crate::trace;
use std::borrow::Cow;
use std::io;
use wasmtime::Engine;

/// Loads `artifact` after it has verified the digest.
pub(crate) fn load<C: Code>(
    engine: &Engine,
    source: &dyn AssetSource,
    asset: &AnyAsset,
    artifact: &Artifact,
    way: LoadWay,
) -> Result<C> {
    let bytes = read(source, asset, artifact)?;
    verify(asset, artifact, &bytes)?;
    let bytes = match artifact.uncompressed_bytes() {
        Some(len) => Cow::Owned(decompress(asset, &bytes, len)?),
        None => bytes,
    };
    let code = if artifact.target() == "source" {
        compile(engine, &bytes)
    } else {
        deserialize_verified(engine, &Verified(&bytes), way)
    };
    code.map_err(|source| Error::Deserialize { asset: asset.name().into(), source })
}

fn read(
    source: &dyn AssetSource,
    asset: &AnyAsset,
    artifact: &Artifact,
) -> Result<Cow<'static, [u8]>> {
    match artifact.data() {
        Data::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
        #[cfg(feature = "bundle")]
        Data::Stored(stored) => {
            let read = stored.read().map(Cow::Owned);
            read.map_err(|error| read_error(asset, "the bundle".into(), error))
        }
        Data::File(path) => source
            .read(asset, artifact, path)
            .map(Cow::Owned)
            .map_err(|error| read_error(asset, source.describe(path), error)),
        Data::Absent => Err(Error::Incompatible {
            asset: asset.name().into(),
            mismatches: vec![Mismatch::NotCarried { target: artifact.target().into() }],
        }),
    }
}

/// Returns the error for an artifact that cannot be read at `path`.
pub(super) fn read_error(asset: &AnyAsset, path: String, source: io::Error) -> Error {
    let asset = asset.name().into();
    match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { asset, path, source },
        _ => Error::Read { asset, path, source },
    }
}

fn verify(asset: &AnyAsset, artifact: &Artifact, bytes: &[u8]) -> Result<()> {
    let _span = trace::verify(asset).entered();
    let actual = Digest::of_large(bytes);
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

/// Decompresses to `len` bytes and never more, whatever length the bytes claim.
#[cfg(feature = "zstd")]
fn decompress(asset: &AnyAsset, bytes: &[u8], len: u64) -> Result<Vec<u8>> {
    let error = |source| Error::Decompress { asset: asset.name().into(), source };
    let capacity = usize::try_from(len).map_err(|e| error(io::Error::other(e)))?;
    let bytes = zstd::bulk::decompress(bytes, capacity).map_err(error)?;
    if bytes.len() == capacity {
        return Ok(bytes);
    }
    Err(error(io::Error::other(format!("{} bytes instead of {len}", bytes.len()))))
}

/// Fails; wrappers of compressed artifacts do not compile without the feature.
#[cfg(not(feature = "zstd"))]
fn decompress(_: &AnyAsset, _: &[u8], _: u64) -> Result<Vec<u8>> {
    Err(Error::MissingFeature { what: "a compressed artifact", feature: "zstd" })
}

/// Compiles a `source` artifact. Only an engine with a compiler chooses one.
#[cfg(feature = "compile")]
fn compile<C: Code>(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<C> {
    C::compile(engine, wasm)
}

/// Fails; no engine without a compiler chooses a `source` artifact.
#[cfg(not(feature = "compile"))]
fn compile<C: Code>(_: &Engine, _: &[u8]) -> wasmtime::Result<C> {
    wasmtime::bail!("this program has no compiler")
}
