//! `Functions`: the compiled functions of a plug-in's last version, so that its next version compiles only what changed.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use wasmtime::CacheStore;

/// Compiled functions by Cranelift's digests of all that decides them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pack(HashMap<Vec<u8>, Vec<u8>>);

impl Pack {
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// Returns no less than its length when it is encoded.
    pub fn bytes(&self) -> u64 {
        // Both lengths of an entry, and the number of entries, take at most ten bytes each.
        let all = self.0.iter().map(|(key, function)| key.len() + function.len() + 20);
        all.sum::<usize>() as u64 + 10
    }

    pub fn encode(&self) -> Option<Vec<u8>> {
        // The order of a map differs from run to run.
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort();
        postcard::to_allocvec(&all.into_iter().collect::<std::collections::BTreeMap<_, _>>()).ok()
    }
}

/// The functions of a compilation: those of the last one, and those that it uses.
pub(crate) struct Functions {
    last: Pack,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    functions: HashMap<Vec<u8>, Vec<u8>>,
    /// The number of those that the last one lacks.
    new: usize,
}

impl Functions {
    pub fn new(last: Pack) -> Self {
        Self { last, used: Mutex::default() }
    }

    /// Returns the functions for the next compilation, if they are not those of the last one: those that this one used,
    /// and of the others as many bytes. Cranelift's digests of a function differ by what its thread compiled before, so
    /// that those of one version are asked for again in the version after the next.
    pub fn changed(&self) -> Option<Pack> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.new == 0 {
            return None;
        }
        let mut pack = Pack(std::mem::take(&mut used.functions));
        let mut room = pack.bytes();
        for (key, function) in &self.last.0 {
            room = room.saturating_sub(function.len() as u64);
            if room == 0 {
                break;
            }
            let _ = pack.0.entry(key.clone()).or_insert_with(|| function.clone());
        }
        Some(pack)
    }

    /// Returns how many functions were compiled.
    #[cfg(test)]
    pub fn new_functions(&self) -> usize {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).new
    }

    fn record(&self, key: &[u8], function: &[u8], is_new: bool) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.new += usize::from(is_new);
        let _ = used.functions.insert(key.to_vec(), function.to_vec());
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let function = self.last.0.get(key)?;
        self.record(key, function, false);
        Some(Cow::Borrowed(function))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.record(key, &value, true);
        true
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions").finish_non_exhaustive()
    }
}
