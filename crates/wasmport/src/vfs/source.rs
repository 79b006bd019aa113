//! `FileSource`: bytes of a file that are read when they are first needed.

use super::error::FileError;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::sync::OnceLock;

/// The bytes of one file, which are read when a guest or the program first needs them.
///
/// All clones of a [`Files`](super::Files) share the bytes, which are read once. A file that could not be read stays
/// failed, so that each attempt has the same result. The bytes are read on the thread of the guest's call, also in async
/// sessions.
pub trait FileSource: Send + Sync {
    /// Returns the length in bytes, which guests see before the bytes are read.
    fn size(&self) -> u64;

    /// Reads all bytes.
    ///
    /// All that need these bytes wait meanwhile: this must not use the bytes of the file itself. If a program changes
    /// [`SharedFiles`](super::SharedFiles) and reads them then, they are locked too: this must not use them.
    ///
    /// # Errors
    ///
    /// Fails if the bytes cannot be read; guests get [`FileError::Io`]. So they do if the number of bytes is not
    /// [`Self::size`].
    fn read(&self) -> io::Result<Vec<u8>>;
}

/// Reads the bytes of a file.
pub(super) trait Load: Send + Sync {
    fn load(&self) -> io::Result<Bytes>;
}

impl<S: FileSource> Load for S {
    fn load(&self) -> io::Result<Bytes> {
        self.read().map(Bytes::from)
    }
}

/// Bytes of a known number that are read once.
pub(super) struct LazyBytes {
    len: u64,
    source: Box<dyn Load>,
    loaded: OnceLock<Result<Bytes, String>>,
}

impl LazyBytes {
    pub fn new(len: u64, source: impl Load + 'static) -> Self {
        Self { len, source: Box::new(source), loaded: OnceLock::new() }
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether the bytes were read, or could not be.
    pub fn is_loaded(&self) -> bool {
        self.loaded.get().is_some()
    }

    /// Returns the bytes, and reads them if they were not read before.
    pub fn bytes(&self) -> Result<&Bytes, FileError> {
        let loaded = self.loaded.get_or_init(|| {
            let bytes = self.source.load().map_err(|error| error.to_string())?;
            if bytes.len() as u64 != self.len {
                return Err(format!("it has {} bytes instead of {}", bytes.len(), self.len));
            }
            Ok(bytes)
        });
        loaded.as_ref().map_err(|_| FileError::Io)
    }

    /// Returns why the bytes could not be read.
    pub fn failure(&self) -> Option<&str> {
        self.loaded.get()?.as_ref().err().map(String::as_str)
    }
}

impl fmt::Debug for LazyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyBytes").field("len", &self.len).finish_non_exhaustive()
    }
}
