//! What generated code calls besides the public types. Not for use by hand: it changes with
//! [`CONTRACT`], which generated code checks when it is compiled.

#[cfg(feature = "component-model")]
pub mod component;
mod exports;
mod imports;
mod interface;
mod lift;
mod link;

/// The module that core modules import WASI preview 1 from.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

pub use crate::typed::WasmValue;
pub use exports::*;
pub use imports::*;
pub use interface::{check_host, check_link};
pub use lift::*;
pub use link::*;
pub use wasmtime::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, StructRef};
pub use wasmtime::{
    AsContext, AsContextMut, Caller, Error, Extern, Func, I31, Instance, InstancePre, Linker,
    Memory, NoExtern, NoFunc, NoneRef, Result, Rooted, Store, StoreContextMut, V128, Val,
};

use crate::engine::{EngineConfig, RequiredFeatures};
use crate::{Artifact, Asset};
use std::sync::OnceLock;

/// The version of the contract between generator and runtime. A change of anything that generated
/// code relies on, or of what it means, changes this.
pub const CONTRACT: u32 = 6;

/// The value of a digest in generated code.
#[must_use]
#[expect(clippy::panic, reason = "in constants only, where it is a compile-time error")]
pub const fn digest(hex: &str) -> crate::Digest {
    match crate::Digest::from_hex(hex) {
        Some(digest) => digest,
        None => panic!("the wrapper holds no valid digest: import again"),
    }
}

/// Describes an asset.
///
/// This and the three below are how a program comes to trust an artifact: whoever calls them vouches
/// that the digests are those of unmodified output of Wasmtime's compiler. Only the importer may, in
/// the code that it generates; that is why they are here and not in the public API.
#[must_use]
pub const fn asset(
    name: &'static str,
    source: &'static str,
    source_digest: crate::Digest,
    wasmtime: &'static str,
    engine: EngineConfig,
    features: RequiredFeatures,
    artifacts: &'static [Artifact],
) -> Asset {
    Asset::new(name, source, source_digest, wasmtime, engine, features, artifacts)
}

/// An artifact whose bytes are in the program; none where the program is for another target.
#[must_use]
pub const fn embedded(
    target: &'static str,
    bytes: u64,
    digest: crate::Digest,
    data: Option<&'static [u8]>,
) -> Artifact {
    Artifact::embedded(target, bytes, digest, data)
}

/// An artifact whose bytes an [`AssetSource`](crate::AssetSource) reads from `path`.
#[must_use]
pub const fn file(
    target: &'static str,
    bytes: u64,
    digest: crate::Digest,
    path: &'static str,
) -> Artifact {
    Artifact::file(target, bytes, digest, path)
}

/// The same artifact, which is compressed and has this many bytes after decompression.
#[must_use]
pub const fn compressed(artifact: Artifact, uncompressed: u64) -> Artifact {
    artifact.compressed(uncompressed)
}

/// A part of a wrapper that is made when it is first used, so that instantiating costs the same
/// for three exports and for thousands.
pub struct Lazy<T>(OnceLock<Box<T>>);

impl<T: Default> Lazy<T> {
    /// Nothing made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The part.
    #[inline]
    pub fn get(&self) -> &T {
        self.0.get_or_init(Box::default)
    }
}

impl<T: Default> Default for Lazy<T> {
    fn default() -> Self {
        Self::new()
    }
}
