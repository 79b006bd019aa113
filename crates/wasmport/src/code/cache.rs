//! `CodeCaches`: the code that a runtime has loaded, by digest.

use crate::digest::Digest;
use std::collections::HashMap;
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

/// Code of one kind by digest. Each entry has its own lock, so that loading one does not block others.
pub struct CodeCache<C>(Mutex<HashMap<Digest, Entry<C>>>);

/// An entry, empty while its code is being loaded.
type Entry<C> = Arc<Mutex<Option<C>>>;

impl<C> Default for CodeCache<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Locks a mutex, also one that a panicking thread left behind: each update of what these guard is
/// complete or did not happen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C> CodeCache<C> {
    fn remove(&self, digest: Digest) -> bool {
        let entry = lock(&self.0).remove(&digest);
        entry.is_some_and(|entry| lock(&entry).is_some())
    }
}

impl<C: Clone> CodeCache<C> {
    /// Returns the code of this digest, or loads it. No two threads load the same code at once.
    pub(crate) fn get_or_load<E>(
        &self,
        digest: Digest,
        load: impl FnOnce() -> Result<C, E>,
    ) -> Result<C, E> {
        let entry = Arc::clone(lock(&self.0).entry(digest).or_default());
        let mut code = lock(&entry);
        if let Some(code) = &*code {
            return Ok(code.clone());
        }
        match load() {
            Ok(loaded) => Ok(code.insert(loaded).clone()),
            Err(error) => {
                drop(code);
                self.remove_empty(digest, &entry);
                Err(error)
            }
        }
    }

    /// Removes an entry whose load failed, unless another thread waits for it. Without this, failing
    /// loads would grow the map without bound.
    fn remove_empty(&self, digest: Digest, entry: &Entry<C>) {
        let mut entries = lock(&self.0);
        // After an unload the map may hold another entry for the digest.
        let is_ours = entries.get(&digest).is_some_and(|other| Arc::ptr_eq(other, entry));
        // The map's reference and this one: others are cloned only under the lock of the map.
        if is_ours && Arc::strong_count(entry) == 2 {
            entries.remove(&digest);
        }
    }
}
