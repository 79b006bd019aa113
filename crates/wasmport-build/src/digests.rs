//! Digests of files: what an earlier run knew where metadata says that nothing changed, else of what
//! is read now.

use crate::error::Error;
use crate::fs::{self, Stamp};
use crate::manifest::Manifest;
#[cfg(feature = "compiler")]
use crate::state::place;
use crate::state::{Known, State};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use wasmport::Digest;

/// The digests of files.
#[derive(Default)]
pub(crate) struct Digests(Option<Memory>);

/// What was learned of files.
struct Memory {
    /// Where it is kept.
    place: PathBuf,
    earlier: State,
    now: Mutex<State>,
    /// When this run began: it has read nothing before.
    since: SystemTime,
}

impl Digests {
    /// Every file is read.
    pub fn computed() -> Self {
        Self::default()
    }

    /// With what earlier runs left in the cache.
    #[cfg(feature = "compiler")]
    pub fn remembered(cache: &Path, out_dir: &Path) -> Self {
        let memory = |place: PathBuf| Memory {
            earlier: State::read(&place),
            place,
            now: Mutex::default(),
            since: SystemTime::now(),
        };
        Self(place(cache, out_dir).map(memory))
    }

    /// The digest of a file, where that is known without reading it.
    pub fn known(&self, path: &Path) -> Option<Digest> {
        let (memory, name) = self.0.as_ref().zip(path.to_str())?;
        memory.recall(name, Stamp::of(path).ok()??)
    }

    /// The digest of a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn of(&self, path: &Path) -> Result<Digest, Error> {
        let Some((memory, name)) = self.0.as_ref().zip(path.to_str()) else {
            return fs::digest(path);
        };
        let Ok(Some(before)) = Stamp::of(path) else { return fs::digest(path) };
        if let Some(digest) = memory.recall(name, before) {
            return Ok(digest);
        }
        let digest = fs::digest(path)?;
        // Else it was written meanwhile, or may be without a trace.
        if before.is_settled(memory.since) && is_still(path, before) {
            memory.now().files.insert(name.into(), Known { stamp: before, digest });
        }
        Ok(digest)
    }

    /// The outline of the manifest at a path, where an earlier run noted that of the very same.
    pub fn outline(&self, path: &Path) -> Option<Manifest> {
        let (of, text) = self.0.as_ref()?.earlier.outline.as_ref()?;
        let is_it = self.of(path).ok()? == *of;
        is_it.then(|| Manifest::parse(text, *of))
    }

    /// Notes the outline of a manifest.
    pub fn note_outline(&self, manifest: &Manifest) {
        if let (Some(memory), Some(digest)) = (&self.0, manifest.digest) {
            memory.now().outline = Some((digest, manifest.outline()));
        }
    }

    /// What the last run that noted one was in accord with.
    pub fn accord(&self) -> Option<Digest> {
        self.0.as_ref()?.earlier.accord
    }

    /// Notes what this run is in accord with.
    pub fn agree(&self, accord: Digest) {
        self.0.iter().for_each(|memory| memory.now().accord = Some(accord));
    }

    /// Keeps what this run learned for the next one. Where that cannot be done, the next one reads
    /// everything again.
    pub fn keep(&self) {
        let Some(memory) = &self.0 else { return };
        let mut state = std::mem::take(&mut *memory.now());
        if state == State::default() {
            return;
        }
        state.accord = state.accord.or(memory.earlier.accord);
        state.outline = state.outline.or_else(|| memory.earlier.outline.clone());
        for (path, known) in &memory.earlier.files {
            // This run may have had nothing to do with it.
            if !state.files.contains_key(path) && is_still(Path::new(path), known.stamp) {
                state.files.insert(path.clone(), *known);
            }
        }
        let _ = fs::write_atomically(&memory.place, &state.to_bytes());
    }
}

impl Memory {
    fn now(&self) -> MutexGuard<'_, State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, path: &str, stamp: Stamp) -> Option<Digest> {
        let in_state = |state: &State| {
            state.files.get(path).filter(|known| known.stamp == stamp).map(|known| known.digest)
        };
        in_state(&self.earlier).or_else(|| in_state(&self.now()))
    }
}

fn is_still(path: &Path, stamp: Stamp) -> bool {
    matches!(Stamp::of(path), Ok(Some(now)) if now == stamp)
}
