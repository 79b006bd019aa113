//! What the user says of the cache.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where results of imports are kept, so that no work is done twice. Nothing of it decides what an
/// import gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct CacheSettings {
    /// Whether to keep any. Default: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The folder. Default: `wasmport` in the user's cache folder, and in a build script
    /// `wasmport-cache` in cargo's target folder; the variable `WASMPORT_CACHE_DIR` goes before all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// How much it may hold, in MiB, before what was not used for longest goes. Default: 4,096.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_mib: Option<u32>,
}

impl CacheSettings {
    const MAX_MIB: u32 = 4_096;

    pub(crate) fn is_on(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// How much it may hold, in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        u64::from(self.max_mib.unwrap_or(Self::MAX_MIB)) << 20
    }
}
