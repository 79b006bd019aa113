//! `Dir`: a folder of this program's files, held open, so that its path no longer matters.

use super::private::{
    GroupWrite, check_private_file, check_secret_file, open_private_folder, open_private_in,
};
use crate::error::NotPrivate;
use rustix::fs::{self as unix, AtFlags, Mode, OFlags};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A folder, by its handle.
#[derive(Debug)]
pub(crate) struct Dir {
    handle: File,
    /// Only files that no other user can change are read, and files are written for this user alone. Those of others have
    /// a key, so that the users who have it share them.
    is_private: bool,
}

/// The permissions of folders and files that users share, as far as the process allows them.
const SHARED_FOLDER: Mode = Mode::from_raw_mode(0o755);
/// The same for the standard library, which takes another type on macOS.
const SHARED_FOLDER_BITS: u32 = 0o755;
const SHARED_FILE: Mode = Mode::from_raw_mode(0o644);

impl Dir {
    /// Opens the folder `name` in the folder at `path`, and creates both if they are missing.
    ///
    /// # Errors
    ///
    /// Fails if one can be neither opened nor created, or if `name` is a symbolic link.
    pub fn open(path: &Path, name: &str) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(SHARED_FOLDER_BITS).create(path)?;
        let above = File::open(path)?;
        match unix::mkdirat(&above, name, SHARED_FOLDER) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        Self::find(path, name)
    }

    /// Opens the folder `name` in the folder at `path`, which no other user can change, and creates both
    /// if they are missing.
    ///
    /// # Errors
    ///
    /// Fails if another user can change one or a folder above, or if one can be neither opened nor created.
    pub fn open_private(path: &Path, name: &str) -> Result<Self, NotPrivate> {
        let above = open_private_folder(path, GroupWrite::Refused)?;
        Ok(Self { handle: open_private_in(&above, name)?, is_private: true })
    }

    /// Opens the folder `name` in the folder at `path`.
    ///
    /// # Errors
    ///
    /// Fails if one cannot be opened, or if `name` is a symbolic link.
    pub fn find(path: &Path, name: &str) -> io::Result<Self> {
        let above = File::open(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = unix::openat(&above, name, flags, Mode::empty())?.into();
        Ok(Self { handle, is_private: false })
    }

    fn open_file(&self, name: &str) -> io::Result<File> {
        // A pipe would block without `NONBLOCK`.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(unix::openat(&self.handle, name, flags, Mode::empty())?.into())
    }

    /// Reads a regular file of at most `max` bytes. In a private folder it must be private too.
    pub fn read(&self, name: &str, max: u64) -> Option<Vec<u8>> {
        let file = self.open_file(name).ok()?;
        let metadata = file.metadata().ok()?;
        let is_trusted = !self.is_private || check_private_file(&metadata).is_ok();
        is_trusted.then(|| super::read::read_regular(file, max).ok())?
    }

    /// Locks a file for this process alone, and creates it if it is missing. None if another process does not give it
    /// back within `longest`, if there are no locks, and if it is the file of another user, who could keep it for ever.
    pub fn lock(&self, name: &str, longest: Duration) -> Option<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = flags | OFlags::CLOEXEC;
        // Whoever can read a file can lock it.
        let file = unix::openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR).ok()?;
        let file = File::from(file);
        check_secret_file(&file.metadata().ok()?).ok()?;
        super::lock_within(file, longest)
    }

    /// Creates a file, and fails if the name is taken.
    pub fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = if self.is_private { Mode::RUSR | Mode::WUSR } else { SHARED_FILE };
        let file = unix::openat(&self.handle, name, flags, mode)?;
        File::from(file).write_all(bytes)
    }

    /// Renames a file, and replaces another of the new name.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(unix::renameat(&self.handle, from, &self.handle, to)?)
    }

    /// Removes a file or link.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unix::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Sets the file's time of last use to now.
    pub fn touch(&self, name: &str) -> io::Result<()> {
        self.open_file(name)?.set_modified(SystemTime::now())
    }

    /// Returns time of last use, length and name of each file that can be read.
    pub fn files(&self) -> io::Result<Vec<(SystemTime, u64, String)>> {
        let mut files = Vec::new();
        for entry in unix::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let Ok(metadata) = self.open_file(name).and_then(|file| file.metadata()) else {
                continue;
            };
            if metadata.is_file() {
                files.push((metadata.modified()?, metadata.len(), name.to_owned()));
            }
        }
        Ok(files)
    }
}
