//! `[cache]`: the store of earlier results.

use super::table::{Field as _, settings_table};
use std::path::PathBuf;

settings_table! {
    /// The store of results of earlier imports. It saves time and never changes a result.
    pub struct CacheSettings {
        /// Look for results in the cache and store new ones.
        pub enabled: Option<bool> = true;
        /// Folder of the cache; the environment variable `WASMPORT_CACHE_DIR` takes precedence.
        /// Default: `wasmport` in the user's cache folder, in a build script `wasmport-cache` in
        /// cargo's target folder.
        pub dir: Option<PathBuf>;
        /// Largest size in MiB; beyond it the least recently used results are removed.
        pub max_mib: Option<u32> = 4_096;
    }
}

impl CacheSettings {
    pub(crate) fn is_on(&self) -> bool {
        self.chosen(|cache| cache.enabled)
    }

    /// Returns the largest size in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        u64::from(self.chosen(|cache| cache.max_mib)) << 20
    }
}
