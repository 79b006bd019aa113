//! A heap of bytes in a file that nobody else sees, with the end of it in memory.

use std::fs::File;
use std::io::{Read as _, Result, Seek as _, SeekFrom, Write as _};

/// So much is written at once.
const CHUNK: usize = 64 << 10;

/// Bytes that are appended and found again by their place, for as long as this lives.
#[derive(Default)]
pub(crate) struct Heap {
    /// Created when it is first needed; without a name, so that nothing is left of it.
    file: Option<File>,
    written: u64,
    end: Vec<u8>,
}

impl Heap {
    /// Where `bytes` begin from now on.
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
        // Also where a disk was full before, and half of it was written.
        file.seek(SeekFrom::Start(self.written))?;
        let result = file.write_all(&self.end);
        self.file = Some(file);
        result?;
        self.written += self.end.len() as u64;
        self.end.clear();
        Ok(())
    }

    /// The `len` bytes from `start`, which `append` gave.
    pub fn read(&mut self, start: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let Some(in_end) = start.checked_sub(self.written) else {
            let file = self.file.as_mut().ok_or(std::io::ErrorKind::NotFound)?;
            file.seek(SeekFrom::Start(start))?;
            file.read_exact(&mut bytes)?;
            return Ok(bytes);
        };
        let start = usize::try_from(in_end).ok();
        let there = start.and_then(|start| self.end.get(start..start + len));
        bytes.copy_from_slice(there.ok_or(std::io::ErrorKind::UnexpectedEof)?);
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
        let places = pieces.iter().map(|bytes| heap.append(bytes)).collect::<Result<Vec<_>>>()?;
        assert!(heap.written > 0 && !heap.end.is_empty(), "both are tested");
        for (start, bytes) in places.into_iter().zip(&pieces) {
            assert_eq!(heap.read(start, bytes.len())?, *bytes);
        }
        Ok(())
    }
}
