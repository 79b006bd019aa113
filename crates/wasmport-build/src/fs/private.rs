//! Folders that no other user can change, and secrets that no other user can read.

use super::crash::{crash_point, renamed, sync_bytes, sync_name, wrote};
use super::shared::{at, optional};
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::path::Path;
use wasmport::NotPrivate;

/// Checks that no other user can change or replace the folder, and creates it if it is missing. A group may
/// write to folders above it: the cache's entries are authenticated besides.
#[cfg(unix)]
pub(crate) fn open_private_folder(path: &Path) -> std::result::Result<(), NotPrivate> {
    use wasmport::private::{GroupWrite, open_private_folder};
    open_private_folder(path, GroupWrite::Accepted).map(drop).map_err(|error| match error {
        NotPrivate::Io(error) => at(path)(error).into(),
        error => error,
    })
}

/// Creates the folder if it is missing. The system does not say who may write to it, and profiles of users
/// are their own.
#[cfg(not(unix))]
pub(crate) fn open_private_folder(path: &Path) -> std::result::Result<(), NotPrivate> {
    Ok(super::create_folder(path)?)
}

/// Reads a file that no other user may read, or returns `None` if it is missing.
pub(crate) fn read_secret(path: &Path) -> Result<Option<Vec<u8>>> {
    let read = || {
        let Some(file) = optional(File::open(path))? else { return Ok(None) };
        #[cfg(unix)]
        wasmport::private::check_secret_file(&file.metadata()?).map_err(std::io::Error::other)?;
        let mut bytes = Vec::new();
        file.take(MAX_SECRET).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    read().map_err(at(path))
}

/// The largest length of a secret, in bytes.
const MAX_SECRET: u64 = 4 << 10;

/// Writes a new file that only this user can read. An existing one is an error.
///
/// # Errors
///
/// Fails if the file exists or cannot be written.
#[cfg(feature = "signing")]
pub(crate) fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(at(path))
}

/// Creates a file that no other user may read, with all of its bytes at once. An existing file stays.
pub(crate) fn create_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    open_private_folder(folder).map_err(|error| match error {
        NotPrivate::Io(error) => error,
        error => at(folder)(std::io::Error::other(error)),
    })?;
    let create = || {
        // Temporary files are private to the user.
        crash_point();
        let mut file = tempfile::Builder::new().prefix(".wasmport-").tempfile_in(folder)?;
        crash_point();
        file.write_all(bytes)?;
        wrote(file.path());
        crash_point();
        sync_bytes(file.as_file(), file.path())?;
        crash_point();
        let unpublished = file.path().to_path_buf();
        match file.persist_noclobber(path) {
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            persisted => persisted.map_err(|e| e.error)?,
        };
        renamed(&unpublished, path);
        crash_point();
        sync_name(path)
    };
    create().map_err(at(path))
}

/// Returns whether the path is a symbolic link.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Sets the permissions of a file or folder.
#[cfg(all(test, unix))]
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}
