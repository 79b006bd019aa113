//! Recognizes bundles, and reads their manifests without verifying signatures.

use std::io::{self, Read};
use wasmport::bundle_manifest::{BundleManifest, MANIFEST};

/// Length in bytes up to which a manifest is read.
const LARGEST: u64 = 256 << 20;

/// The place of the type and the magic number in a header of tar.
const TYPE: usize = 156;
const MAGIC: usize = 257;

/// Returns whether a file with this beginning is a bundle: an archive of tar with its manifest as the first file.
pub(crate) fn is_bundle(start: &[u8]) -> bool {
    let name = [MANIFEST.as_bytes(), b"\0"].concat();
    let is_file = matches!(start.get(TYPE), Some(b'0' | 0));
    start.starts_with(&name)
        && is_file
        && start.get(MAGIC..).is_some_and(|m| m.starts_with(b"ustar"))
}

/// The reason why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the bundle is broken: {0}")]
pub(crate) struct BrokenBundle(String);

/// Reads the manifest of a bundle. Its signature is not verified.
///
/// # Errors
///
/// Fails if the archive or its manifest is damaged.
pub(crate) fn unverified_manifest(archive: impl Read) -> Result<BundleManifest, BrokenBundle> {
    let mut bytes = Vec::new();
    let read = || -> io::Result<u64> {
        let mut archive = tar::Archive::new(archive);
        let entry = archive.entries()?.next().transpose()?;
        let entry = entry.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = entry.size();
        let _ = entry.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(size)
    };
    let size = { read }().map_err(|e| BrokenBundle(e.to_string()))?;
    if bytes.len() as u64 != size {
        let message = format!("its manifest has {} of {size} bytes", bytes.len());
        return Err(BrokenBundle(message));
    }
    serde_json::from_slice(&bytes).map_err(|e| BrokenBundle(e.to_string()))
}
