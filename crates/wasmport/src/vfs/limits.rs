//! `FileLimits`: how much a guest may store.

use super::error::FileError;

/// The limits of a guest's files. Files that the program adds or mounts count too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileLimits {
    /// Most bytes in all files and targets of links, holes in files included. Files that have no name and are open
    /// count. Default: 1 GiB.
    pub bytes: u64,
    /// Most files, directories, links and devices, the root included. Each further name of a file counts like a file.
    /// The directories that a session lists at the same time have at most twice as many names. Default: 100,000.
    pub files: u64,
    /// Longest path in bytes: of those that a guest passes, also as targets of links, and of each file from the root.
    /// Default: 4,095, as on Linux.
    pub path_bytes: usize,
    /// Longest name in bytes. Default: 255.
    pub name_bytes: usize,
    /// Most descriptors, and streams that write to devices, that are open at once in a session. Default: 1,024.
    pub open: usize,
    /// Most bytes that one call writes; a guest has to write the rest with more calls. Default: 16 MiB.
    pub write_bytes: usize,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            files: 100_000,
            path_bytes: 4095,
            name_bytes: 255,
            open: 1024,
            write_bytes: 16 << 20,
        }
    }
}

impl FileLimits {
    /// Returns `total` bytes and `more`. Fails if these exceed the limit.
    pub(super) fn add(&self, total: u64, more: u64) -> Result<u64, FileError> {
        let bytes = total.checked_add(more).ok_or(FileError::FileTooLarge)?;
        // The program may have removed files that are open, which count: then the total exceeds it.
        let is_above = more > 0 && bytes > self.bytes;
        if is_above { Err(FileError::InsufficientSpace) } else { Ok(bytes) }
    }
}
