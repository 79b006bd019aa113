//! Files: the one module that touches them. Callers add the path to errors.
#![expect(clippy::disallowed_methods, reason = "this module is why others may not")]

#[cfg(feature = "compile")]
#[cfg_attr(not(unix), path = "dir_by_path.rs")]
mod dir;
#[cfg(all(unix, feature = "compile"))]
mod private;

#[cfg(feature = "compile")]
pub(crate) use dir::Dir;
#[cfg(all(unix, feature = "compile"))]
pub use private::{GroupWrite, check_secret_file, open_private_folder};
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
///
/// # Errors
///
/// Fails if the system cannot create or seal it, or if another process changed it before.
#[cfg(target_os = "linux")]
pub(crate) fn sealed(bytes: &[u8]) -> Result<File, Box<dyn std::error::Error>> {
    use std::io::Write as _;
    let file = memfd::MemfdOptions::new().allow_sealing(true).create("wasmport")?;
    file.as_file().write_all(bytes)?;
    seal(file, bytes)
}

/// Seals a memory file, and compares what was sealed with the bytes that were written.
#[cfg(target_os = "linux")]
fn seal(file: memfd::Memfd, bytes: &[u8]) -> Result<File, Box<dyn std::error::Error>> {
    use memfd::FileSeal;
    use std::os::unix::fs::FileExt as _;
    const CHUNK: usize = 64 << 10;
    file.add_seals(&[FileSeal::SealShrink, FileSeal::SealGrow, FileSeal::SealWrite])?;
    file.add_seal(FileSeal::SealSeal)?;
    let file = file.into_file();
    let mut buffer = vec![0; CHUNK.min(bytes.len())];
    let mut offset = 0;
    for chunk in bytes.chunks(CHUNK) {
        let sealed = &mut buffer[..chunk.len()];
        file.read_exact_at(sealed, offset)?;
        if sealed != chunk {
            return Err("another process changed the memory file".into());
        }
        offset += chunk.len() as u64;
    }
    if file.metadata()?.len() != offset {
        return Err("another process changed the length of the memory file".into());
    }
    Ok(file)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn fault_84_a_memory_file_that_was_changed_before_it_was_sealed_is_refused() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
        let changes: [fn(&File); 4] = [
            |file| file.write_all_at(b"other", 150_000).unwrap(),
            |file| file.set_len(199_999).unwrap(),
            |file| file.set_len(200_001).unwrap(),
            |_| {},
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let file = memfd::MemfdOptions::new().allow_sealing(true).create("test").unwrap();
            file.as_file().write_all(&bytes).unwrap();
            // As another process of this user would.
            let path = format!("/proc/self/fd/{}", file.as_file().as_raw_fd());
            change(&File::options().write(true).open(path).unwrap());
            assert_eq!(seal(file, &bytes).is_ok(), number == 3, "{number}");
        }
        let file = sealed(&bytes).unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let other = File::options().write(true).open(path).unwrap();
        assert!(other.write_all_at(b"other", 0).is_err() && other.set_len(0).is_err());
        assert!(sealed(&[]).is_ok());
    }
}
