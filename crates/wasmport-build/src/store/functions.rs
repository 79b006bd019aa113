//! Compiled functions, reused between the modules of a run and between versions of an asset. Cranelift
//! keys them by a digest of all inputs of a function's code.

use super::cache::Cache;
use super::key::Bucket;
use crate::fs::Heap;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmport::Digest;
use wasmtime::CacheStore;

/// Cranelift's digest of a function.
type Key = [u8; 32];

/// The compression level of packs: they are written once and read rarely.
const ZSTD_LEVEL: i32 = 1;

/// The maximal size of a decompressed pack, in bytes.
const MAX_PACK: usize = 4 << 30;

/// Functions shared between the modules of a run. There may be many, and most are never reused, so that
/// they lie in a file and memory holds only their positions.
#[derive(Default)]
pub(crate) struct Functions {
    shards: [Mutex<Shard>; 16],
}

#[derive(Default)]
struct Shard {
    spans: HashMap<Key, Span>,
    heap: Heap,
}

/// The position of a function in a heap or pack.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    len: u32,
}

impl Functions {
    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        let shard = usize::from(key[0]) % self.shards.len();
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let mut shard = self.shard(key);
        let Span { start, len } = *shard.spans.get(key)?;
        shard.heap.read(start, len as usize).ok()
    }

    fn insert(&self, key: Key, bytes: &[u8]) -> bool {
        let Ok(len) = u32::try_from(bytes.len()) else { return false };
        let mut shard = self.shard(&key);
        if shard.spans.contains_key(&key) {
            return true;
        }
        // If the disk is full, the function is compiled again when it is needed again.
        let Ok(start) = shard.heap.append(bytes) else { return false };
        shard.spans.insert(key, Span { start, len });
        true
    }
}

/// The functions of one module and target, during its compilation.
pub(crate) struct ModuleFunctions {
    shared: Arc<Functions>,
    key: Digest,
    /// The functions of the previous compilation.
    previous: Pack,
    /// The functions for the next compilation; `None` without a store.
    used: Option<Mutex<Used>>,
}

/// Functions that the module uses, in packed form.
#[derive(Default)]
struct Used {
    keys: HashSet<Key>,
    packed: Vec<u8>,
    /// Some function is not in the previous pack.
    has_new: bool,
}

impl ModuleFunctions {
    /// Reads the functions of the previous compilation from the cache.
    pub fn new(shared: &Arc<Functions>, cache: &Cache, key: Digest) -> Arc<Self> {
        let previous = cache.get(Bucket::Functions, key).and_then(|(bytes, _)| Pack::parse(&bytes));
        let used = cache.is_on().then(Mutex::default);
        let previous = previous.unwrap_or_default();
        Arc::new(Self { shared: Arc::clone(shared), key, previous, used })
    }

    /// Stores the functions that the module used.
    pub fn store(&self, cache: &Cache) {
        let Some(used) = &self.used else { return };
        let used = std::mem::take(&mut *used.lock().unwrap_or_else(PoisonError::into_inner));
        if !used.has_new && used.keys.len() == self.previous.spans.len() {
            return;
        }
        if let Some(pack) = Pack::compress(&used.packed) {
            cache.put(Bucket::Functions, self.key, Digest::of(&pack), &pack);
        }
    }

    fn record_use(&self, key: Key, function: &[u8], is_new: bool) {
        let Some(used) = &self.used else { return };
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.keys.insert(key) {
            used.has_new |= is_new;
            Pack::append(&mut used.packed, &key, function);
        }
    }
}

impl CacheStore for ModuleFunctions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let key = Key::try_from(key).ok()?;
        if let Some(function) = self.previous.get(&key) {
            self.record_use(key, function, false);
            return Some(Cow::Borrowed(function));
        }
        let function = self.shared.get(&key)?;
        self.record_use(key, &function, true);
        Some(Cow::Owned(function))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let Ok(key) = Key::try_from(key) else { return false };
        self.record_use(key, &value, true);
        self.shared.insert(key, &value)
    }
}

impl std::fmt::Debug for ModuleFunctions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleFunctions").finish_non_exhaustive()
    }
}

/// Functions in one buffer: key, length and bytes of each. It is stored as a zstd frame.
#[derive(Default)]
struct Pack {
    bytes: Vec<u8>,
    spans: HashMap<Key, Span>,
}

impl Pack {
    /// Appends a function to a buffer. Functions above 4 GiB are left out.
    fn append(to: &mut Vec<u8>, key: &Key, function: &[u8]) {
        if let Ok(len) = u32::try_from(function.len()) {
            to.extend(key);
            to.extend(len.to_le_bytes());
            to.extend(function);
        }
    }

    /// Compresses a buffer for the store.
    fn compress(packed: &[u8]) -> Option<Vec<u8>> {
        let mut pack = (packed.len() as u64).to_le_bytes().to_vec();
        pack.extend(zstd::bulk::compress(packed, ZSTD_LEVEL).ok()?);
        Some(pack)
    }

    /// Parses the result of [`compress`](Self::compress), or returns `None` if it is damaged.
    fn parse(pack: &[u8]) -> Option<Self> {
        let (len, frame) = pack.split_first_chunk()?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok().filter(|len| *len <= MAX_PACK)?;
        let bytes = zstd::bulk::decompress(frame, len).ok()?;
        let mut spans = HashMap::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (key, after) = rest.split_first_chunk()?;
            let (len, after) = after.split_first_chunk()?;
            let len = u32::from_le_bytes(*len);
            let start = (bytes.len() - after.len()) as u64;
            rest = after.get(len as usize..)?;
            spans.insert(*key, Span { start, len });
        }
        Some(Self { bytes, spans })
    }

    fn get(&self, key: &Key) -> Option<&[u8]> {
        let Span { start, len } = *self.spans.get(key)?;
        let start = usize::try_from(start).ok()?;
        self.bytes.get(start..start + len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_functions_are_found_and_damage_is_noticed() {
        let functions: Vec<(Key, Vec<u8>)> =
            (0..200_u8).map(|i| ([i; 32], vec![i; usize::from(i) * 7])).collect();
        let mut all = Vec::new();
        functions.iter().for_each(|(key, bytes)| Pack::append(&mut all, key, bytes));
        let packed = Pack::compress(&all).unwrap_or_default();
        let pack = Pack::parse(&packed).unwrap_or_default();
        for (key, bytes) in &functions {
            assert_eq!(pack.get(key), Some(bytes.as_slice()));
        }
        assert_eq!(pack.get(&[255; 32]), None);
        for end in 0..packed.len() {
            assert!(Pack::parse(&packed[..end]).is_none_or(|pack| pack.spans.is_empty()), "{end}");
        }
    }

    #[test]
    fn shared_functions_are_found_by_all_threads() {
        let functions = Functions::default();
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let functions = &functions;
                scope.spawn(move || {
                    for i in 0..255_u8 {
                        let key = [i; 32];
                        let bytes = vec![i; 3000];
                        assert!(functions.insert(key, &bytes), "{thread}");
                        assert_eq!(functions.get(&key), Some(bytes));
                    }
                });
            }
        });
        assert_eq!(functions.get(&[255; 32]), None);
    }
}
