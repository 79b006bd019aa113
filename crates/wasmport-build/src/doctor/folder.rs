//! Folders that imports create if they are missing.

use crate::fs::{self, Occupant};
use std::path::Path;

/// Returns the nearest existing path at or above `folder`: the folders below it are missing.
pub(super) fn nearest_existing(folder: &Path) -> &Path {
    let is_there = |path: &&Path| {
        !path.as_os_str().is_empty() && !matches!(fs::occupant(path), Ok(Occupant::Nothing))
    };
    folder.ancestors().find(is_there).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folders_lie_in_an_existing_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write_atomically(&file, b"x").unwrap();
        assert_eq!(nearest_existing(&folder.path().join("a/b")), folder.path());
        assert_eq!(nearest_existing(&file.join("a/b")), file);
        assert_eq!(nearest_existing(&file), file);
        assert_eq!(nearest_existing(Path::new("no-such-folder/a")), Path::new("."));
    }
}
