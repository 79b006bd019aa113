//! `SavedDigests`: digests of files that earlier runs on this machine computed. The file lies in the
//! cache folder.
//!
//! ```text
//! magic │ keyed BLAKE3 of the rest │ lock check │ digest of the manifest, length of its summary, summary
//!       │ length of a path, path, stamp, digest │ …
//! ```

use crate::fs::Stamp;
#[cfg(feature = "compiler")]
use crate::fs::read_used;
#[cfg(feature = "compiler")]
use crate::store::StoreFolder;
use std::collections::HashMap;
#[cfg(feature = "compiler")]
use std::path::Path;
use std::path::PathBuf;
#[cfg(feature = "compiler")]
use std::time::{Duration, SystemTime};
use wasmport::Digest;

/// The magic of the file, with the version of its format. A file of another version is ignored.
const MAGIC: &[u8; 16] = b"wasmport state 2";

/// The digest of a file, valid while the file has this stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub stamp: Stamp,
    pub digest: Digest,
}

/// The content of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SavedDigests {
    /// The digests by path, which may be relative to the current folder. A null behind the path marks the
    /// digest of the content, in which CRLF counts as LF.
    pub files: HashMap<String, Known>,
    /// The digest over the inputs of a lock check that found no difference.
    pub lock_check: Option<Digest>,
    /// The digest of a manifest, and its summary.
    pub summary: Option<(Digest, Vec<u8>)>,
}

/// Writes the file piece by piece, so that nothing is copied that is in memory already.
pub(crate) struct SavedDigestsWriter(Vec<u8>);

/// The place of the file, and the key that authenticates it.
pub(crate) struct SavedFile {
    pub path: PathBuf,
    pub key: [u8; 32],
}

impl SavedFile {
    /// Returns the file for runs in the current folder whose output goes into `out_dir`.
    #[cfg(feature = "compiler")]
    pub fn of(cache: &StoreFolder, out_dir: &Path) -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        let text = format!("{}\0{}", here.display(), out_dir.display());
        let (path, key) = cache.saved_digests(Digest::of(text.as_bytes()));
        Some(Self { path, key })
    }
}

#[cfg(feature = "compiler")]
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl SavedDigests {
    /// Reads the file. The result is empty if there is none that this version can read.
    #[cfg(feature = "compiler")]
    pub fn read(file: &SavedFile) -> Self {
        let bytes = read_used(&file.path, SystemTime::now() - DAY).ok().flatten();
        bytes.and_then(|bytes| Self::parse(&bytes, &file.key)).unwrap_or_default()
    }

    /// Parses the bytes, or returns `None` if they are damaged, of another format, or not authentic.
    pub fn parse(bytes: &[u8], key: &[u8; 32]) -> Option<Self> {
        let (hash, body) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
        // Compares in constant time.
        if blake3::keyed_hash(key, body) != blake3::Hash::from_bytes(*hash) {
            return None;
        }
        let (lock_check, rest) = body.split_first_chunk()?;
        let (manifest, rest) = rest.split_first_chunk()?;
        let (summary, mut rest) = split_sized(rest)?;
        let mut files = HashMap::with_capacity(rest.len() / TYPICAL_ENTRY);
        while !rest.is_empty() {
            let (path, stamp, digest);
            (path, rest) = split_sized(rest)?;
            (stamp, rest) = rest.split_first_chunk()?;
            (digest, rest) = rest.split_first_chunk()?;
            let (stamp, digest) = (Stamp::from_bytes(stamp), Digest::from_bytes(*digest));
            files.insert(std::str::from_utf8(path).ok()?.to_owned(), Known { stamp, digest });
        }
        let summary = digest_or_none(manifest).map(|manifest| (manifest, summary.to_vec()));
        Some(Self { files, lock_check: digest_or_none(lock_check), summary })
    }
}

impl SavedDigestsWriter {
    /// Begins a file with about so many digests of files.
    pub fn new(
        lock_check: Option<&Digest>,
        summary: Option<&(Digest, Vec<u8>)>,
        files: usize,
    ) -> Self {
        let (manifest, text) =
            summary.map_or((NONE, &[][..]), |(digest, text)| (digest.as_bytes(), text));
        let capacity = HEADER + text.len() + files * TYPICAL_ENTRY;
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend(MAGIC);
        // The hash of the rest.
        bytes.extend(NONE);
        bytes.extend(lock_check.map_or(NONE, Digest::as_bytes));
        bytes.extend(manifest);
        extend_sized(&mut bytes, text);
        Self(bytes)
    }

    /// Adds the digest of a file.
    pub fn add(&mut self, path: &str, Known { stamp, digest }: &Known) {
        extend_sized(&mut self.0, path.as_bytes());
        self.0.extend(stamp.to_bytes());
        self.0.extend(digest.as_bytes());
    }

    /// Returns the bytes of the file.
    pub fn finish(mut self, key: &[u8; 32]) -> Vec<u8> {
        if let Some((_, rest)) = self.0.split_first_chunk_mut::<{ MAGIC.len() }>()
            && let Some((hash, body)) = rest.split_first_chunk_mut()
        {
            *hash = *blake3::keyed_hash(key, body).as_bytes();
        }
        self.0
    }
}

/// The bytes in front of the summary: magic, three digests and its length.
const HEADER: usize = MAGIC.len() + 3 * 32 + 8;

/// The usual length of one file's entry, in bytes.
const TYPICAL_ENTRY: usize = 150;

/// The bytes in place of a missing digest.
const NONE: &[u8; 32] = &[0; 32];

fn digest_or_none(bytes: &[u8; 32]) -> Option<Digest> {
    (bytes != NONE).then(|| Digest::from_bytes(*bytes))
}

fn split_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
}

fn extend_sized(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend((part.len() as u64).to_le_bytes());
    bytes.extend(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_is_found() -> std::io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        let Some(stamp) = Stamp::of(file.path())? else { panic!("there is a file") };
        let known = |text: &str| Known { stamp, digest: Digest::of(text.as_bytes()) };
        let files = ["assets/a.wat", "é"].map(|path| (path.to_owned(), known(path))).into();
        let summary = Some((Digest::of(b"manifest"), b"summary".to_vec()));
        for (lock_check, summary) in [(None, None), (Some(Digest::of(b"lock_check")), summary)] {
            let saved = SavedDigests { files: HashMap::clone(&files), lock_check, summary };
            let (lock_check, summary) = (saved.lock_check.as_ref(), saved.summary.as_ref());
            let mut writer = SavedDigestsWriter::new(lock_check, summary, files.len());
            saved.files.iter().for_each(|(path, known)| writer.add(path, known));
            let (key, bytes) = ([7; 32], writer.finish(&[7; 32]));
            assert_eq!(SavedDigests::parse(&bytes, &key), Some(saved));
            assert_eq!(SavedDigests::parse(&bytes, &[8; 32]), None);
            for end in 0..bytes.len() {
                assert_eq!(SavedDigests::parse(&bytes[..end], &key), None);
                let mut flipped = bytes.clone();
                flipped[end] ^= 1;
                assert_eq!(SavedDigests::parse(&flipped, &key), None, "byte {end}");
            }
        }
        Ok(())
    }
}
