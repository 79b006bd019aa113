//! `ModuleCache`: a folder of compiled code, authenticated.
//!
//! ```text
//! magic │ keyed BLAKE3 of digest and artifact │ Wasmtime's artifact
//! ```

use crate::code::OwnArtifact;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::fs;
use std::io;
use std::path::PathBuf;

/// First bytes of its files; another format has others.
const MAGIC: &[u8; 16] = b"wasmport module1";

/// Length of magic number and hash.
const HEADER: usize = 16 + 32;

/// Largest file that is read: a larger one is not a module.
const LARGEST: u64 = 1 << 30;

const EXTENSION: &str = "module";

/// A folder of modules and components that a program compiled, so that it need not compile them again.
///
/// Its files run as machine code. So either only the program's user can write to it
/// ([`open`](Self::open)), or a key that only the program has authenticates the files
/// ([`with_key`](Self::with_key)). Damaged or unauthentic files count as missing. Errors of the folder
/// cost time, but never fail a load.
#[derive(Clone)]
pub struct ModuleCache {
    folder: PathBuf,
    key: [u8; 32],
    max_bytes: u64,
}

impl ModuleCache {
    /// Opens the folder at `path`, and creates it if it is missing.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::UnsafeCache`] if it cannot be created, or on Unix if another user owns it or may
    /// write to it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let cache = Self::with_key(path, *blake3::hash(b"not a secret").as_bytes());
        let error = |source| Error::UnsafeCache { path: cache.folder.clone(), source };
        fs::make_private(&cache.folder).map_err(|e| error(e.into()))?;
        fs::check_private(&cache.folder).map_err(error)?;
        Ok(cache)
    }

    /// Uses the folder at `path`, and authenticates its files with a secret key.
    pub fn with_key(path: impl Into<PathBuf>, key: [u8; 32]) -> Self {
        Self { folder: path.into(), key, max_bytes: 1 << 30 }
    }

    /// Limits its size in bytes: beyond that it removes the least recently used files. Default: 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}.{EXTENSION}"))
    }

    /// Hashes digest and artifact, so that no file can replace another.
    fn authenticate(&self, digest: Digest, artifact: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(artifact).finalize()
    }

    pub(super) fn get(&self, digest: Digest) -> Option<OwnArtifact> {
        let path = self.path(digest);
        // `shrink` keeps the newest file even if it is larger.
        let bytes = fs::read_at_most(&path, self.max_bytes.max(LARGEST))?;
        let (hash, artifact) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        // Compares in constant time.
        if self.authenticate(digest, artifact) != blake3::Hash::from_bytes(*hash) {
            return None;
        }
        // The order of last use decides what `shrink` removes.
        let _ = fs::touch(&path);
        Some(OwnArtifact::new(bytes, HEADER))
    }

    pub(super) fn put(&self, digest: Digest, artifact: &[u8]) {
        let hash = self.authenticate(digest, artifact);
        let bytes = [MAGIC, hash.as_bytes().as_slice(), artifact].concat();
        // Code that cannot be stored is compiled again.
        if fs::write_atomically(&self.path(digest), &bytes).is_ok() {
            let _ = self.shrink();
        }
    }

    fn shrink(&self) -> io::Result<()> {
        let mut files = fs::files_below(&self.folder)?;
        files.retain(|(_, _, path)| path.extension().is_some_and(|e| e == EXTENSION));
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
        // Keeps the newest in any case.
        files.pop();
        for (_, len, path) in files {
            if bytes <= self.max_bytes {
                break;
            }
            fs::remove(&path)?;
            bytes = bytes.saturating_sub(len);
        }
        Ok(())
    }
}

impl std::fmt::Debug for ModuleCache {
    /// Omits the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleCache").field("folder", &self.folder).finish_non_exhaustive()
    }
}
