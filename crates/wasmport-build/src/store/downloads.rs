//! Downloads: files that came from registries, by their digests. Whoever reads one verifies it.

use crate::fs;
use std::io;
use std::path::Path;

/// The folder in the cache folder.
const FOLDER: &str = "downloads";

/// Removes all files.
pub(super) fn clear(cache: &Path) -> io::Result<()> {
    let folder = cache.join(FOLDER);
    if !folder.is_dir() {
        return Ok(());
    }
    let is_own = |name: &String| name.strip_prefix("sha256-").is_some_and(|hex| hex.len() == 64);
    for name in fs::names_in(&folder)?.iter().filter(|name| is_own(name)) {
        fs::remove(&folder.join(name))?;
    }
    Ok(())
}

#[cfg(feature = "oci")]
pub(crate) use folder::Downloads;

#[cfg(feature = "oci")]
mod folder {
    use super::FOLDER;
    use crate::error::Error;
    use crate::fs;
    use crate::settings::CacheSettings;
    use crate::store::location::location;
    use std::path::PathBuf;

    /// The folder of files that came from registries.
    pub(crate) struct Downloads(PathBuf);

    impl Downloads {
        /// Returns the folder of the settings; none if there is no cache.
        pub fn of(settings: &CacheSettings) -> Option<Self> {
            location(settings).map(|cache| Self(cache.join(FOLDER)))
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
            fs::read_optional(&self.path(digest))
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
