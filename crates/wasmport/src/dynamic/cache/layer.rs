//! `Layer`: a folder of compiled code, authenticated.
//!
//! ```text
//! magic │ keyed BLAKE3 of digest and content │ content
//! ```

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::fs::{Dir, File, LARGEST};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// First bytes of its files; another format has others.
const MAGIC: &[u8; 16] = b"wasmport module3";

/// Length of magic number and hash.
pub(super) const HEADER: usize = 16 + 32;

/// The kinds of files in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Code of a module or component, with its facts.
    Module,
    /// Functions of the last version of a plug-in.
    Functions,
    /// The lock of the one who compiles.
    Lock,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Module, Self::Functions, Self::Lock];

    fn extension(self) -> &'static str {
        match self {
            Self::Module => ".module",
            Self::Functions => ".functions",
            Self::Lock => ".lock",
        }
    }

    fn name(self, digest: Digest) -> String {
        format!("{digest}{}", self.extension())
    }
}

/// The folder of its files in the folder that it is given: all others belong to someone else.
const SUBFOLDER: &str = "wasmport-modules";

/// The extension of a file that is not complete.
const UNFINISHED: &str = ".unfinished";

/// The age at which an unfinished file is that of a killed program: one hour.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// The longest wait for another process that compiles the same: then this one compiles it too.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A folder of compiled code.
#[derive(Clone)]
pub(super) struct Layer {
    pub folder: PathBuf,
    /// The subfolder, if the user's permissions protect it; else it is opened when it is used.
    private: Option<Arc<Dir>>,
    key: [u8; 32],
    pub max_bytes: u64,
    pub max_entries: usize,
    is_read_only: bool,
}

impl Layer {
    /// Opens a folder that this user alone can change.
    pub fn open(folder: PathBuf) -> Result<Self> {
        let layer = Self::with_key(folder, *blake3::hash(b"not a secret").as_bytes());
        match Dir::open_private(&layer.folder, SUBFOLDER) {
            Ok(private) => Ok(Self { private: Some(Arc::new(private)), ..layer }),
            Err(source) => Err(Error::UnsafeCache { path: layer.folder, source }),
        }
    }

    /// Uses a folder whose files a key authenticates.
    pub fn with_key(folder: PathBuf, key: [u8; 32]) -> Self {
        let (max_bytes, max_entries) = (1 << 30, usize::MAX);
        Self { folder, private: None, key, max_bytes, max_entries, is_read_only: false }
    }

    /// Returns the same folder, which is only read.
    pub fn read_only(&self) -> Self {
        Self { is_read_only: true, ..self.clone() }
    }

    /// Hashes digest and content, so that no file can replace another.
    fn authenticate(&self, kind: Kind, digest: Digest, content: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.extension().as_bytes()).update(digest.as_bytes());
        hasher.update(content).finalize()
    }

    fn dir(&self) -> io::Result<Arc<Dir>> {
        match &self.private {
            Some(private) => Ok(Arc::clone(private)),
            None if self.is_read_only => Dir::find(&self.folder, SUBFOLDER).map(Arc::new),
            None => Dir::open(&self.folder, SUBFOLDER).map(Arc::new),
        }
    }

    /// Reads a file; what it holds begins behind [`HEADER`].
    pub fn get(&self, kind: Kind, digest: Digest) -> Option<Vec<u8>> {
        let (dir, name) = (self.dir().ok()?, kind.name(digest));
        let bytes = dir.read(&name, LARGEST)?;
        let (hash, content) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        // Compares in constant time.
        if self.authenticate(kind, digest, content) != blake3::Hash::from_bytes(*hash) {
            return None;
        }
        if !self.is_read_only {
            // The order of last use decides what `shrink` removes.
            let _ = dir.touch(&name);
        }
        Some(bytes)
    }

    /// Writes a file whose content begins behind [`HEADER`].
    ///
    /// # Errors
    ///
    /// Fails if it cannot be written, or would be too long to be read.
    pub fn put(&self, kind: Kind, digest: Digest, mut bytes: Vec<u8>) -> io::Result<()> {
        if self.is_read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        if bytes.len() as u64 > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let Some((header, content)) = bytes.split_at_mut_checked(HEADER) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let hash = self.authenticate(kind, digest, content);
        let (magic, place) = header.split_at_mut(MAGIC.len());
        magic.copy_from_slice(MAGIC);
        place.copy_from_slice(hash.as_bytes());
        let dir = self.dir()?;
        write_atomically(&dir, &kind.name(digest), &bytes)?;
        // What cannot be listed is too much for a while.
        let _ = shrink(&dir, self.max_bytes, self.max_entries);
        Ok(())
    }

    /// Waits until no other process compiles for this digest. None if there is no lock, so that one may compile twice.
    pub fn lock(&self, digest: Digest) -> Option<Lock> {
        if self.is_read_only {
            return None;
        }
        let (dir, name) = (self.dir().ok()?, Kind::Lock.name(digest));
        let file = dir.lock(&name, LONGEST_WAIT)?;
        Some(Lock { dir, name, _file: file })
    }
}

/// The right to compile for a digest.
pub(crate) struct Lock {
    dir: Arc<Dir>,
    name: String,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Those who wait have opened it; whoever comes later finds the code.
        let _ = self.dir.remove(&self.name);
    }
}

/// Returns the kind of a file by its name, and whether it is complete; none if it is not the cache's.
fn kind_of(name: &str) -> Option<(Kind, bool)> {
    let digest = Digest::from_hex(name.get(..64)?)?;
    Kind::ALL.into_iter().find_map(|kind| {
        let rest = name.strip_prefix(&kind.name(digest))?;
        (rest.is_empty() || rest.ends_with(UNFINISHED)).then_some((kind, rest.is_empty()))
    })
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

/// Removes the least recently used files until no more than `max` bytes and `most` files are left, and files that killed
/// programs left. Keeps the newest in any case, and skips those that it cannot remove.
fn shrink(dir: &Dir, max: u64, most: usize) -> io::Result<()> {
    let mut kept = Vec::new();
    for (written, len, name) in dir.files()? {
        match kind_of(&name) {
            Some((Kind::Module | Kind::Functions, true)) => kept.push((written, len, name)),
            Some(_) if written.elapsed().is_ok_and(|age| age > ABANDONED) => {
                let _ = dir.remove(&name);
            }
            _ => {}
        }
    }
    kept.sort();
    let mut bytes: u64 = kept.iter().map(|(_, len, _)| len).sum();
    let mut count = kept.len();
    kept.pop();
    for (_, len, name) in kept {
        if bytes <= max && count <= most {
            break;
        }
        if dir.remove(&name).is_ok() {
            bytes = bytes.saturating_sub(len);
            count -= 1;
        }
    }
    Ok(())
}
