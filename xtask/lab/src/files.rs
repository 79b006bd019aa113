//! File access with the path in every error.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

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

/// Copies a file, or all files below a folder.
pub(crate) fn copy(from: &Path, to: &Path) -> crate::Result {
    for path in below(from)? {
        // A path that is joined with an empty one ends with a slash.
        let relative = path.strip_prefix(from)?;
        let to = if relative.as_os_str().is_empty() { to.to_owned() } else { to.join(relative) };
        write(&to, read_bytes(&path)?)?;
    }
    Ok(())
}

/// Copies what an import of the fixtures reads.
pub(crate) fn copy_fixtures(to: &Path) -> crate::Result {
    let fixtures = crate::root().join("fixtures");
    for input in ["assets", "interfaces", "sources", "wasmport.toml"] {
        copy(&fixtures.join(input), &to.join(input))?;
    }
    Ok(())
}

/// Reads files and all files below folders of a project, by their paths in it.
pub(crate) fn contents(
    project: &Path,
    paths: &[&str],
) -> crate::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut contents = BTreeMap::new();
    for path in paths {
        for path in below(&project.join(path))? {
            let _ = contents.insert(path.strip_prefix(project)?.to_owned(), read_bytes(&path)?);
        }
    }
    Ok(contents)
}

/// Lists the files below a folder; of a file the file itself.
pub(crate) fn below(path: &Path) -> crate::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path) {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
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
