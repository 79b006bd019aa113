//! Compiled functions that several modules of a run share: libraries that they were all linked with.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::CacheStore;

/// Enough for what modules share: with 24 MiB the keys cost what the few finds saved.
const MAX_BYTES: usize = 64 << 20;
/// What modules share is small: of 53 modules made by others, 43 of 100 functions were found, of 400
/// bytes each, and all would have taken 130 MB.
const MAX_FUNCTION: usize = 4 << 10;

/// By a digest of everything that a function's code depends on, which is Cranelift's affair. What is
/// found is checked by Cranelift against the function itself.
#[derive(Default)]
pub(crate) struct FunctionCache {
    shards: [Mutex<Shard>; 16],
    hasher: RandomState,
    bytes: AtomicUsize,
}

type Shard = HashMap<Box<[u8]>, Arc<[u8]>>;

impl FunctionCache {
    fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard> {
        let shard = self.hasher.hash_one(key) as usize % self.shards.len();
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheStore for FunctionCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let found = Arc::clone(self.shard(key).get(key)?);
        Some(Cow::Owned(found.to_vec()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let bytes = key.len() + value.len();
        if bytes > MAX_FUNCTION || self.bytes.fetch_add(bytes, Ordering::Relaxed) > MAX_BYTES {
            return false;
        }
        self.shard(key).insert(key.into(), value.into());
        true
    }
}

impl std::fmt::Debug for FunctionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionCache").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
