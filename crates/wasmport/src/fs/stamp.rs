//! `Stamp`: what tells that a file has changed, without reading it.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// The time of a file's last write, its size, and its identity where the system has one: a file may be replaced by one
/// that is as old and as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    identity: u64,
}

impl Stamp {
    /// Returns the stamp of a file; none if there is no file at the path. Links are followed.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        let (modified, bytes) = (metadata.modified().ok(), metadata.len());
        Some(Self { modified, bytes, identity: identity(&metadata) })
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> u64 {
    0
}

/// Returns the names in a folder; none if it does not exist.
pub(crate) fn names_in(folder: &Path) -> io::Result<Vec<OsString>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
