//! The descriptions of assets in generated code.
//!
//! [`asset`] makes a program trust artifacts, so it is unsafe. Generated code reaches it through the macro
//! `unmodified_importer_output!` alone. An [`Artifact`] is only a description: nothing loads one that is
//! not part of an asset.

use crate::asset::{AnyAsset, Artifact, Asset, Kind};
use crate::digest::Digest;
use crate::engine::{EngineConfig, RequiredFeatures};
use crate::interface::Interface;

/// Parses a digest in a constant.
#[must_use]
#[expect(clippy::panic, reason = "in constants only, where it is a compile-time error")]
pub const fn digest(hex: &str) -> Digest {
    match Digest::from_hex(hex) {
        Some(digest) => digest,
        None => panic!("the wrapper holds no valid digest: import again"),
    }
}

/// Describes an asset, in a constant.
///
/// # Safety
///
/// The digests of `artifacts` are those of unmodified output of Wasmtime's compiler: loading the asset runs
/// bytes with these digests as machine code.
#[must_use]
#[expect(unsafe_code, reason = "the caller vouches for the artifacts")]
#[expect(clippy::panic, reason = "in constants only, where it is a compile-time error")]
pub const unsafe fn asset<C: Kind>(
    name: &'static str,
    source: &'static str,
    source_digest: Digest,
    wasmtime: &'static str,
    engine: EngineConfig,
    features: RequiredFeatures,
    artifacts: &'static [Artifact],
) -> Asset<C> {
    let any = AnyAsset::new(name, source, source_digest, wasmtime, engine, features, artifacts);
    if any.is_component() != C::IS_COMPONENT {
        panic!("the wrapper has the wrong kind of code in its type: import again");
    }
    Asset::new(any)
}

/// Describes the interface of a wrapper, in a constant: the modules or interfaces from which imports can come, each
/// with a line for each import; the exports likewise; and a line for each long type of a component.
#[must_use]
pub const fn interface<C>(
    name: &'static str,
    imports: &'static [(&'static str, &'static str)],
    exports: &'static [(&'static str, &'static str)],
    definitions: &'static str,
) -> Interface<C> {
    Interface::new(name, imports, exports, definitions)
}

/// Describes an artifact whose bytes are in the program; without `data` the program is for another
/// target.
#[must_use]
pub const fn embedded(
    target: &'static str,
    bytes: u64,
    digest: Digest,
    data: Option<&'static [u8]>,
) -> Artifact {
    Artifact::embedded(target, bytes, digest, data)
}

/// Describes an artifact that an [`AssetSource`](crate::AssetSource) reads from `path`.
#[must_use]
pub const fn file(
    target: &'static str,
    bytes: u64,
    digest: Digest,
    path: &'static str,
) -> Artifact {
    Artifact::file(target, bytes, digest, path)
}

/// Describes the same artifact as compressed, with its length after decompression.
#[must_use]
pub const fn compressed(artifact: Artifact, uncompressed: u64) -> Artifact {
    artifact.compressed(uncompressed)
}
