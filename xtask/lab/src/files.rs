//! File access with the path in every error.

use std::fmt::Display;
use std::fs;
use std::path::Path;

fn error(
    action: &str,
    path: &Path,
    reason: impl Display,
) -> Box<dyn std::error::Error + Send + Sync> {
    format!("cannot {action} `{}`: {reason}", path.display()).into()
}

pub(crate) fn read(path: &Path) -> crate::Result<String> {
    fs::read_to_string(path).map_err(|e| error("read", path, e))
}

pub(crate) fn read_bytes(path: &Path) -> crate::Result<Vec<u8>> {
    fs::read(path).map_err(|e| error("read", path, e))
}

/// Writes a file and creates its folder.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> crate::Result {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|e| error("create", folder, e))?;
    fs::write(path, text).map_err(|e| error("write", path, e))
}

/// Writes a file that can be executed.
pub(crate) fn write_program(path: &Path, text: &str) -> crate::Result {
    write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(|e| error("make executable", path, e))?;
    }
    Ok(())
}

/// Writes a file if its content differs, so that cargo does not rebuild what depends on it.
pub(crate) fn update(path: &Path, text: impl AsRef<[u8]>) -> crate::Result {
    let is_same = fs::read(path).is_ok_and(|there| there == text.as_ref());
    if is_same { Ok(()) } else { write(path, text) }
}

/// Fills a folder with these files and removes all others.
pub(crate) fn fill(folder: &Path, files: &[(String, &[u8])]) -> crate::Result {
    fs::create_dir_all(folder).map_err(|e| error("create", folder, e))?;
    let wanted: std::collections::HashSet<&str> = files.iter().map(|(name, _)| &**name).collect();
    for entry in fs::read_dir(folder).map_err(|e| error("read", folder, e))? {
        let entry = entry.map_err(|e| error("read", folder, e))?;
        if !entry.file_name().to_str().is_some_and(|name| wanted.contains(name)) {
            remove(&entry.path());
        }
    }
    files.iter().try_for_each(|(name, bytes)| update(&folder.join(name), bytes))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) {
    // A remaining file only takes space.
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_folder_has_no_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write(&path("old"), "old").unwrap();
        fill(folder.path(), &[("new".into(), b"new")]).unwrap();
        assert!(!path("old").exists());
        assert_eq!(read(&path("new")).unwrap(), "new");
    }
}
