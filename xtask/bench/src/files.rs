//! File access that names the path in its errors.

use crate::Result;
use std::fs;
use std::path::{Path, PathBuf};

fn error(path: &Path, action: &str) -> impl FnOnce(std::io::Error) -> String {
    move |error| format!("cannot {action} `{}`: {error}", path.display())
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(fs::read(path).map_err(error(path, "read"))?)
}

/// Writes a scratch file, and the folders it needs.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result {
    create_folder(path.parent().unwrap_or(path))?;
    Ok(fs::write(path, bytes).map_err(error(path, "write"))?)
}

pub(crate) fn create_folder(path: &Path) -> Result {
    Ok(fs::create_dir_all(path).map_err(error(path, "create"))?)
}

pub(crate) fn len(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).map_err(error(path, "read the size of"))?.len())
}
