//! Files that several programs read, replace and remove at once.
//!
//! Errors are of the system with the path, since a store that cannot be used ends nothing.

use super::point;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use walkdir::WalkDir;

fn at(path: &Path) -> impl FnOnce(Error) -> Error {
    let path = path.to_path_buf();
    move |e| Error::new(e.kind(), format!("`{}`: {e}", path.display()))
}

/// Nothing where there is no file, or no folder for one.
fn if_there<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The file's bytes. That it was used is noted in its time, once for all uses after `since`.
pub(crate) fn read_used(path: &Path, since: SystemTime) -> Result<Option<Vec<u8>>> {
    let read = || {
        let Some(mut file) = if_there(File::open(path))? else { return Ok(None) };
        let metadata = file.metadata()?;
        if metadata.modified().is_ok_and(|used| used < since) {
            // Then it goes sooner than it might.
            let _ = file.set_modified(SystemTime::now());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    read().map_err(at(path))
}

/// The file's bytes, and nobody can tell that they were read.
pub(crate) fn read_unnoticed(path: &Path) -> Result<Option<Vec<u8>>> {
    if_there(fs::read(path)).map_err(at(path))
}

/// Makes `path` a file of these bytes, at once and for good: they are on the disk before the name
/// leads to them. `tmp` is a folder of this process in the same file system.
pub(crate) fn publish(tmp: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        point();
        let mut file = tempfile::NamedTempFile::new_in(tmp)?;
        point();
        file.write_all(bytes)?;
        point();
        file.as_file().sync_data()?;
        super::set_permissions_of_a_new_file(file.as_file())?;
        fs::create_dir_all(folder)?;
        point();
        file.persist(path).map_err(|e| e.error)?;
        point();
        sync_folder(folder)?;
        point();
        Ok(())
    };
    write().map_err(at(path))
}

/// Names last through a loss of power where their folder is on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<()> {
    Ok(())
}

/// Moves a file, which may be gone already.
pub(crate) fn move_aside(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(at(to))?;
    if_there(fs::rename(from, to)).map(drop).map_err(at(from))
}

/// Removes a file, which may be gone already.
pub(crate) fn remove(path: &Path) -> Result<()> {
    point();
    if_there(fs::remove_file(path)).map(drop).map_err(at(path))
}

/// Removes a folder with all that is in it, which may be gone already.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    if_there(fs::remove_dir_all(path)).map(drop).map_err(at(path))
}

/// Creates a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(at(path))
}

/// Creates a file, which nobody has created before.
#[cfg(test)]
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    File::create_new(path)?.write_all(bytes)
}

/// Creates a file of a name that nobody else has; it has another until `prepare` has seen it and
/// said how the name begins.
pub(crate) fn create_unique(
    folder: &Path,
    prepare: impl Fn(&File) -> Result<&'static str>,
) -> Result<(File, String)> {
    let create = || {
        let file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        let prefix = prepare(file.as_file())?;
        let unique = file.path().file_name().and_then(OsStr::to_str).unwrap_or_default();
        let unique = unique.trim_start_matches(".new-");
        let name = format!("{prefix}-{}-{unique}", std::process::id());
        let file = file.persist_noclobber(folder.join(&name)).map_err(|e| e.error)?;
        Ok((file, name))
    };
    create().map_err(at(folder))
}

/// Whether a process that lives has locked the file.
pub(crate) fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| match file.try_lock() {
        Ok(()) => false,
        Err(fs::TryLockError::WouldBlock) => true,
        // Whoever locked it could: it is of another system.
        Err(fs::TryLockError::Error(_)) => true,
    })
}

/// When the file was last written.
pub(crate) fn modified(path: &Path) -> Result<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(at(path))
}

/// The names in a folder that are text; none where there is no folder.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let names = |entries: fs::ReadDir| {
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.collect::<Vec<_>>()
    };
    Ok(if_there(fs::read_dir(folder)).map_err(at(folder))?.map(names).unwrap_or_default())
}

/// The files below a folder, with their lengths and when they were last written or used. Those that
/// go meanwhile are left out.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64, SystemTime)>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder) {
        let metadata = entry.and_then(|entry| Ok((entry.metadata()?, entry.into_path())));
        match metadata {
            Ok((metadata, path)) if metadata.is_file() => {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push((path, metadata.len(), used));
            }
            Ok(_) => {}
            Err(e) if e.io_error().is_some_and(|e| e.kind() == ErrorKind::NotFound) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(files)
}
