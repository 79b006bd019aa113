//! Reads files that a stranger may have written, within bounds.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Length in bytes up to which files of code are read, unless another is chosen.
pub(crate) const LARGEST: u64 = 1 << 30;

/// Length in bytes up to which the file of a key is read.
const LARGEST_KEY: u64 = 4 << 10;

/// Reads a regular file of at most [`LARGEST`] bytes.
#[cfg(feature = "follow")]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_within(path, LARGEST)
}

/// Reads a regular file of at most `max` bytes.
///
/// # Errors
///
/// Fails with [`FileTooLarge`](io::ErrorKind::FileTooLarge) if it is longer.
pub(crate) fn read_within(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_regular(open_at_once(path)?, max)
}

/// Opens a file for reading. Does not wait for the other end of a pipe.
fn open_at_once(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
    }
    #[cfg(not(unix))]
    File::open(path)
}

/// Reads an open file like [`read_within`]. Its length is only what it says: the memory may be missing.
pub(super) fn read_regular(file: File, max: u64) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if metadata.len() > max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(metadata.len()).map_err(io::Error::other)?)?;
    // It may grow meanwhile.
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Reads the file of a key, which may be a pipe. On Unix nobody but this user and root can know or change it.
///
/// # Errors
///
/// Fails if another user can change it or, unless root shares it, read it.
pub(crate) fn read_key(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    #[cfg(unix)]
    super::private::check_key_file(&file.metadata()?).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_KEY).read_to_end(&mut bytes)?;
    Ok(bytes)
}
