//! File access that names the path in its errors.

use std::fmt::Display;
use std::fs;
use std::path::Path;

fn error(action: &str, path: &Path, reason: impl Display) -> Box<dyn std::error::Error> {
    format!("cannot {action} `{}`: {reason}", path.display()).into()
}

pub(crate) fn read(path: &Path) -> crate::Result<String> {
    fs::read_to_string(path).map_err(|e| error("read", path, e))
}

/// Writes the file; creates its folder.
pub(crate) fn write(path: &Path, text: &str) -> crate::Result {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|e| error("create", folder, e))?;
    fs::write(path, text).map_err(|e| error("write", path, e))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) {
    // What stays there takes space, and does no other harm.
    let _ = fs::remove_file(path);
}
