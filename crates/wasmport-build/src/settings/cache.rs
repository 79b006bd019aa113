//! `[cache]`: the store of earlier results.

use super::remote::RemoteSettings;
use super::table::{Field as _, settings_table};
use std::path::{Path, PathBuf};

settings_table! {
    /// The store of results of earlier imports. It saves time and never changes a result.
    pub struct CacheSettings {
        /// Look for results in the cache and store new ones.
        pub enabled: Option<bool> = true;
        /// Folder of the cache; the environment variable `WASMPORT_CACHE_DIR` takes precedence.
        /// Default: `wasmport` in the user's cache folder, in a build script `wasmport-cache` in
        /// cargo's target folder.
        pub dir: Option<PathBuf>;
        /// File with the secret key that authenticates the results, as 64 hexadecimal digits; the
        /// environment variables `WASMPORT_CACHE_KEY`, with the key itself, and `WASMPORT_CACHE_KEY_FILE`
        /// take precedence. Default: `wasmport/cache-key` in the user's configuration folder, which the
        /// first import creates; the cache folder must then be one that no other user can change.
        pub key_file: Option<PathBuf>;
        /// Largest size in MiB; beyond it the least recently used results are removed.
        pub max_mib: Option<u32> = 4_096;
        /// Use results of other keys too, and a folder that other users can change. Whoever can write
        /// there then decides what code the program runs.
        pub trust: Option<bool> = false;
        /// A store that machines share. An import looks there for what its own cache lacks.
        pub remote: RemoteSettings;
    }
}

impl CacheSettings {
    pub(crate) fn is_on(&self) -> bool {
        self.chosen(|cache| cache.enabled)
    }

    pub(crate) fn is_trusted(&self) -> bool {
        self.chosen(|cache| cache.trust)
    }

    /// Makes paths relative to `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.dir, &mut self.key_file].into_iter().flatten() {
            *path = folder.join(&path);
        }
    }

    /// Returns the largest size in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        u64::from(self.chosen(|cache| cache.max_mib)) << 20
    }
}
