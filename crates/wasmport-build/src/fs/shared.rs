//! Files that several processes read, replace and remove at the same time.
//!
//! Errors are those of the system, with the path: the cache turns them into warnings.

use super::crash::{crash_point, renamed, sync_bytes, sync_name, wrote};
use super::permissions::set_output_permissions;
use super::persist::persist;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use walkdir::WalkDir;

/// An error of the system with its path.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {source}", .path.display())]
struct PathError {
    path: PathBuf,
    source: Error,
}

/// Adds the path to an error, and keeps its kind.
pub(super) fn at(path: &Path) -> impl FnOnce(Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::new(source.kind(), PathError { path, source })
}

/// Returns `None` if the file or its folder is missing.
pub(super) fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Reads a file, and sets its time to now, once for all uses after `since`.
pub(crate) fn read_used(path: &Path, since: SystemTime) -> Result<Option<Vec<u8>>> {
    let read = || {
        let Some(mut file) = optional(File::open(path))? else { return Ok(None) };
        let metadata = file.metadata()?;
        if metadata.modified().is_ok_and(|used| used < since) {
            // If that fails, the entry is pruned earlier.
            let _ = file.set_modified(SystemTime::now());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    read().map_err(at(path))
}

/// Reads a file without changing its time.
pub(crate) fn read_unnoticed(path: &Path) -> Result<Option<Vec<u8>>> {
    optional(fs::read(path)).map_err(at(path))
}

/// Writes a file atomically and durably: the bytes are on the disk before the file gets its name. `tmp` is a
/// folder of this process in the same file system.
pub(crate) fn publish(tmp: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        crash_point();
        let mut file = tempfile::NamedTempFile::new_in(tmp)?;
        crash_point();
        file.write_all(bytes)?;
        wrote(file.path());
        crash_point();
        sync_bytes(file.as_file(), file.path())?;
        set_output_permissions(file.as_file())?;
        fs::create_dir_all(folder)?;
        crash_point();
        let unpublished = file.path().to_path_buf();
        persist(file, path)?;
        renamed(&unpublished, path);
        crash_point();
        sync_name(path)?;
        crash_point();
        Ok(())
    };
    write().map_err(at(path))
}

/// Moves a file. A missing file is ignored.
pub(crate) fn move_aside(from: &Path, to: &Path) -> Result<()> {
    crash_point();
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(at(to))?;
    crash_point();
    optional(fs::rename(from, to)).map(drop).map_err(at(from))
}

/// Removes a file. A missing file is ignored.
pub(crate) fn remove(path: &Path) -> Result<()> {
    crash_point();
    optional(fs::remove_file(path)).map(drop).map_err(at(path))
}

/// Removes a folder with its content. A missing folder is ignored.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    crash_point();
    optional(fs::remove_dir_all(path)).map(drop).map_err(at(path))
}

/// Creates a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(at(path))
}

/// Checks that this process can write to a folder. The file that it creates has no name, or none for long.
#[cfg(feature = "doctor")]
pub(crate) fn check_writable(folder: &Path) -> Result<()> {
    tempfile::tempfile_in(folder).map(drop).map_err(at(folder))
}

/// Creates a file, and fails if it exists.
#[cfg(any(test, feature = "signing"))]
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    File::create_new(path)?.write_all(bytes)
}

/// Creates a file with a unique name. `prepare` gets the file first, under a temporary name, and returns the
/// prefix of the final name.
pub(crate) fn create_unique(
    folder: &Path,
    prepare: impl Fn(&File) -> Result<&'static str>,
) -> Result<(File, String)> {
    let create = || {
        crash_point();
        let file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        crash_point();
        let prefix = prepare(file.as_file())?;
        let unique = file.path().file_name().and_then(OsStr::to_str).unwrap_or_default();
        let unique = unique.trim_start_matches(".new-");
        let name = format!("{prefix}-{}-{unique}", std::process::id());
        let file = file.persist_noclobber(folder.join(&name)).map_err(|e| e.error)?;
        crash_point();
        Ok((file, name))
    };
    create().map_err(at(folder))
}

/// Returns whether a running process holds a lock on the file.
pub(crate) fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| match file.try_lock() {
        Ok(()) => false,
        Err(fs::TryLockError::WouldBlock) => true,
        // Locks fail here but worked for the owner: the file belongs to another system.
        Err(fs::TryLockError::Error(_)) => true,
    })
}

/// Returns when the file was last written.
pub(crate) fn modified(path: &Path) -> Result<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(at(path))
}

/// Lists the names in a folder, except those that are not Unicode. A missing folder is empty.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let names = |entries: fs::ReadDir| {
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.collect::<Vec<_>>()
    };
    Ok(optional(fs::read_dir(folder)).map_err(at(folder))?.map(names).unwrap_or_default())
}

/// Lists the files below a folder: path, length in bytes, and time of the last write or use. Files that are
/// removed meanwhile are left out. Links are not followed.
pub(crate) fn files_below(
    folder: &Path,
) -> impl Iterator<Item = Result<(PathBuf, u64, SystemTime)>> + use<> {
    WalkDir::new(folder).follow_root_links(false).into_iter().filter_map(|entry| {
        match entry.and_then(|entry| Ok((entry.metadata()?, entry.into_path()))) {
            Ok((metadata, path)) if metadata.is_file() => {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                Some(Ok((path, metadata.len(), used)))
            }
            Ok(_) => None,
            Err(e) if e.io_error().is_some_and(|e| e.kind() == ErrorKind::NotFound) => None,
            Err(e) => Some(Err(e.into())),
        }
    })
}
