//! Walk: the files and folders below one import root.

use super::Discovered;
use super::selection::Selection;
use crate::asset::{AssetError, Stage};
use crate::error::Error;
use crate::fs;
use crate::project::manifest::ARTIFACTS;
use crate::settings::Symlinks;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Returns the folder below a root that holds the importer's own output. It is not searched: the
/// artifacts of the target `source` are wasm files.
pub(super) fn own_folder(root: &Path, real_root: &Path, output: &Path) -> Option<PathBuf> {
    let output = output.strip_prefix(real_root).ok()?;
    // Sources and output may share a folder.
    let is_root = output.as_os_str().is_empty();
    Some(root.join(if is_root { Path::new(ARTIFACTS) } else { output }))
}

/// Walks a root, and calls `add` with the source name and the path of each selected file.
pub(super) fn walk(
    root: &Path,
    real_root: &Path,
    own: Option<&Path>,
    selection: &Selection,
    discovered: &mut Discovered,
    mut add: impl FnMut(String, PathBuf) -> Result<(), Error>,
) -> Result<(), Error> {
    // The order of whole paths is the order of names, without splitting the paths.
    let by_path = |a: &DirEntry, b: &DirEntry| a.path().as_os_str().cmp(b.path().as_os_str());
    let mut entries = WalkDir::new(root).follow_links(true).sort_by(by_path).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let path = e.path().unwrap_or(root);
                let source = source_name(root, path);
                if e.depth() == 0 || selection.may_select(&source) {
                    discovered.failed.push((source, unusable(path, &e)));
                }
                continue;
            }
        };
        let source = source_name(root, entry.path());
        let is_folder = entry.file_type().is_dir();
        // The settings name a root: neither globs nor its extension decide about it.
        let wanted = entry.depth() == 0
            || match is_folder {
                true => selection.searches(&source) && own != Some(entry.path()),
                false => selection.contains(&source),
            };
        let checked = if wanted { check(&entry, real_root, selection) } else { Ok(()) };
        if is_folder && (!wanted || checked.is_err()) {
            entries.skip_current_dir();
        }
        match checked {
            Err(error) => discovered.failed.push((source, error)),
            Ok(()) if !wanted => {}
            Ok(()) if is_folder => discovered.folders.push(entry.into_path()),
            Ok(()) => add(source, entry.into_path())?,
        }
    }
    Ok(())
}

/// Explains why a place cannot be searched.
fn unusable(path: &Path, error: &walkdir::Error) -> AssetError {
    let (message, help) = if error.loop_ancestor().is_some() {
        ("the symbolic link leads to a folder around it", "remove the link, or exclude it")
    } else if path.is_symlink() && !path.exists() {
        ("the symbolic link leads nowhere", "remove the link or repair it, or exclude it")
    } else {
        let message = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        return AssetError::new(path, Stage::Discover, message)
            .help("make it readable for this user, or exclude it");
    };
    AssetError::new(path, Stage::Discover, message.to_owned()).help(help)
}

/// Refuses a name that cannot be written, a special file, and a link that leaves the root.
fn check(entry: &DirEntry, real_root: &Path, selection: &Selection) -> Result<(), AssetError> {
    let error = |message: String| AssetError::new(entry.path(), Stage::Discover, message);
    if entry.path().to_str().is_none() {
        return Err(error("the path is not UTF-8".into()).help("rename the file, or exclude it"));
    }
    // Cargo would read the rest of the path as another directive.
    if entry.path().to_string_lossy().contains(char::is_control) {
        return Err(error("the path holds a control character".into())
            .help("rename the file, or exclude it"));
    }
    let kind = entry.file_type();
    if !kind.is_dir() && !kind.is_file() {
        return Err(error(
            "it is not a regular file: reading a pipe or a device may never end".into(),
        )
        .help("remove it, or exclude it"));
    }
    if !entry.path_is_symlink() || entry.depth() == 0 || selection.symlinks == Symlinks::Follow {
        return Ok(());
    }
    let real = fs::canonicalize(entry.path()).map_err(|e| error(e.to_string()))?;
    if real.starts_with(real_root) {
        return Ok(());
    }
    Err(error(format!(
        "the symbolic link leaves the import root: it leads to `{}`",
        real.display()
    ))
    .help("set `symlinks = \"follow\"` to allow it, or exclude it"))
}

/// Returns the path below the root with `/` between parts. For the root itself, it is the name of a
/// file, and empty for a folder.
fn source_name(root: &Path, path: &Path) -> String {
    let relative = match path.strip_prefix(root) {
        Ok(relative) if !relative.as_os_str().is_empty() => relative,
        _ if root.is_dir() => Path::new(""),
        _ => Path::new(path.file_name().unwrap_or_default()),
    };
    let parts: Vec<_> =
        relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
