//! Stamps: what the system says of a file without reading it.

use std::fs::{self, Metadata};
use std::io::{ErrorKind, Result};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Length, times and identity of a file. Whoever changes the content changes the stamp: on Unix nobody
/// can choose the time of the last change; elsewhere someone who sets the time of the last write can
/// go unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([i64; Self::LEN]);

/// In seconds: the coarsest times that file systems note, and how far the clock of a file server may
/// be behind.
const GRAIN: i64 = 2;

impl Stamp {
    const LEN: usize = 7;
    /// Of its bytes.
    pub const SIZE: usize = 8 * Self::LEN;

    /// The stamp of the file that a path leads to; nothing where there is no file.
    pub fn of(path: &Path) -> Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(metadata.is_file().then(|| Self(numbers(&metadata)))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Whether every change from `now` on gives the file another stamp: times of files are coarse, and
    /// two changes may fall into one grain.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let Self([_, modified, _, changed, ..]) = self;
        // Where the system does not tell the last change, a time of writing from before the file was
        // there was set by someone, who may do so again.
        let is_credible = cfg!(unix) || modified >= changed;
        is_credible && (*modified).max(*changed) < seconds(now).0 - GRAIN
    }

    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        for (chunk, number) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut numbers = [0; Self::LEN];
        for (number, chunk) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = i64::from_le_bytes(*chunk);
        }
        Self(numbers)
    }
}

/// Length, last write, last change, and which file it is.
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

/// Length, last write, and when it was created.
#[cfg(not(unix))]
fn numbers(metadata: &Metadata) -> [i64; Stamp::LEN] {
    let [modified, created] =
        [metadata.modified(), metadata.created()].map(|time| time.map_or((0, 0), seconds));
    [metadata.len().cast_signed(), modified.0, modified.1, created.0, created.1, 0, 0]
}

/// Seconds since 1970 and nanoseconds.
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
    fn what_was_just_written_is_not_settled() -> Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        let now = SystemTime::now();
        let Some(stamp) = Stamp::of(file.path())? else { panic!("there is a file") };
        assert!(!stamp.is_settled(now) && stamp.is_settled(now + Duration::from_secs(4)));
        assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), stamp);
        // Of which times are told, the latest counts.
        file.as_file().set_modified(now + Duration::from_secs(1 << 30))?;
        let Some(future) = Stamp::of(file.path())? else { panic!("there is a file") };
        assert!(future != stamp && !future.is_settled(now + Duration::from_secs(4)));
        assert_eq!(Stamp::of(file.path().parent().unwrap_or(file.path()))?, None, "a folder");
        Ok(())
    }
}
