//! Files of saved digests, one for each project: listed and pruned here, read and written by the project.

use super::layout::SAVED_DIGESTS;
use crate::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use wasmport::Digest;

/// The time after which an unused file is removed: 30 days.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Lists the files in a cache folder: path, length in bytes, and last use, to the day.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub(super) fn all(cache: &Path) -> io::Result<Vec<(PathBuf, u64, SystemTime)>> {
    let is_ours =
        |path: &Path| path.file_name().and_then(|name| Digest::from_hex(name.to_str()?)).is_some();
    let mut files = fs::files_below(&cache.join(SAVED_DIGESTS)).collect::<io::Result<Vec<_>>>()?;
    files.retain(|(path, ..)| is_ours(path));
    Ok(files)
}

/// Removes the files that no run used for 30 days, or all of them, and returns their lengths.
///
/// # Errors
///
/// Fails if a file cannot be removed.
pub(super) fn prune(cache: &Path, everything: bool) -> io::Result<Vec<u64>> {
    fs::remove_litter(&cache.join(SAVED_DIGESTS));
    let before = SystemTime::now() - MAX_AGE;
    let files = all(cache)?.into_iter().filter(|(_, _, used)| everything || *used < before);
    files.map(|(path, len, _)| fs::remove(&path).map(|()| len)).collect()
}
