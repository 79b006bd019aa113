//! Files: the one module that touches them. Callers add the path to errors.
#![expect(clippy::disallowed_methods, reason = "this module is why others may not")]

#[cfg(feature = "compile")]
mod private;

#[cfg(feature = "compile")]
pub(crate) use private::{
    check_private, files_below, make_private, remove, touch, write_atomically,
};
pub(crate) use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads a whole file.
#[cfg(feature = "compile")]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Reads a whole file if it is a regular file of at most `max` bytes.
#[cfg(feature = "compile")]
pub(crate) fn read_at_most(path: &Path, max: u64) -> Option<Vec<u8>> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > max {
        return None;
    }
    let bytes = read_expecting(path, metadata.len()).ok()?;
    (bytes.len() as u64 == metadata.len()).then_some(bytes)
}

/// Reads a file of `expected` bytes; of a longer file one byte more, which its digest then rejects.
pub(crate) fn read_expecting(path: &Path, expected: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    open(path)?.take(expected.saturating_add(1)).read_to_end(&mut bytes)?;
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

/// Returns a memory file with these bytes that nobody can change.
#[cfg(target_os = "linux")]
pub(crate) fn sealed(bytes: &[u8]) -> Result<File, Box<dyn std::error::Error>> {
    use memfd::{FileSeal, MemfdOptions};
    use std::io::Write as _;
    let file = MemfdOptions::new().allow_sealing(true).create("wasmport")?;
    file.as_file().write_all(bytes)?;
    file.add_seals(&[FileSeal::SealShrink, FileSeal::SealGrow, FileSeal::SealWrite])?;
    file.add_seal(FileSeal::SealSeal)?;
    Ok(file.into_file())
}
