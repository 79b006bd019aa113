//! Reading of regular files up to a length: reading a pipe or a device may never end.

use std::fs::{self, File, Metadata};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// The largest file that is read into memory without a limit of the settings: 1 GiB.
const MAX_READ: u64 = 1 << 30;

/// The largest file that is hashed: 16 GiB.
pub(super) const MAX_HASHED: u64 = 16 << 30;

/// Opens a regular file.
pub(super) fn open(path: &Path) -> Result<File> {
    // Opening a pipe waits for its other end.
    refuse_special(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Another file may have the name now.
    refuse_special(&file.metadata()?)?;
    Ok(file)
}

fn refuse_special(metadata: &Metadata) -> Result<()> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(ErrorKind::IsADirectory.into())
    } else {
        let message = "it is not a regular file: reading a pipe or a device may never end";
        Err(Error::new(ErrorKind::InvalidInput, message))
    }
}

/// Reads a file.
///
/// # Errors
///
/// Fails if it is not a regular file, cannot be read, or is too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = read_start(path, MAX_READ + 1)?;
    if bytes.len() as u64 > MAX_READ { Err(too_large(MAX_READ)) } else { Ok(bytes) }
}

/// Reads the first `max` bytes of a file.
///
/// # Errors
///
/// Fails if it is not a regular file, or cannot be read.
pub(super) fn read_start(path: &Path, max: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Hashes a file without reading all of it into memory.
///
/// # Errors
///
/// Fails if it is not a regular file, cannot be read, or is too large.
pub(super) fn hash(path: &Path) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open(path)?.take(MAX_HASHED + 1))?;
    if hasher.count() > MAX_HASHED { Err(too_large(MAX_HASHED)) } else { Ok(hasher.finalize()) }
}

pub(super) fn too_large(max: u64) -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it has more than {} GiB", max >> 30))
}
