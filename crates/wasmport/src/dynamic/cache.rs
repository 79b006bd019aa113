//! `ModuleCache`: a folder of compiled code, authenticated.
//!
//! ```text
//! magic │ keyed BLAKE3 of digest and artifact │ Wasmtime's artifact
//! ```

use crate::code::OwnArtifact;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::fs::Dir;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// First bytes of its files; another format has others.
const MAGIC: &[u8; 16] = b"wasmport module1";

/// Length of magic number and hash.
const HEADER: usize = 16 + 32;

/// Largest file that is read: a larger one is not a module.
const LARGEST: u64 = 1 << 30;

/// The folder of its files in the folder that it is given: all others belong to someone else.
const SUBFOLDER: &str = "wasmport-modules";

const EXTENSION: &str = ".module";

/// The extension of a file that is not complete.
const UNFINISHED: &str = ".unfinished";

/// The age at which an unfinished file is that of a killed program: one hour.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A folder of modules and components that a program compiled, so that it need not compile them again.
///
/// Its files run as machine code. So either only the program's user can change them
/// ([`open`](Self::open)), or a key that only the program has authenticates them
/// ([`with_key`](Self::with_key)). Damaged or unauthentic files count as missing. Errors of the folder
/// cost time, but never fail a load.
///
/// The files lie in its subfolder `wasmport-modules`. Nothing else is read or removed.
#[derive(Clone)]
pub struct ModuleCache {
    folder: PathBuf,
    /// The subfolder, if the user's permissions protect it; else it is opened when it is used.
    private: Option<Arc<Dir>>,
    key: [u8; 32],
    max_bytes: u64,
}

impl ModuleCache {
    /// Opens the folder at `path`, and creates it if it is missing. It stays this folder, whatever happens
    /// to the path.
    ///
    /// On Unix the folder must belong to this user, no other user may write to it or to a folder above it,
    /// except to one with the sticky bit, such as `/tmp`, and it must not be a symbolic link. A file counts
    /// if it belongs to this user alone. Other systems do not say who may write to a folder: use
    /// [`with_key`](Self::with_key) there.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::UnsafeCache`] if it cannot be created, if another user can change it, and
    /// elsewhere than on Unix.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let cache = Self::with_key(path, *blake3::hash(b"not a secret").as_bytes());
        match Dir::open_private(&cache.folder, SUBFOLDER) {
            Ok(private) => Ok(Self { private: Some(Arc::new(private)), ..cache }),
            Err(source) => Err(Error::UnsafeCache { path: cache.folder, source }),
        }
    }

    /// Uses the folder at `path`, and authenticates its files with a secret key. The folder may belong to
    /// anyone.
    pub fn with_key(path: impl Into<PathBuf>, key: [u8; 32]) -> Self {
        Self { folder: path.into(), private: None, key, max_bytes: 1 << 30 }
    }

    /// Limits its size in bytes: beyond that it removes the least recently used files. Default: 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Hashes digest and artifact, so that no file can replace another.
    fn authenticate(&self, digest: Digest, artifact: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(artifact).finalize()
    }

    fn dir(&self) -> io::Result<Arc<Dir>> {
        match &self.private {
            Some(private) => Ok(Arc::clone(private)),
            None => Dir::open(&self.folder, SUBFOLDER).map(Arc::new),
        }
    }

    pub(super) fn get(&self, digest: Digest) -> Option<OwnArtifact> {
        let (dir, name) = (self.dir().ok()?, file_name(digest));
        // `shrink` keeps the newest file even if it is larger.
        let bytes = dir.read(&name, self.max_bytes.max(LARGEST))?;
        let (hash, artifact) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        // Compares in constant time.
        if self.authenticate(digest, artifact) != blake3::Hash::from_bytes(*hash) {
            return None;
        }
        // The order of last use decides what `shrink` removes.
        let _ = dir.touch(&name);
        Some(OwnArtifact::new(bytes, HEADER))
    }

    pub(super) fn put(&self, digest: Digest, artifact: &[u8]) {
        let hash = self.authenticate(digest, artifact);
        let bytes = [MAGIC, hash.as_bytes().as_slice(), artifact].concat();
        // Code that cannot be stored is compiled again.
        let Ok(dir) = self.dir() else { return };
        if write_atomically(&dir, &file_name(digest), &bytes).is_ok() {
            let _ = shrink(&dir, self.max_bytes);
        }
    }
}

fn file_name(digest: Digest) -> String {
    format!("{digest}{EXTENSION}")
}

/// Returns what follows in a name after one that [`file_name`] returns: nothing if the file is complete.
fn after_file_name(name: &str) -> Option<&str> {
    name.strip_prefix(&file_name(Digest::from_hex(name.get(..64)?)?))
}

/// Writes a file so that readers find all of it or nothing.
fn write_atomically(dir: &Dir, name: &str, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let unfinished = format!("{name}.{}-{next}{UNFINISHED}", std::process::id());
    let created = dir.create(&unfinished, bytes);
    // A killed program had the same number: another is free the next time.
    if matches!(&created, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
        return created;
    }
    created.and_then(|()| dir.rename(&unfinished, name)).inspect_err(|_| {
        let _ = dir.remove(&unfinished);
    })
}

/// Removes the least recently used files until no more than `max` bytes are left, and files that killed
/// programs left unfinished. Keeps the newest in any case.
fn shrink(dir: &Dir, max: u64) -> io::Result<()> {
    let mut files = dir.files()?;
    for (written, _, name) in &files {
        let is_old = written.elapsed().is_ok_and(|age| age > ABANDONED);
        if is_old && after_file_name(name).is_some_and(|rest| rest.ends_with(UNFINISHED)) {
            dir.remove(name)?;
        }
    }
    files.retain(|(_, _, name)| after_file_name(name) == Some(""));
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
    files.pop();
    for (_, len, name) in files {
        if bytes <= max {
            break;
        }
        dir.remove(&name)?;
        bytes = bytes.saturating_sub(len);
    }
    Ok(())
}

impl std::fmt::Debug for ModuleCache {
    /// Omits the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleCache").field("folder", &self.folder).finish_non_exhaustive()
    }
}
