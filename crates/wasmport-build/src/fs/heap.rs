//! An append-only heap of bytes in an unnamed file, with a write buffer in memory.

use std::fs::File;
use std::io::{Read as _, Result, Seek as _, SeekFrom, Write as _};

/// The size of the write buffer, in bytes.
const CHUNK: usize = 64 << 10;

/// An append-only heap, which is deleted when it is dropped.
#[derive(Default)]
pub(crate) struct Heap {
    /// The unnamed file, created at the first write: it disappears with the process.
    file: Option<File>,
    written: u64,
    end: Vec<u8>,
}

impl Heap {
    /// Appends `bytes` and returns their offset.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is full and cannot be written.
    pub fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        if self.end.len() >= CHUNK {
            self.flush()?;
        }
        let start = self.written + self.end.len() as u64;
        self.end.extend(bytes);
        Ok(start)
    }

    fn flush(&mut self) -> Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        // A previous write may have failed halfway, such as on a full disk.
        file.seek(SeekFrom::Start(self.written))?;
        let result = file.write_all(&self.end);
        self.file = Some(file);
        result?;
        self.written += self.end.len() as u64;
        self.end.clear();
        Ok(())
    }

    /// Reads `len` bytes at the offset `start`, which [`append`](Self::append) returned.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or has no such bytes.
    pub fn read(&mut self, start: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let Some(in_end) = start.checked_sub(self.written) else {
            let file = self.file.as_mut().ok_or(std::io::ErrorKind::NotFound)?;
            file.seek(SeekFrom::Start(start))?;
            file.read_exact(&mut bytes)?;
            return Ok(bytes);
        };
        let start = usize::try_from(in_end).ok();
        let buffered = start.and_then(|start| self.end.get(start..start + len));
        bytes.copy_from_slice(buffered.ok_or(std::io::ErrorKind::UnexpectedEof)?);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_in_file_and_memory() -> Result<()> {
        let mut heap = Heap::default();
        let pieces: Vec<Vec<u8>> = (0..100_u8).map(|i| vec![i; 50 * usize::from(i)]).collect();
        let offsets = pieces.iter().map(|bytes| heap.append(bytes)).collect::<Result<Vec<_>>>()?;
        assert!(heap.written > 0 && !heap.end.is_empty(), "file and buffer are both tested");
        for (start, bytes) in offsets.into_iter().zip(&pieces) {
            assert_eq!(heap.read(start, bytes.len())?, *bytes);
        }
        Ok(())
    }
}
