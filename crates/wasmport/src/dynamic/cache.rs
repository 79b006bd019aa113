//! `ModuleCache`: compiled modules in a folder, authenticated.
//!
//! ```text
//! magic │ BLAKE3, keyed, of the module's digest and the rest │ Wasmtime's artifact
//! ```

use super::compile::Compiled;
use crate::fs;
use crate::{Digest, Error, Result};
use std::io;
use std::path::PathBuf;

/// How a file of it begins. Other versions begin otherwise.
const MAGIC: &[u8; 16] = b"wasmport module1";

/// Of magic number and hash.
const HEADER: usize = 16 + 32;

/// What is larger is no module, but was put there by another.
const LARGEST: u64 = 1 << 30;

const EXTENSION: &str = "module";

/// A folder of modules that programs compiled, so that they need not do it again.
///
/// What is in there is run as machine code, so that it matters who can write to it: either the user
/// that the program runs as, alone ([`open`](Self::open)), or anyone, where the files are
/// authenticated with a key that only the program has ([`with_key`](Self::with_key)). Files that are
/// damaged or not authentic are as good as none. Trouble with the folder costs time, and never fails
/// a load.
#[derive(Clone)]
pub struct ModuleCache {
    folder: PathBuf,
    key: [u8; 32],
    max_bytes: u64,
}

impl ModuleCache {
    /// The folder at `path`, which is made where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::UnsafeCache`] where it cannot be made, or on Unix where another user owns it or may
    /// write to it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let cache = Self::with_key(path, *blake3::hash(b"not a secret").as_bytes());
        let error = |message: String| Error::UnsafeCache {
            path: cache.folder.display().to_string(),
            message,
        };
        fs::make_private(&cache.folder).map_err(|e| error(e.to_string()))?;
        fs::is_private(&cache.folder).map_err(error)?;
        Ok(cache)
    }

    /// The folder at `path`, whose files are authenticated with a key that must be secret.
    pub fn with_key(path: impl Into<PathBuf>, key: [u8; 32]) -> Self {
        Self { folder: path.into(), key, max_bytes: 1 << 30 }
    }

    /// How many bytes it holds: those used least recently are removed beyond that. Default: 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}.{EXTENSION}"))
    }

    /// Of the module's digest too, so that a file is of no use in the place of another.
    fn seal(&self, digest: Digest, artifact: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(artifact).finalize()
    }

    pub(super) fn get(&self, digest: Digest) -> Option<Compiled> {
        let path = self.path(digest);
        // The newest is kept whatever its size.
        let bytes = fs::read_at_most(&path, self.max_bytes.max(LARGEST))?;
        let (seal, artifact) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        // In constant time.
        if self.seal(digest, artifact) != blake3::Hash::from_bytes(*seal) {
            return None;
        }
        // Now it is the one used last.
        let _ = fs::touch(&path);
        Some(Compiled::new(bytes, HEADER))
    }

    pub(super) fn put(&self, digest: Digest, artifact: &[u8]) {
        let seal = self.seal(digest, artifact);
        let bytes = [MAGIC, seal.as_bytes().as_slice(), artifact].concat();
        // What cannot be kept is compiled again.
        if fs::write_atomically(&self.path(digest), &bytes).is_ok() {
            let _ = self.shrink();
        }
    }

    fn shrink(&self) -> io::Result<()> {
        let mut files = fs::files_below(&self.folder)?;
        files.retain(|(_, _, path)| path.extension().is_some_and(|e| e == EXTENSION));
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
        // The newest stays in any case.
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
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleCache").field("folder", &self.folder).finish_non_exhaustive()
    }
}
