//! Downloads: files that came from registries, by their digests. Whoever reads one verifies it.

use super::layout::DOWNLOADS;
use crate::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file that came from a registry.
pub(super) struct Download {
    pub path: PathBuf,
    pub bytes: u64,
    /// The time of the last use.
    pub used: SystemTime,
}

/// Lists the files. Those of other names, and those to which a link leads, belong to someone else.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub(super) fn all(cache: &Path) -> io::Result<Vec<Download>> {
    let folder = cache.join(DOWNLOADS);
    let mut files = Vec::new();
    for file in fs::files_below(&folder) {
        let (path, bytes, used) = file?;
        if path.parent() == Some(&folder) && is_own(&path) {
            files.push(Download { path, bytes, used });
        }
    }
    Ok(files)
}

fn is_own(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.strip_prefix("sha256-").is_some_and(|hex| hex.len() == 64)
}

/// Removes all files, and returns their lengths.
///
/// # Errors
///
/// Fails if a file cannot be removed.
pub(super) fn clear(cache: &Path) -> io::Result<Vec<u64>> {
    let remove = |file: Download| fs::remove(&file.path).map(|()| file.bytes);
    all(cache)?.into_iter().map(remove).collect()
}

#[cfg(feature = "oci")]
pub(crate) use folder::Downloads;

#[cfg(feature = "oci")]
mod folder {
    use crate::error::Error;
    use crate::fs;
    use crate::settings::CacheSettings;
    use crate::store::layout::DOWNLOADS;
    use crate::store::location::location;
    use std::path::PathBuf;
    use std::time::SystemTime;

    /// The folder of files that came from registries.
    pub(crate) struct Downloads(PathBuf);

    impl Downloads {
        /// Returns the folder of the settings; none if there is no cache.
        pub fn of(settings: &CacheSettings) -> Option<Self> {
            location(settings).map(|cache| Self(cache.join(DOWNLOADS)))
        }

        /// Returns the path of the file with a digest, `sha256:` and 64 hexadecimal digits.
        fn path(&self, digest: &str) -> PathBuf {
            self.0.join(digest.replace(':', "-"))
        }

        /// Reads a file, if it is there. Nobody has verified it.
        ///
        /// # Errors
        ///
        /// Fails with [`Error::File`] if it cannot be read.
        pub fn read(&self, digest: &str) -> Result<Option<Vec<u8>>, Error> {
            let path = self.path(digest);
            fs::read_used(&path, SystemTime::now()).map_err(|source| Error::File {
                path,
                action: "read",
                source,
            })
        }

        /// Writes a file.
        ///
        /// # Errors
        ///
        /// Fails with [`Error::File`] if it cannot be written.
        pub fn write(&self, digest: &str, bytes: &[u8]) -> Result<(), Error> {
            fs::write_atomically(&self.path(digest), bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nothing_is_removed_behind_a_link() -> io::Result<()> {
        let (cache, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let theirs = other.path().join(format!("sha256-{}", "0".repeat(64)));
        fs::write_new(&theirs, b"theirs")?;
        std::os::unix::fs::symlink(other.path(), cache.path().join(DOWNLOADS))?;
        assert_eq!(clear(cache.path())?, [0; 0]);
        assert!(theirs.exists());
        Ok(())
    }
}
