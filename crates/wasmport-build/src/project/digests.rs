//! Digests of files: saved by an earlier run if the metadata is unchanged, else computed.

use crate::error::Error;
use crate::fs::{self, Stamp};
use crate::project::manifest::Manifest;
use crate::project::saved_digests::{Known, SavedDigests, SavedFile};
#[cfg(feature = "compiler")]
use crate::store::StoreFolder;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use wasmport::Digest;

/// The digests of files.
#[derive(Default)]
pub(crate) struct Digests(Option<Memory>);

/// The saved digests, and those that this run adds.
struct Memory {
    file: SavedFile,
    earlier: SavedDigests,
    now: Mutex<SavedDigests>,
    /// The start of this run: it has read nothing before.
    since: SystemTime,
}

impl Digests {
    /// Reads every file.
    pub fn computed() -> Self {
        Self::default()
    }

    /// Uses the digests that earlier runs saved in the cache folder.
    #[cfg(feature = "compiler")]
    pub fn saved(cache: &StoreFolder, out_dir: &Path) -> Self {
        let memory = |file: SavedFile| Memory {
            earlier: SavedDigests::read(&file),
            file,
            now: Mutex::default(),
            since: SystemTime::now(),
        };
        Self(SavedFile::of(cache, out_dir).map(memory))
    }

    /// Returns the digest of a file if it is known without reading the file.
    pub fn known(&self, path: &Path) -> Option<Digest> {
        let (memory, name) = self.0.as_ref().zip(path.to_str())?;
        memory.find(name, Stamp::of(path).ok()??)
    }

    /// Returns the digest of a file.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read.
    pub fn of(&self, path: &Path) -> Result<Digest, Error> {
        let Some((memory, name)) = self.0.as_ref().zip(path.to_str()) else {
            return fs::digest(path);
        };
        let Ok(Some(before)) = Stamp::of(path) else { return fs::digest(path) };
        if let Some(digest) = memory.find(name, before) {
            return Ok(digest);
        }
        let digest = fs::digest(path)?;
        // A file that was just written, or changed meanwhile, may change again with the same stamp.
        if before.is_settled(memory.since) && is_unchanged(path, before) {
            memory.now().files.insert(name.into(), Known { stamp: before, digest });
        }
        Ok(digest)
    }

    /// Returns the summary of the manifest at `path`, if an earlier run saved that of the same file.
    pub fn summary(&self, path: &Path) -> Option<Manifest> {
        let (of, text) = self.0.as_ref()?.earlier.summary.as_ref()?;
        let is_current = self.of(path).ok()? == *of;
        is_current.then(|| Manifest::parse(text, *of))
    }

    /// Records the summary of a manifest.
    pub fn record_summary(&self, manifest: &Manifest) {
        if let (Some(memory), Some(digest)) = (&self.0, manifest.digest) {
            memory.now().summary = Some((digest, manifest.summary()));
        }
    }

    /// Returns the last recorded lock check.
    pub fn lock_check(&self) -> Option<Digest> {
        self.0.as_ref()?.earlier.lock_check
    }

    /// Records a lock check that found no difference.
    pub fn record_lock_check(&self, check: Digest) {
        self.0.iter().for_each(|memory| memory.now().lock_check = Some(check));
    }

    /// Saves the digests for the next run. If that fails, the next run reads the files again.
    pub fn save(&self) {
        let Some(memory) = &self.0 else { return };
        let mut saved = std::mem::take(&mut *memory.now());
        if saved == SavedDigests::default() {
            return;
        }
        saved.lock_check = saved.lock_check.or(memory.earlier.lock_check);
        saved.summary = saved.summary.or_else(|| memory.earlier.summary.clone());
        for (path, known) in &memory.earlier.files {
            // The run may not have touched this file.
            if !saved.files.contains_key(path) && is_unchanged(Path::new(path), known.stamp) {
                saved.files.insert(path.clone(), *known);
            }
        }
        let _ = fs::write_atomically(&memory.file.path, &saved.to_bytes(&memory.file.key));
    }
}

impl Memory {
    fn now(&self) -> MutexGuard<'_, SavedDigests> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, path: &str, stamp: Stamp) -> Option<Digest> {
        let find_in = |saved: &SavedDigests| {
            saved.files.get(path).filter(|known| known.stamp == stamp).map(|known| known.digest)
        };
        find_in(&self.earlier).or_else(|| find_in(&self.now()))
    }
}

fn is_unchanged(path: &Path, stamp: Stamp) -> bool {
    matches!(Stamp::of(path), Ok(Some(now)) if now == stamp)
}
