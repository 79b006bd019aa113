//! Precompiled bytes to code: the one module that runs machine code it did not compile.

#[cfg(feature = "compile")]
use super::own::OwnArtifact;
use crate::engine::LoadWay;
use crate::fs::File;
use std::path::Path;
#[cfg(feature = "component-model")]
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Result};

/// Code that Wasmtime deserializes.
pub trait Precompiled: Sized {
    /// Deserializes bytes.
    ///
    /// # Safety
    ///
    /// The bytes are the unmodified output of Wasmtime's precompilation.
    #[expect(unsafe_code, reason = "Wasmtime's contract")]
    unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Self>;

    /// Maps a file, whose path is `path` if it has one.
    ///
    /// # Safety
    ///
    /// The file holds the unmodified output of Wasmtime's precompilation, and does not change.
    #[expect(unsafe_code, reason = "Wasmtime's contract")]
    unsafe fn deserialize_file(engine: &Engine, file: File, path: Option<&Path>) -> Result<Self>;
}

#[expect(unsafe_code, clippy::disallowed_methods, reason = "the one module that deserializes")]
impl Precompiled for Module {
    unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        // SAFETY: the caller's contract is Wasmtime's.
        unsafe { Self::deserialize(engine, bytes) }
    }

    unsafe fn deserialize_file(engine: &Engine, file: File, _: Option<&Path>) -> Result<Self> {
        // SAFETY: the caller's contract is Wasmtime's.
        unsafe { Self::deserialize_open_file(engine, file) }
    }
}

#[cfg(feature = "component-model")]
#[expect(unsafe_code, clippy::disallowed_methods, reason = "the one module that deserializes")]
impl Precompiled for Component {
    unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        // SAFETY: the caller's contract is Wasmtime's.
        unsafe { Self::deserialize(engine, bytes) }
    }

    /// Opens the file again by a path: Wasmtime 48 maps no open file as a component.
    unsafe fn deserialize_file(engine: &Engine, file: File, path: Option<&Path>) -> Result<Self> {
        let path = path.map_or_else(|| crate::fs::path_of(&file), |path| Ok(path.into()))?;
        // SAFETY: the path leads to the open file, for which the caller's contract is Wasmtime's.
        unsafe { Self::deserialize_file(engine, path) }
    }
}

/// Bytes whose digest was verified, or that were decompressed from such bytes.
///
/// Only [`load`](super::load::load) makes them, from an artifact of an asset. Who describes an asset
/// (`support::asset`, which is unsafe) vouches that its digests are those of the importer's output.
pub(super) struct Verified<'a>(pub(super) &'a [u8]);

/// Deserializes verified bytes.
pub(super) fn deserialize_verified<C: Precompiled>(
    engine: &Engine,
    bytes: &Verified<'_>,
    way: LoadWay,
) -> Result<C> {
    deserialize(engine, bytes.0, way)
}

/// Deserializes an artifact that this program compiled, or compiled earlier and authenticated.
#[cfg(feature = "compile")]
pub(crate) fn deserialize_own<C: Precompiled>(
    engine: &Engine,
    artifact: &OwnArtifact,
    way: LoadWay,
) -> Result<C> {
    deserialize(engine, artifact.bytes(), way)
}

/// Deserializes bytes that are the unmodified output of Wasmtime's precompilation: the two functions
/// above are its only callers, and vouch for that.
fn deserialize<C: Precompiled>(engine: &Engine, bytes: &[u8], way: LoadWay) -> Result<C> {
    #[cfg(target_os = "linux")]
    if way == LoadWay::Sealed
        && let Ok(file) = crate::fs::sealed(bytes)
    {
        // SAFETY: the bytes are as below. Another process of this user can open the file before it is
        // sealed, so its content was compared with them after it was sealed. Since then nobody can change
        // it.
        #[expect(unsafe_code, reason = "the one module that deserializes")]
        if let Ok(code) = unsafe { C::deserialize_file(engine, file, None) } {
            return Ok(code);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = way;
    // SAFETY: Wasmtime requires that the bytes are the unmodified output of its own precompilation.
    // `Verified` bytes have the digest that an asset holds for the importer's output, or are
    // decompressed from bytes that have. An `OwnArtifact` is output of this program's own compiler, or
    // was authenticated as such. The bytes are borrowed for this call, so nobody can change them
    // meanwhile.
    #[expect(unsafe_code, reason = "the one module that deserializes")]
    unsafe {
        C::deserialize(engine, bytes)
    }
}
