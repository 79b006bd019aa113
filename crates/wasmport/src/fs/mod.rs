//! Files: the one module that touches them. Callers add the path to errors.
#![expect(clippy::disallowed_methods, reason = "this module is why others may not")]

#[cfg(feature = "compile")]
#[cfg_attr(not(unix), path = "dir_by_path.rs")]
mod dir;
#[cfg(all(unix, feature = "compile"))]
mod private;
#[cfg(feature = "compile")]
mod read;
#[cfg(target_os = "linux")]
mod sealed;
#[cfg(feature = "follow")]
mod stamp;

#[cfg(feature = "compile")]
pub(crate) use dir::Dir;
#[cfg(all(unix, feature = "compile"))]
pub use private::{GroupWrite, check_secret_file, open_private_folder};
#[cfg(feature = "follow")]
pub(crate) use read::read;
#[cfg(feature = "compile")]
pub(crate) use read::read_key;
#[cfg(feature = "compile")]
pub(crate) use read::{LARGEST, read_within};
#[cfg(target_os = "linux")]
pub(crate) use sealed::sealed;
#[cfg(feature = "follow")]
pub(crate) use stamp::{Stamp, names_in};
pub(crate) use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Locks a file for this process alone, and waits for it at most for `longest`.
#[cfg(feature = "compile")]
fn lock_within(file: File, longest: std::time::Duration) -> Option<File> {
    let began = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(std::fs::TryLockError::WouldBlock) if began.elapsed() < longest => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            Err(_) => return None,
        }
    }
}

/// Limits the address space of this process, where the system can.
#[cfg(feature = "compile")]
pub(crate) fn limit_memory(bytes: u64) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        // A process that has a lower limit keeps it.
        let _ = setrlimit(Resource::As, limit);
    }
    #[cfg(not(unix))]
    let _ = bytes;
}

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Returns the length of a file in bytes.
#[cfg(feature = "compile")]
pub(crate) fn len(path: &Path) -> io::Result<u64> {
    std::fs::metadata(path).map(|metadata| metadata.len())
}

/// Reads a file of `expected` bytes; of a longer file one byte more, which its digest then rejects.
pub(crate) fn read_expecting(path: &Path, expected: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    open(path)?.take(expected.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file.
#[cfg(feature = "bundle")]
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other("it is no regular file"))
}

/// Reads `len` bytes of an open file, whose place other threads may change.
#[cfg(feature = "bundle")]
pub(crate) fn read_part(file: &File, start: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len)?;
    bytes.resize(len, 0);
    #[cfg(unix)]
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, start)?;
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < len {
            let read = std::os::windows::fs::FileExt::seek_read(
                file,
                &mut bytes[done..],
                start + done as u64,
            )?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            done += read;
        }
    }
    Ok(bytes)
}

/// Returns a path by which this process can open an open file again.
#[cfg(feature = "component-model")]
pub(crate) fn path_of(file: &File) -> io::Result<std::path::PathBuf> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;
        Ok(format!("/proc/self/fd/{}", file.as_raw_fd()).into())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        Err(io::ErrorKind::Unsupported.into())
    }
}
