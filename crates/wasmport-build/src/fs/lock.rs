//! `FolderLock`: a locked file that one process at a time holds. The system releases it however the process
//! ends.

use super::crash::crash_point;
use super::files::{Occupant, error, occupant};
use super::regular;
use crate::error::Error;
use same_file::Handle;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Result, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The beginning of the file's text.
const HEAD: &str = "wasmport process ";

/// The longest text, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// A lock. The file names the process and what it works on.
pub(crate) struct FolderLock {
    path: PathBuf,
    file: Option<File>,
}

/// The text of a lock file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The process, if the file can be read.
    pub process: Option<u32>,
    pub items: Vec<String>,
}

impl Holder {
    fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut lines = text.lines();
        let process = lines.next().and_then(|line| line.strip_prefix(HEAD)?.parse().ok());
        let items = if process.is_some() { lines.map(Into::into).collect() } else { Vec::new() };
        Self { process, items }
    }
}

impl FolderLock {
    /// Takes the lock, and creates its folder. Calls `wait` with the holder before it waits for another
    /// process. Returns the text of a process that was killed while it held the lock, if there was one.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Occupied`] if another file is at the path, and with [`Error::File`], which names the
    /// folder, if the lock file cannot be created. On a file system without locks, it succeeds at once.
    pub fn take(
        path: &Path,
        wait: impl Fn(&Holder),
    ) -> std::result::Result<(Self, Option<Holder>), Error> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(error(folder, "create"))?;
        }
        let mut has_waited = false;
        loop {
            refuse_occupied(path)?;
            crash_point();
            // The name of the lock file says nothing to a reader: the folder cannot be written.
            let mut file = open(path).map_err(error(folder.unwrap_or(Path::new(".")), "write"))?;
            match file.try_lock() {
                // Locks do not work in this file system.
                Ok(()) | Err(TryLockError::Error(_)) => {}
                Err(TryLockError::WouldBlock) => {
                    if !has_waited {
                        wait(&Holder::parse(&read(&mut file).unwrap_or_default()));
                    }
                    has_waited = true;
                    file.lock().map_err(error(path, "lock"))?;
                }
            }
            // The process that held the lock may have removed this file, and another one created a new file.
            let same = file.try_clone().and_then(Handle::from_file).ok();
            if same.is_some() && same == Handle::from_path(path).ok() {
                let left = read(&mut file).unwrap_or_default();
                let left = (!left.is_empty()).then(|| Holder::parse(&left));
                let lock = Self { path: path.into(), file: Some(file) };
                lock.write(&[]);
                crash_point();
                return Ok((lock, left));
            }
        }
    }

    /// Writes this process and what it works on. The text is for people: a full disk is no error.
    pub fn write(&self, items: &[&str]) {
        let Some(mut file) = self.file.as_ref() else { return };
        let lines: String = items.iter().flat_map(|item| [item, "\n"]).collect();
        let text = format!("{HEAD}{}\n{lines}", std::process::id());
        let mut write = || {
            file.rewind()?;
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)
        };
        let _: Result<()> = write();
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        crash_point();
        // Elsewhere than on Unix nobody can remove a file that a waiting process has opened, nor this one
        // its own: then it stays.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
            self.file = None;
        } else {
            self.file = None;
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Refuses a file that is no lock file, and a link.
fn refuse_occupied(path: &Path) -> std::result::Result<(), Error> {
    let is_ours = match occupant(path)? {
        Occupant::Nothing => true,
        Occupant::File => match regular::read_start(path, HEAD.len() as u64) {
            Ok(start) => start.iter().all(|byte| *byte == 0) || start == HEAD.as_bytes(),
            // On Windows nobody else reads a locked file.
            Err(_) => true,
        },
        Occupant::Link | Occupant::Other => false,
    };
    if is_ours { Ok(()) } else { Err(Error::Occupied { path: path.into() }) }
}

fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        // Reading and writing, but not removing.
        options.share_mode(3);
    }
    options.open(path)
}

fn read(file: &mut File) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(MAX_TEXT).read_to_end(&mut text)?;
    Ok(text)
}
