//! Where the store is.

use crate::settings::CacheSettings;
use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use std::path::{Path, PathBuf};

/// Names the store's folder, before all settings.
pub(crate) const VARIABLE: &str = "WASMPORT_CACHE_DIR";

/// The store's folder: what the variable says, else the settings, else the user's; nothing where the
/// settings want none or the system has no place for it.
pub(crate) fn location(settings: &CacheSettings) -> Option<PathBuf> {
    if !settings.is_on() {
        return None;
    }
    let variable = std::env::var_os(VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let of_user = || Some(choose_native_strategy().ok()?.cache_dir().join("wasmport"));
    variable.or_else(|| settings.dir.clone()).or_else(of_user)
}

/// The store of a build script: in cargo's target folder, so that `cargo clean` removes it.
pub(crate) fn of_build_script(out_dir: &Path) -> PathBuf {
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let target = out_dir.ancestors().skip(1).find(is_target);
    target.unwrap_or(out_dir).join("wasmport-cache")
}
