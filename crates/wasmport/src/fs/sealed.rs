//! Memory files that nobody can change.

use super::File;
use memfd::{FileSeal, Memfd, MemfdOptions};
use std::error::Error;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;
use std::thread;

/// Bytes that are compared at once.
const CHUNK: usize = 256 << 10;

/// The fewest bytes for which a thread takes less time than it saves.
const MIN_SHARE: usize = 2 << 20;

/// Returns a memory file with these bytes that nobody can change.
///
/// # Errors
///
/// Fails if the system cannot create or seal it, or if another process changed it before.
pub(crate) fn sealed(bytes: &[u8]) -> Result<File, Box<dyn Error>> {
    let file = MemfdOptions::new().allow_sealing(true).create("wasmport")?;
    file.as_file().write_all(bytes)?;
    seal(file, bytes)
}

/// Seals a memory file, and compares what was sealed with the bytes that were written.
fn seal(file: Memfd, bytes: &[u8]) -> Result<File, Box<dyn Error>> {
    file.add_seals(&[FileSeal::SealShrink, FileSeal::SealGrow, FileSeal::SealWrite])?;
    file.add_seal(FileSeal::SealSeal)?;
    let file = file.into_file();
    if file.metadata()?.len() == bytes.len() as u64 && holds(&file, bytes)? {
        Ok(file)
    } else {
        Err("another process changed the memory file".into())
    }
}

/// Returns whether the file begins with these bytes. Several threads compare if there are many.
fn holds(file: &File, bytes: &[u8]) -> io::Result<bool> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = bytes.len().div_ceil(threads).max(MIN_SHARE);
    thread::scope(|scope| {
        let mut shares = (0..).step_by(share).zip(bytes.chunks(share));
        let own = shares.next();
        let others: Vec<_> = shares
            .map(|(offset, share)| {
                let compare = move || holds_at(file, offset, share);
                thread::Builder::new().name("wasmport-compare".into()).spawn_scoped(scope, compare)
            })
            .collect();
        let mut all = own.map_or(Ok(true), |(offset, share)| holds_at(file, offset, share))?;
        for other in others {
            all &= other?.join().map_err(|_| io::Error::other("a thread panicked"))??;
        }
        Ok(all)
    })
}

/// Returns whether the file has these bytes at `offset`.
fn holds_at(file: &File, mut offset: usize, bytes: &[u8]) -> io::Result<bool> {
    let mut buffer = vec![0; CHUNK.min(bytes.len())];
    for chunk in bytes.chunks(CHUNK) {
        let sealed = &mut buffer[..chunk.len()];
        file.read_exact_at(sealed, offset as u64)?;
        if sealed != chunk {
            return Ok(false);
        }
        offset += chunk.len();
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;

    #[test]
    fn fault_84_a_memory_file_that_was_changed_before_it_was_sealed_is_refused() {
        // So many that several threads compare them.
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|i| i as u8).collect();
        let changes: [fn(&File); 5] = [
            |file| file.write_all_at(b"other", 150_000).unwrap(),
            |file| file.write_all_at(b"other", 4_999_995).unwrap(),
            |file| file.set_len(4_999_999).unwrap(),
            |file| file.set_len(5_000_001).unwrap(),
            |_| {},
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let file = MemfdOptions::new().allow_sealing(true).create("test").unwrap();
            file.as_file().write_all(&bytes).unwrap();
            // As another process of this user would.
            let path = format!("/proc/self/fd/{}", file.as_file().as_raw_fd());
            change(&File::options().write(true).open(path).unwrap());
            assert_eq!(seal(file, &bytes).is_ok(), number == 4, "{number}");
        }
        let file = sealed(&bytes).unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let other = File::options().write(true).open(path).unwrap();
        assert!(other.write_all_at(b"other", 0).is_err() && other.set_len(0).is_err());
        assert!(sealed(&[]).is_ok());
    }
}
