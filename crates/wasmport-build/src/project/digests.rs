//! Digests of files: saved by an earlier run if the metadata is unchanged, else computed.

use crate::error::Error;
use crate::fs::{self, Stamp};
use crate::project::manifest::Manifest;
use crate::project::saved_digests::{Known, SavedDigests, SavedDigestsWriter, SavedFile};
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

    /// Returns the digest of a file's content if it is known without reading the file.
    pub fn known(&self, path: &Path) -> Option<Digest> {
        let (memory, name) = self.0.as_ref().zip(path.to_str())?;
        memory.find(&content_key(name), Stamp::of(path).ok()??)
    }

    /// Returns the digest of a file's bytes.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read.
    pub fn of(&self, path: &Path) -> Result<Digest, Error> {
        self.find_or_hash(path, str::to_owned, fs::digest)
    }

    /// Returns the digest of a file's content: in text CRLF counts as LF.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read.
    pub fn of_content(&self, path: &Path) -> Result<Digest, Error> {
        self.find_or_hash(path, content_key, fs::content_digest)
    }

    fn find_or_hash(
        &self,
        path: &Path,
        key: impl Fn(&str) -> String,
        hash: impl Fn(&Path) -> Result<Digest, Error>,
    ) -> Result<Digest, Error> {
        let Some((memory, key)) = self.0.as_ref().zip(path.to_str().map(key)) else {
            return hash(path);
        };
        let Ok(Some(before)) = Stamp::of(path) else { return hash(path) };
        if let Some(digest) = memory.find(&key, before) {
            return Ok(digest);
        }
        let digest = hash(path)?;
        // A file that was just written, or changed meanwhile, may change again with the same stamp.
        if before.is_settled(memory.since) && is_unchanged(path, before) {
            memory.now().files.insert(key, Known { stamp: before, digest });
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
        let now = std::mem::take(&mut *memory.now());
        if now == SavedDigests::default() {
            return;
        }
        let earlier = &memory.earlier;
        let lock_check = now.lock_check.as_ref().or(earlier.lock_check.as_ref());
        let summary = now.summary.as_ref().or(earlier.summary.as_ref());
        let count = now.files.len().max(earlier.files.len());
        let mut writer = SavedDigestsWriter::new(lock_check, summary, count);
        now.files.iter().for_each(|(key, known)| writer.add(key, known));
        for (key, known) in &earlier.files {
            // The run may not have touched this file.
            if !now.files.contains_key(key) && is_unchanged(file_of(key), known.stamp) {
                writer.add(key, known);
            }
        }
        let _ = fs::write_atomically(&memory.file.path, &writer.finish(&memory.file.key));
    }
}

impl Memory {
    fn now(&self) -> MutexGuard<'_, SavedDigests> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &str, stamp: Stamp) -> Option<Digest> {
        let find_in = |saved: &SavedDigests| {
            saved.files.get(key).filter(|known| known.stamp == stamp).map(|known| known.digest)
        };
        find_in(&self.earlier).or_else(|| find_in(&self.now()))
    }
}

/// The end of the key of a content: no path has a null.
const CONTENT: char = '\0';

fn content_key(path: &str) -> String {
    format!("{path}{CONTENT}")
}

/// Returns the file that a key is about.
fn file_of(key: &str) -> &Path {
    Path::new(key.trim_end_matches(CONTENT))
}

fn is_unchanged(path: &Path, stamp: Stamp) -> bool {
    matches!(Stamp::of(path), Ok(Some(now)) if now == stamp)
}
