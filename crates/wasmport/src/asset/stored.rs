//! `Stored`: bytes in a file that holds those of many artifacts.

use crate::fs::File;
use std::io;
use std::sync::Arc;

/// A file that holds the bytes of many artifacts, or its content.
#[derive(Debug)]
pub(crate) enum Container {
    File(File),
    Bytes(Vec<u8>),
}

/// A part of a container.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub container: Arc<Container>,
    pub start: u64,
    pub len: u64,
}

impl Stored {
    /// Reads the bytes, which nobody else can change.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.len).map_err(io::Error::other)?;
        match &*self.container {
            Container::File(file) => crate::fs::read_part(file, self.start, len),
            Container::Bytes(bytes) => {
                let start = usize::try_from(self.start).map_err(io::Error::other)?;
                let part = start.checked_add(len).and_then(|end| bytes.get(start..end));
                part.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}
