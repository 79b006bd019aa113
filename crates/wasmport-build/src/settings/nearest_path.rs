//! The nearest path: a suggestion for a file or folder that is missing.

use crate::asset::AssetError;
use crate::error::did_you_mean;
use crate::fs;
use crate::names::nearest;
use std::path::{MAIN_SEPARATOR, Path};

/// Returns the path beside a missing one with the nearest name, if one is near enough, as a setting relative to
/// `folder` names it: with `/` between parts on all systems.
pub(crate) fn nearest_path(missing: &Path, folder: &Path) -> Option<String> {
    if missing.exists() {
        return None;
    }
    let name = missing.file_name()?.to_string_lossy();
    let names = fs::names_beside(missing);
    let near = missing.with_file_name(nearest(&name, names.iter().map(String::as_str))?);
    let near = near.strip_prefix(folder).unwrap_or(&near).display().to_string();
    Some(near.replace(MAIN_SEPARATOR, "/"))
}

/// Adds the nearest name in its folder to the error of a file, if the file is missing.
pub(crate) fn with_nearest(error: AssetError, file: &Path, folder: &Path) -> AssetError {
    match nearest_path(file, folder) {
        Some(near) => error.help(did_you_mean(&near)),
        None => error,
    }
}
