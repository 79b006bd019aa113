//! The workspace around a package, whose dependencies it may share.

use super::manifest::{FILE, Manifest};
use crate::error::Error;
use crate::fs;
use std::path::Path;

/// The largest number of folders that are searched.
const MAX_DEPTH: usize = 64;

/// Returns the manifest of the workspace of the package in `root`, a folder without links. `named` is the folder that
/// the package names.
///
/// # Errors
///
/// Fails if a manifest cannot be read.
pub(super) fn find(root: &Path, named: Option<&str>) -> Result<Option<Manifest>, Error> {
    if let Some(named) = named {
        return read(&root.join(named));
    }
    for folder in root.ancestors().take(MAX_DEPTH) {
        let Some(manifest) = read(folder)? else { continue };
        if manifest.is_workspace() {
            let rest = root.strip_prefix(folder).unwrap_or(root);
            return Ok(Some(manifest).filter(|manifest| !manifest.excludes(rest)));
        }
    }
    Ok(None)
}

fn read(folder: &Path) -> Result<Option<Manifest>, Error> {
    let path = folder.join(FILE);
    let Some(bytes) = fs::read_optional(&path)? else { return Ok(None) };
    Manifest::parse_any(&String::from_utf8_lossy(&bytes), &path).map(Some)
}
