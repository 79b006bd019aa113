//! Files with one writer: errors name the path, and writes are atomic.

#[cfg(feature = "compiler")]
use super::crash::sync_name;
use super::crash::{crash_point, renamed, sync_bytes, wrote};
use super::permissions::set_output_permissions;
use super::persist::persist;
use super::regular;
use crate::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
#[cfg(feature = "compiler")]
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use wasmport::Digest;

type Result<T> = std::result::Result<T, Error>;

/// Wraps the system's reason with the path and the action.
pub(super) fn error(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::File { path, action, source }
}

/// Reads a regular file of at most 1 GiB.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    regular::read(path).map_err(error(path, "read"))
}

/// Reads the first `max` bytes of a regular file.
pub(crate) fn read_at_most(path: &Path, max: u64) -> Result<Vec<u8>> {
    regular::read_start(path, max).map_err(error(path, "read"))
}

/// Reads a regular file of at most 1 GiB, or returns `None` if it is missing.
pub(crate) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match regular::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        // A file may have the name of the folder.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(error(path, "read")(e)),
    }
}

/// Hashes a regular file of at most 16 GiB without reading all of it into memory.
pub(crate) fn digest(path: &Path) -> Result<Digest> {
    let hash = regular::hash(path).map_err(error(path, "read"))?;
    Ok(Digest::from_bytes(*hash.as_bytes()))
}

/// Resolves a path to an absolute one without symbolic links.
pub(crate) fn canonicalize(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(error(path, "find"))
}

/// Returns the length of a file in bytes, or `None` if there is no file.
pub(crate) fn len(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|m| m.len())
}

/// Writes a file atomically, and creates its folder.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, bytes, false)
}

/// Writes a file atomically and durably: the bytes are on the disk before the file gets its name.
#[cfg(feature = "compiler")]
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, bytes, true)?;
    sync_name(path).map_err(error(path, "write"))
}

fn write_with(path: &Path, bytes: &[u8], is_durable: bool) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(error(folder, "create"))?;
    let write = || -> std::io::Result<()> {
        crash_point();
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .rand_bytes(RANDOM_LEN)
            .tempfile_in(folder)?;
        // `remove_litter` skips locked files: it removes only those of killed processes.
        let _ = file.as_file().lock();
        crash_point();
        file.write_all(bytes)?;
        set_output_permissions(file.as_file())?;
        wrote(file.path());
        if is_durable {
            sync_bytes(file.as_file(), file.path())?;
        }
        crash_point();
        let unfinished = file.path().to_path_buf();
        persist(file, path)?;
        // A loss of power loses no name that replaces another durably: the earlier file is there.
        if !is_durable {
            renamed(&unfinished, path);
        }
        crash_point();
        Ok(())
    };
    let result = match write() {
        // Another process removed the temporary file as litter before it was locked.
        Err(e) if e.kind() == ErrorKind::NotFound => write(),
        result => result,
    };
    result.map_err(error(path, "write"))
}

/// The prefix of unfinished files. Letters and digits follow.
const UNFINISHED: &str = ".wasmport-";

/// The number of letters and digits.
const RANDOM_LEN: usize = 6;

/// Returns whether this is a name of an unfinished file.
fn is_unfinished(name: &OsStr) -> bool {
    let rest = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
    rest.is_some_and(|rest| {
        rest.len() == RANDOM_LEN && rest.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// Removes the unfinished files of killed processes in `folder`. Running processes hold a lock on theirs.
pub(crate) fn remove_litter(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_unfinished(&entry.file_name())) {
        // The type is that of the entry: a link is no file.
        if entry.file_type().is_ok_and(|kind| kind.is_file())
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            // Another process may remove it first.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Something at a path. A link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occupant {
    Nothing,
    File,
    Link,
    /// A folder, a pipe, or a device.
    Other,
}

/// Returns the kind of thing at a path.
pub(crate) fn occupant(path: &Path) -> Result<Occupant> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Ok(Occupant::Link),
        Ok(metadata) if metadata.is_file() => Ok(Occupant::File),
        Ok(_) => Ok(Occupant::Other),
        // A file may be in the place of a folder.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Occupant::Nothing)
        }
        Err(e) => Err(error(path, "find")(e)),
    }
}

/// Removes a file, and the folders above it, up to `root`, that become empty.
pub(crate) fn remove_with_empty_folders(path: &Path, root: &Path) -> Result<()> {
    crash_point();
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(error(path, "remove")(e)),
        _ => {}
    }
    for folder in
        path.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root))
    {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// Creates a temporary folder, which is removed when it is dropped.
#[cfg(feature = "compiler")]
pub(crate) fn temporary_folder() -> Result<tempfile::TempDir> {
    let folder = std::env::temp_dir();
    tempfile::Builder::new()
        .prefix("wasmport-")
        .tempdir_in(&folder)
        .map_err(error(&folder, "create"))
}

/// Creates a file, and truncates an existing one.
#[cfg(feature = "compiler")]
pub(crate) fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(error(path, "create"))
}

/// Reads the first and the last `len` bytes of a file, or all of it if it is shorter.
#[cfg(feature = "compiler")]
pub(crate) fn read_ends(path: &Path, len: u64) -> Result<Vec<u8>> {
    let read = || {
        let mut file = File::open(path)?;
        let all = file.metadata()?.len();
        let mut bytes = Vec::new();
        (&file).take(len).read_to_end(&mut bytes)?;
        file.seek(SeekFrom::Start(all.saturating_sub(len).max(len.min(all))))?;
        if all > 2 * len {
            bytes.push(b'\n');
        }
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(error(path, "read"))
}
