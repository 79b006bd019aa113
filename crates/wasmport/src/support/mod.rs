//! Support for generated code, which imports this module as `__rt`. It changes with [`CONTRACT`],
//! which generated code checks when it is compiled, so programs must not use it.

mod cells;
mod imports;
mod interface;
mod lift;
mod link;
mod plumbing;

/// The module that core modules import WASI preview 1 from.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

#[cfg(feature = "threads")]
pub use crate::SharedMemory;
#[cfg(feature = "component-model")]
pub use crate::component::{call_func, call_unit, exit as component_exit, exported_func};
pub use crate::engine::{self, EngineConfig, RequiredFeatures, WasmFeature};
pub use crate::typed::WasmValue;
#[cfg(feature = "wasi")]
pub use crate::wasi::Wasi;
pub use crate::{__include_artifact as include_artifact, __wrapper as wrapper};
pub use crate::{
    Access, Artifact, Asset, Exit, GuestMemory, GuestPtr, GuestSlice, GuestStr, GuestTable,
    LinkedSession, LoadedModule, Plain, Runtime, Session, SessionData, TypedGlobal, TypedTable,
    TypedTag, Wrapper, plain,
};
pub use cells::*;
pub use imports::*;
pub use interface::{check_host, check_link};
pub use lift::*;
pub use link::*;
pub use wasmtime::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, StructRef};
pub use wasmtime::{
    AsContext, AsContextMut, Caller, Error, Extern, Func, I31, Instance, InstancePre, Linker,
    Memory, NoExtern, NoFunc, NoneRef, Result, Rooted, Store, StoreContextMut, V128, Val,
};

// Short names that an asset's own names cannot shadow.
pub use std::boxed::Box;
pub use std::ffi::{CStr, CString};
pub use std::future::{Future, ready};
pub use std::marker::{Send, Sized};
pub use std::ops::FnOnce;
pub use std::option::Option;
pub use std::string::String;
pub use std::vec::Vec;

use std::sync::OnceLock;

/// The version of the contract between generator and runtime. Any change of what generated code relies
/// on, such as this module or the defaults of [`EngineConfig`], increments it.
pub const CONTRACT: u32 = 6;

/// Ends compilation if generated code follows another contract.
pub const fn check_contract(contract: u32) {
    assert!(
        contract == CONTRACT,
        "this wrapper was generated for another version of the `wasmport` crate: import again"
    );
}

/// Parses a digest.
#[must_use]
#[expect(clippy::panic, reason = "in constants only, where it is a compile-time error")]
pub const fn digest(hex: &str) -> crate::Digest {
    match crate::Digest::from_hex(hex) {
        Some(digest) => digest,
        None => panic!("the wrapper has an invalid digest: import again"),
    }
}

/// Describes an asset.
///
/// A program trusts an artifact because of this function and the three below: the caller vouches that
/// the digests are those of unmodified output of Wasmtime's compiler. Only the importer can, in the code
/// that it generates; so they are not public API.
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

/// Describes an artifact whose bytes are in the program, unless the program is for another target.
#[must_use]
pub const fn embedded(
    target: &'static str,
    bytes: u64,
    digest: crate::Digest,
    data: Option<&'static [u8]>,
) -> Artifact {
    Artifact::embedded(target, bytes, digest, data)
}

/// Describes an artifact whose bytes an [`AssetSource`](crate::AssetSource) reads from `path`.
#[must_use]
pub const fn file(
    target: &'static str,
    bytes: u64,
    digest: crate::Digest,
    path: &'static str,
) -> Artifact {
    Artifact::file(target, bytes, digest, path)
}

/// Describes a compressed artifact, with its size after decompression.
#[must_use]
pub const fn compressed(artifact: Artifact, uncompressed: u64) -> Artifact {
    artifact.compressed(uncompressed)
}

/// A part of a wrapper that is created when it is first used, so that instantiating costs the same for
/// three exports and for thousands.
pub struct Lazy<T>(OnceLock<Box<T>>);

impl<T: Default> Lazy<T> {
    /// A part that is not yet created.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Returns the part.
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
