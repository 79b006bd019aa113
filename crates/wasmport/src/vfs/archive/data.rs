//! `Archive`: the bytes of an archive, in memory or in a file.

use super::error::ArchiveError;
use bytes::Bytes;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A tar or zip archive, whose entries become virtual files.
///
/// Names, sizes and links are read at once, contents when a guest or the program first needs them.
/// Contents of an archive in memory are not copied, unless they are compressed.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wasmport::vfs::{Archive, FileLimits, Files};
///
/// # let mut original = Files::new();
/// # original.write("lib/os.py", "import sys")?;
/// # let mut bytes = Vec::new();
/// # original.to_tar(&mut bytes)?;
/// // Or `Archive::from(&include_bytes!("library.tar")[..])`, or `Archive::open("library.tar")?`.
/// let library = Archive::from(bytes).tar(FileLimits::default())?;
/// let mut files = Files::new();
/// files.mount("usr", &library)?;
/// assert_eq!(files.read("usr/lib/os.py")?, b"import sys");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Archive(pub(super) Arc<Data>);

pub(super) enum Data {
    Bytes(Bytes),
    File(OpenFile),
}

/// A file that is open, with what tells whether it changed.
pub(super) struct OpenFile {
    file: Mutex<File>,
    len: u64,
    modified: Option<SystemTime>,
}

impl Archive {
    /// Opens an archive, which stays open as long as its contents may be needed.
    ///
    /// If the file is changed meanwhile, contents that were not read before fail with
    /// [`FileError::Io`](crate::vfs::FileError::Io).
    ///
    /// # Errors
    ///
    /// Fails with [`ArchiveError::Open`] if the file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        let path = path.as_ref();
        let file = OpenFile::open(path);
        let file = file.map_err(|source| ArchiveError::Open { path: path.to_owned(), source })?;
        Ok(Self(Arc::new(Data::File(file))))
    }

    pub(super) fn reader(&self) -> DataReader {
        self.reader_at(0)
    }

    pub(super) fn reader_at(&self, position: u64) -> DataReader {
        DataReader { data: Arc::clone(&self.0), position, buffer: Vec::new(), buffer_start: 0 }
    }
}

impl From<&'static [u8]> for Archive {
    fn from(bytes: &'static [u8]) -> Self {
        Self::from(Bytes::from_static(bytes))
    }
}

impl From<Vec<u8>> for Archive {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<Bytes> for Archive {
    fn from(bytes: Bytes) -> Self {
        Self(Arc::new(Data::Bytes(bytes)))
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

impl OpenFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(Self { len: metadata.len(), modified: metadata.modified().ok(), file: Mutex::new(file) })
    }
}

impl Data {
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.len,
        }
    }

    /// Fails if the file changed since it was opened.
    pub fn check_unchanged(&self) -> io::Result<()> {
        let Self::File(file) = self else { return Ok(()) };
        let metadata = file.file.lock().unwrap_or_else(PoisonError::into_inner).metadata()?;
        if metadata.len() != file.len || metadata.modified().ok() != file.modified {
            return Err(io::Error::other("the archive was changed after it was opened"));
        }
        Ok(())
    }

    /// Reads bytes from a position on, and returns how many there were.
    fn read_at(&self, position: u64, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bytes(bytes) => {
                let from = usize::try_from(position).ok().and_then(|at| bytes.get(at..));
                let from = from.unwrap_or_default();
                let count = from.len().min(to.len());
                to[..count].copy_from_slice(&from[..count]);
                Ok(count)
            }
            Self::File(file) => {
                let mut file = file.file.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = file.seek(SeekFrom::Start(position))?;
                file.read(to)
            }
        }
    }
}

/// A reader of an archive. Each clone has its own position.
pub(super) struct DataReader {
    pub data: Arc<Data>,
    position: u64,
    /// Bytes of the file that were read ahead.
    buffer: Vec<u8>,
    buffer_start: u64,
}

/// Bytes that are read ahead from a file.
const AHEAD: usize = 8 << 10;

impl DataReader {
    fn buffered(&self) -> &[u8] {
        let start =
            self.position.checked_sub(self.buffer_start).and_then(|at| usize::try_from(at).ok());
        start.and_then(|start| self.buffer.get(start..)).unwrap_or_default()
    }

    fn read_ahead(&mut self) -> io::Result<()> {
        self.buffer.resize(AHEAD, 0);
        self.buffer_start = self.position;
        let read = self.data.read_at(self.position, &mut self.buffer);
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop)
    }
}

impl Clone for DataReader {
    fn clone(&self) -> Self {
        let data = Arc::clone(&self.data);
        Self { data, position: self.position, buffer: Vec::new(), buffer_start: 0 }
    }
}

impl Read for DataReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = if matches!(*self.data, Data::Bytes(_)) || to.len() >= AHEAD {
            self.data.read_at(self.position, to)?
        } else {
            if self.buffered().is_empty() {
                self.read_ahead()?;
            }
            let from = self.buffered();
            let count = from.len().min(to.len());
            to[..count].copy_from_slice(&from[..count]);
            count
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for DataReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.data.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
