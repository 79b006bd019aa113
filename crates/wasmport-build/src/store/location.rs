//! Location of the cache folder.

use crate::settings::CacheSettings;
use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use std::path::{Path, PathBuf};

/// The variable that overrides the folder of the settings.
pub(crate) const VARIABLE: &str = "WASMPORT_CACHE_DIR";

/// Returns the cache folder: of the variable, else of the settings, else of the user. Returns `None` if the
/// settings disable the cache or the system has no folder for caches.
pub(crate) fn location(settings: &CacheSettings) -> Option<PathBuf> {
    if !settings.is_on() {
        return None;
    }
    let variable = std::env::var_os(VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let of_user = || Some(choose_native_strategy().ok()?.cache_dir().join("wasmport"));
    variable.or_else(|| settings.dir.clone()).or_else(of_user)
}

/// Returns the cache folder of a build script: it lies in cargo's target folder, so that `cargo clean`
/// removes it.
pub(crate) fn of_build_script(out_dir: &Path) -> PathBuf {
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let target = out_dir.ancestors().skip(1).find(is_target);
    target.unwrap_or(out_dir).join("wasmport-cache")
}
