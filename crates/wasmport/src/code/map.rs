//! An artifact to code without reading it: mapped from a file that the caller vouches for.

use super::kind::Code;
use super::load::read_error;
use crate::asset::{AnyAsset, Artifact};
use crate::error::{Error, NotMappable, Result};
use crate::{fs, trace};
use std::path::Path;
use wasmtime::Engine;

/// Maps the artifact in a file after it has checked the length, and nothing else.
///
/// # Safety
///
/// The file is the artifact and does not change while the code exists. Until this returns, the path
/// leads to that file.
#[expect(unsafe_code, reason = "the caller vouches for the file")]
pub(crate) unsafe fn map<C: Code>(
    engine: &Engine,
    asset: &AnyAsset,
    artifact: &Artifact,
    path: &Path,
) -> Result<C> {
    let _span = trace::load(asset.name(), artifact).entered();
    let name = || asset.name().to_owned();
    let cannot_read = |error| read_error(asset, path.display().to_string(), error);
    if artifact.uncompressed_bytes().is_some() || artifact.target() == "source" {
        let source = NotMappable::NotMachineCode;
        return Err(Error::NotMappable { asset: name(), source });
    }
    let file = fs::open(path).map_err(cannot_read)?;
    let (expected_bytes, actual_bytes) =
        (artifact.bytes(), file.metadata().map_err(cannot_read)?.len());
    if actual_bytes != expected_bytes {
        let source = NotMappable::Length { expected_bytes, actual_bytes };
        return Err(Error::NotMappable { asset: name(), source });
    }
    // SAFETY: the caller vouches that the file is the artifact and does not change.
    let code = unsafe { C::deserialize_file(engine, file, Some(path)) };
    code.map_err(|source| Error::Deserialize { asset: name(), source })
}
