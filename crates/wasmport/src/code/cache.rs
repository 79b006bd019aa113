//! `CodeCaches`: the code that a runtime has loaded, by digest.

#[cfg(feature = "compile")]
use super::contents::Contents;
use crate::digest::Digest;
#[cfg(feature = "compile")]
use crate::engine::Kept;
#[cfg(feature = "compile")]
use crate::error::Result;
use std::collections::{HashMap, VecDeque};
#[cfg(feature = "compile")]
use std::sync::Weak;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::Module;
#[cfg(feature = "component-model")]
use wasmtime::component::Component;

/// The caches of a runtime, one per kind of code.
#[derive(Default)]
pub struct CodeCaches {
    pub(super) modules: CodeCache<Module>,
    #[cfg(feature = "component-model")]
    pub(super) components: CodeCache<Component>,
}

impl CodeCaches {
    /// Removes the code of this digest. Returns whether there was any.
    pub(crate) fn remove(&self, digest: Digest) -> bool {
        let removed = self.modules.remove(digest);
        #[cfg(feature = "component-model")]
        let removed = removed | self.components.remove(digest);
        removed
    }
}

/// Code whose length is known.
pub trait Image {
    /// Returns the length of the code in memory, in bytes.
    #[cfg(feature = "compile")]
    fn image_bytes(&self) -> u64;
}

/// Code of one kind by digest. Each entry has its own lock, so that loading one does not block others.
pub struct CodeCache<C> {
    entries: Mutex<HashMap<Digest, Entry<C>>>,
    /// Code that stays although nobody uses it, what was used last at the end.
    kept: Mutex<VecDeque<(Digest, Arc<C>)>>,
}

/// An entry, empty while its code is being loaded.
type Entry<C> = Arc<Mutex<Option<Held<C>>>>;

/// Code of an entry.
enum Held<C> {
    /// An imported asset stays until it is unloaded.
    Loaded(Arc<C>),
    /// Code that the program compiled stays as long as someone uses it.
    #[cfg(feature = "compile")]
    Used(Weak<C>, Arc<Contents>),
}

impl<C> Held<C> {
    fn code(&self) -> Option<Arc<C>> {
        match self {
            Self::Loaded(code) => Some(Arc::clone(code)),
            #[cfg(feature = "compile")]
            Self::Used(code, _) => code.upgrade(),
        }
    }
}

#[cfg(feature = "compile")]
impl<C> Held<C> {
    fn contents(&self) -> Arc<Contents> {
        match self {
            Self::Used(_, contents) => Arc::clone(contents),
            // No digest of compiled code is that of an imported asset.
            Self::Loaded(_) => Arc::default(),
        }
    }
}

impl<C> Default for CodeCache<C> {
    fn default() -> Self {
        Self { entries: Mutex::default(), kept: Mutex::default() }
    }
}

/// Locks a mutex, also one that a panicking thread left behind: each update of what these guard is
/// complete or did not happen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C> CodeCache<C> {
    fn remove(&self, digest: Digest) -> bool {
        let entry = lock(&self.entries).remove(&digest);
        // Before what is kept goes, which may have been its last user.
        let code = entry.and_then(|entry| lock(&entry).as_ref().and_then(Held::code));
        lock(&self.kept).retain(|(kept, _)| *kept != digest);
        code.is_some()
    }
}

impl<C: Image> CodeCache<C> {
    /// Returns the code of this digest, or loads it. It stays until it is removed.
    pub(crate) fn get_or_load<E>(
        &self,
        digest: Digest,
        load: impl FnOnce() -> Result<C, E>,
    ) -> Result<Arc<C>, E> {
        let load = || {
            let code = Arc::new(load()?);
            Ok((Arc::clone(&code), Held::Loaded(code)))
        };
        self.hold(digest, load, |_| ()).map(|(code, ())| code)
    }

    /// Returns the code of this digest, if it is loaded. Does not wait for a thread that loads it.
    #[cfg(feature = "compile")]
    pub(crate) fn get(&self, digest: Digest, kept: Kept) -> Option<(Arc<C>, Arc<Contents>)> {
        let entry = Arc::clone(lock(&self.entries).get(&digest)?);
        let found = match entry.try_lock() {
            Ok(held) => held.as_ref().and_then(|held| Some((held.code()?, held.contents()))),
            Err(_) => None,
        };
        // `keep` forgets entries that nobody holds.
        drop(entry);
        let (code, contents) = found?;
        self.keep(digest, kept, &code);
        Some((code, contents))
    }

    /// Returns the code of this digest, or compiles it. It stays as long as someone uses it; beyond that, as much of what
    /// was used last as is kept.
    #[cfg(feature = "compile")]
    pub(crate) fn get_or_compile(
        &self,
        digest: Digest,
        kept: Kept,
        compile: impl FnOnce() -> Result<(C, Contents)>,
    ) -> Result<(Arc<C>, Arc<Contents>)> {
        let compile = || -> Result<_> {
            let (code, contents) = compile()?;
            let code = Arc::new(code);
            let held = Held::Used(Arc::downgrade(&code), Arc::new(contents));
            Ok((code, held))
        };
        let (code, contents) = self.hold(digest, compile, Held::contents)?;
        self.keep(digest, kept, &code);
        Ok((code, contents))
    }

    /// Returns the code of this digest with a part of its entry, or loads it. No two threads load the same code at once.
    fn hold<T, E>(
        &self,
        digest: Digest,
        load: impl FnOnce() -> Result<(Arc<C>, Held<C>), E>,
        part: impl FnOnce(&Held<C>) -> T,
    ) -> Result<(Arc<C>, T), E> {
        let entry = Arc::clone(lock(&self.entries).entry(digest).or_default());
        let mut place = lock(&entry);
        if let Some(held) = &*place
            && let Some(code) = held.code()
        {
            return Ok((code, part(held)));
        }
        match load() {
            Ok((code, held)) => Ok((code, part(place.insert(held)))),
            Err(error) => {
                drop(place);
                self.remove_empty(digest, &entry);
                Err(error)
            }
        }
    }

    /// Removes an entry whose load failed, unless another thread waits for it. Without this, failing
    /// loads would grow the map without bound.
    fn remove_empty(&self, digest: Digest, entry: &Entry<C>) {
        let mut entries = lock(&self.entries);
        // After an unload the map may hold another entry for the digest.
        let is_ours = entries.get(&digest).is_some_and(|other| Arc::ptr_eq(other, entry));
        // The map's reference and this one: others are cloned only under the lock of the map.
        if is_ours && Arc::strong_count(entry) == 2 {
            entries.remove(&digest);
        }
    }

    /// Keeps code that was just used, and forgets what was used longest ago, and entries that nobody uses.
    #[cfg(feature = "compile")]
    fn keep(&self, digest: Digest, Kept { assets, bytes }: Kept, code: &Arc<C>) {
        let mut kept = lock(&self.kept);
        kept.retain(|(other, _)| *other != digest);
        kept.push_back((digest, Arc::clone(code)));
        let mut total: u64 = kept.iter().map(|(_, code)| code.image_bytes()).sum();
        let mut dropped = Vec::new();
        while kept.len() > assets || total > bytes {
            let Some((_, oldest)) = kept.pop_front() else { break };
            total = total.saturating_sub(oldest.image_bytes());
            dropped.push(oldest);
        }
        // Unmapping code takes long.
        drop(kept);
        drop(dropped);
        lock(&self.entries).retain(|_, entry| {
            // Others are cloned only under the lock of the map.
            Arc::strong_count(entry) > 1
                || lock(entry).as_ref().is_some_and(|held| held.code().is_some())
        });
    }
}
