//! `Dir` on systems other than Unix: a folder of this program's files, by its path.

use crate::error::NotPrivate;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A folder, by its path.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    /// Opens the folder `name` in the folder at `path`, and creates both if they are missing.
    ///
    /// # Errors
    ///
    /// Fails if one can be neither opened nor created, or if `name` is a symbolic link.
    pub fn open(path: &Path, name: &str) -> io::Result<Self> {
        let folder = path.join(name);
        std::fs::create_dir_all(&folder)?;
        match std::fs::symlink_metadata(&folder)?.is_dir() {
            true => Ok(Self(folder)),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Fails: std cannot read who may write to a folder.
    ///
    /// # Errors
    ///
    /// Fails with [`NotPrivate::Unsupported`].
    pub fn open_private(_: &Path, _: &str) -> Result<Self, NotPrivate> {
        Err(NotPrivate::Unsupported)
    }

    /// Reads a regular file of at most `max` bytes.
    pub fn read(&self, name: &str, max: u64) -> Option<Vec<u8>> {
        let path = self.0.join(name);
        let metadata = std::fs::symlink_metadata(&path).ok()?;
        metadata.is_file().then(|| super::read_within(&path, max).ok())?
    }

    /// Opens the folder `name` in the folder at `path`.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be found, or if `name` is a symbolic link.
    pub fn find(path: &Path, name: &str) -> io::Result<Self> {
        let folder = path.join(name);
        match std::fs::symlink_metadata(&folder)?.is_dir() {
            true => Ok(Self(folder)),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Locks a file for this process alone, and creates it if it is missing. None if another process does not give it
    /// back within `longest`, or there are no locks.
    pub fn lock(&self, name: &str, longest: Duration) -> Option<File> {
        let mut options = File::options();
        let options = options.create(true).truncate(false).write(true);
        super::lock_within(options.open(self.0.join(name)).ok()?, longest)
    }

    /// Creates a file, and fails if the name is taken.
    pub fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        File::create_new(self.0.join(name))?.write_all(bytes)
    }

    /// Renames a file, and replaces another of the new name.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.0.join(from), self.0.join(to))
    }

    /// Removes a file or link.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }

    /// Sets the file's time of last use to now.
    pub fn touch(&self, name: &str) -> io::Result<()> {
        File::options().append(true).open(self.0.join(name))?.set_modified(SystemTime::now())
    }

    /// Returns time of last use, length and name of each file.
    pub fn files(&self) -> io::Result<Vec<(SystemTime, u64, String)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let (metadata, name) = (entry.metadata()?, entry.file_name().into_string());
            if let (true, Ok(name)) = (metadata.is_file(), name) {
                files.push((metadata.modified()?, metadata.len(), name));
            }
        }
        Ok(files)
    }
}
