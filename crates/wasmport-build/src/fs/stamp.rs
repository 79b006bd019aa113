//! Stamps: metadata that identifies the content of a file without reading it.

use std::fs::{self, Metadata};
use std::io::{ErrorKind, Result};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Length, times and identity of a file. A change of the content changes the stamp: on Unix no program can
/// choose the time of the last change. On other systems a program that sets the time of the last write can
/// hide a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([i64; Self::LEN]);

/// The resolution of file times in seconds: that of the coarsest file systems, and the lag of a file
/// server's clock.
const RESOLUTION: i64 = 2;

impl Stamp {
    const LEN: usize = 7;
    /// The number of bytes of the serialized form.
    pub const SIZE: usize = 8 * Self::LEN;

    /// Reads the stamp of a file, or returns `None` if there is no file.
    ///
    /// # Errors
    ///
    /// Fails if the metadata cannot be read.
    pub fn of(path: &Path) -> Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(metadata.is_file().then(|| Self(numbers(&metadata)))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Returns whether every change after `now` changes the stamp: file times are coarse, and two changes
    /// within the resolution have the same time.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let Self([_, modified, _, changed, ..]) = self;
        // Without a time of the last change, a write time before the creation was set by a program, which
        // may set it again.
        let is_credible = cfg!(unix) || modified >= changed;
        is_credible && (*modified).max(*changed) < seconds(now).0 - RESOLUTION
    }

    /// Serializes the stamp.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        for (chunk, number) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Deserializes a stamp.
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut numbers = [0; Self::LEN];
        for (number, chunk) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = i64::from_le_bytes(*chunk);
        }
        Self(numbers)
    }
}

/// Returns length, last write, last change, inode and device.
#[cfg(unix)]
fn numbers(metadata: &Metadata) -> [i64; Stamp::LEN] {
    use std::os::unix::fs::MetadataExt as _;
    [
        metadata.size().cast_signed(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.ino().cast_signed(),
        metadata.dev().cast_signed(),
    ]
}

/// Returns length, last write and creation.
#[cfg(not(unix))]
fn numbers(metadata: &Metadata) -> [i64; Stamp::LEN] {
    let [modified, created] =
        [metadata.modified(), metadata.created()].map(|time| time.map_or((0, 0), seconds));
    [metadata.len().cast_signed(), modified.0, modified.1, created.0, created.1, 0, 0]
}

/// Returns seconds since 1970, and nanoseconds.
fn seconds(time: SystemTime) -> (i64, i64) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => (since.as_secs().cast_signed(), since.subsec_nanos().into()),
        Err(e) => (-e.duration().as_secs().cast_signed(), -i64::from(e.duration().subsec_nanos())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_recent_write_is_not_settled() -> Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        let now = SystemTime::now();
        let Some(stamp) = Stamp::of(file.path())? else { panic!("there is a file") };
        assert!(!stamp.is_settled(now) && stamp.is_settled(now + Duration::from_secs(4)));
        assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), stamp);
        // The latest of all times counts.
        file.as_file().set_modified(now + Duration::from_secs(1 << 30))?;
        let Some(future) = Stamp::of(file.path())? else { panic!("there is a file") };
        assert!(future != stamp && !future.is_settled(now + Duration::from_secs(4)));
        assert_eq!(Stamp::of(file.path().parent().unwrap_or(file.path()))?, None, "a folder");
        Ok(())
    }
}
