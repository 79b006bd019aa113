//! The artifacts in a lock file of any project, for audits.

use super::{Locked, file};
use crate::error::Error;
use std::path::Path;
use wasmport::Digest;

/// An artifact in a lock file.
pub(crate) struct LockedArtifact {
    pub source: String,
    pub target: String,
    /// The version of Wasmtime that compiled it.
    pub wasmtime: String,
    pub digest: Digest,
}

/// Parses the text of the lock file at `path`, which is for messages.
///
/// # Errors
///
/// Fails with [`Error::Lock`], with the line, if it is damaged or of another format.
pub(crate) fn artifacts(path: &Path, text: &str) -> Result<Vec<LockedArtifact>, Error> {
    let (_, assets) = file::parse(path, Some(text))?;
    let of_asset = |locked: Locked| {
        let Locked { source, wasmtime, artifacts, .. } = locked;
        artifacts.into_iter().map(move |(target, digest)| {
            let (source, wasmtime) = (source.clone(), wasmtime.clone());
            LockedArtifact { source, target, wasmtime, digest }
        })
    };
    Ok(assets.into_values().flat_map(of_asset).collect())
}
