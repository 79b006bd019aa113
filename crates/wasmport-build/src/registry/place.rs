//! The place of a pinned file in the project.

use crate::error::Error;
use crate::fs;
use crate::project::pins::source_of;
use crate::settings::Settings;
use std::path::{Component, Path, PathBuf};
use wasmport::registry::Reference;

/// A place in the project.
pub(super) struct Place {
    /// The path.
    pub path: PathBuf,
    /// The path relative to the lock file, with `/` between parts.
    pub file: String,
    /// The path below the import root.
    pub source: String,
}

/// Returns the place for what a reference names: `to`, or below the first import root by the name of the repository.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if the place is below no import root, or outside of the folder of the lock file.
pub(super) fn place(
    reference: &Reference,
    to: Option<&Path>,
    settings: &Settings,
) -> Result<Place, Error> {
    let repository = reference.repository();
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let name = format!("{}.wasm", name.strip_suffix(".wasm").unwrap_or(name));
    let path = match to {
        Some(to) if to.is_dir() || to.as_os_str().to_string_lossy().ends_with('/') => to.join(name),
        Some(to) => to.to_owned(),
        None => match settings.roots.first() {
            Some(root) if !root.is_file() => root.join(name),
            _ => {
                let message = "the import roots name no folder for the file";
                return Err(Error::arguments(message, "name the file with `--to`"));
            }
        },
    };
    let extension = path.extension().unwrap_or_default();
    if !extension.eq_ignore_ascii_case("wasm") {
        let message = format!("`{}` does not end with `.wasm`", path.display());
        return Err(Error::arguments(message, "imports find files by this ending: change `--to`"));
    }
    let Some(file) = file_of(&path, settings) else {
        let message = format!("`{}` is not below the folder of the lock file", path.display());
        return Err(Error::arguments(message, "name a file below the folder of the settings"));
    };
    let path = settings.folder.join(&file);
    let source = check_root(&path, settings)?;
    Ok(Place { path, file, source })
}

/// Returns the path below the import root: nothing is written elsewhere.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if the path is below no import root.
pub(super) fn check_root(path: &Path, settings: &Settings) -> Result<String, Error> {
    source_of(path, settings).ok_or_else(|| {
        let message = format!("`{}` is below no import root", path.display());
        Error::arguments(message, "name a file below one, or add its folder to `roots`")
    })
}

/// Returns the path relative to the lock file, with `/` between parts.
fn file_of(path: &Path, settings: &Settings) -> Option<String> {
    let folder = folder(settings);
    let relative = match path.strip_prefix(&settings.folder) {
        Ok(relative) if relative.is_relative() => relative.to_owned(),
        _ => path.strip_prefix(fs::canonicalize(folder).ok()?).ok()?.to_owned(),
    };
    let parts = relative.components().filter(|part| *part != Component::CurDir);
    let names = parts.map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let names: Vec<&str> = names.collect::<Option<_>>()?;
    (!names.is_empty()).then(|| names.join("/"))
}

/// Returns the folder of the lock file.
fn folder(settings: &Settings) -> &Path {
    if settings.folder.as_os_str().is_empty() { Path::new(".") } else { &settings.folder }
}

/// Writes a pinned file, unless a link leads out of the folder of the lock file: the lock file of a stranger decides paths.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if a link leads elsewhere, and with [`Error::File`] if it cannot be written.
pub(super) fn write(path: &Path, bytes: &[u8], settings: &Settings) -> Result<(), Error> {
    let real = fs::canonicalize(folder(settings))?;
    let mut parents = path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
    let existing = parents.find(|parent| parent.exists()).unwrap_or(Path::new("."));
    if !fs::canonicalize(existing)?.starts_with(&real) {
        let message =
            format!("`{}` is a link out of the folder of the lock file", existing.display());
        return Err(Error::arguments(message, "replace the link by a folder"));
    }
    fs::write_atomically(path, bytes)
}
