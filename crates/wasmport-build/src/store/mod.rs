//! Store: results of earlier work, found by everything that decides them.
//!
//! ```text
//! computation → key → record (small, by kind and key) → blob (by its own digest)
//! ```

mod functions;
mod lease;
mod local;
mod location;
mod maintenance;
mod record;

pub(crate) use functions::{Functions, ModuleFunctions};
pub(crate) use location::{location, of_build_script};
pub use maintenance::{CacheFolder, CacheStats, Removed, Verified};

use local::LocalStore;
use record::Record;
use serde::{Serialize, Serializer};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use wasmport::Digest;

/// What a record is of. Each kind has a version of its own: what a tool of another version wrote is
/// neither read nor removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A module for a target.
    Artifact,
    /// An artifact as a zstd frame.
    Compressed,
    /// The compiled functions of an asset, for when it changes.
    Functions,
    /// A module after `wasm-opt`.
    Optimized,
    /// A module that was initialized.
    Preinitialized,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Artifact, Self::Compressed, Self::Functions, Self::Optimized, Self::Preinitialized];

    /// Its folder: name and version. A change of what is hashed or kept raises the version.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Artifact => "artifact-1",
            Self::Compressed => "compressed-1",
            Self::Functions => "functions-1",
            Self::Optimized => "optimized-1",
            Self::Preinitialized => "preinitialized-1",
        }
    }
}

/// The name of something in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Name {
    /// What a computation gave, by its key.
    Record(Kind, Digest),
    /// Bytes, by their digest.
    Blob(Digest),
}

/// Where records and blobs are kept. It need not be trusted: what is read is verified.
pub(crate) trait Store: Send + Sync {
    /// What there is of that name.
    fn read(&self, name: Name) -> io::Result<Option<Vec<u8>>>;

    /// Whether there is something of that name, as far as can be told without reading it.
    fn has(&self, name: Name) -> bool;

    /// Publishes all of it or nothing; what is there before is replaced.
    fn write(&self, name: Name, bytes: &[u8]) -> io::Result<()>;

    /// Puts what is not what it should be out of the way.
    fn quarantine(&self, name: Name) -> io::Result<()>;

    /// Makes it hold no more than `most` bytes, if something was written to it.
    fn shrink(&self, most: u64) -> io::Result<()>;
}

/// Work whose result may be kept: a function of this value alone. Every field is a part of the key,
/// and `compute` is given nothing else that could change the result.
pub(crate) trait Computation: Serialize {
    const KIND: Kind;
    /// What the work takes besides, such as a thread pool or the path of a program.
    type Help: ?Sized;
    type Error;

    fn compute(&self, help: &Self::Help) -> Result<Vec<u8>, Self::Error>;

    /// Whether the key still tells what was computed, where it was not from this value alone.
    fn still_holds(&self) -> bool {
        true
    }
}

/// Bytes in a [`Computation`]: their digest is hashed.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Digest::of(self.0).serialize(serializer)
    }
}

/// The key of a computation, of the kind that it is.
fn key_of<C: Computation>(computation: &C) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("wasmport store key v1");
    hasher.update(C::KIND.folder().as_bytes());
    // Strings, numbers and maps with string keys: nothing that JSON lacks.
    hasher.update(&serde_json::to_vec(computation).unwrap_or_default());
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// What a stage gave.
pub(crate) struct Obtained<'c> {
    pub bytes: Vec<u8>,
    pub digest: Digest,
    /// Whether the store had it.
    pub found: bool,
    /// Where it is to be kept, once it is known to be good.
    unkept: Option<Unkept<'c>>,
}

struct Unkept<'c> {
    cache: &'c Cache,
    kind: Kind,
    key: Digest,
}

impl Obtained<'_> {
    /// What nobody keeps.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes, found: false, unkept: None }
    }

    /// Keeps it, where it is not kept yet: it is good.
    pub fn keep(&mut self) {
        if let Some(Unkept { cache, kind, key }) = self.unkept.take() {
            cache.put(kind, key, self.digest, &self.bytes);
        }
    }
}

/// The store of a run. What is wrong with it is told once and ends nothing.
#[derive(Default)]
pub(crate) struct Cache {
    store: Option<Box<dyn Store>>,
    problems: Mutex<Problems>,
}

#[derive(Default)]
struct Problems {
    /// The store itself cannot be read or written.
    unusable: Option<String>,
    /// Entries that were not what they should be.
    damaged: Vec<String>,
}

impl Cache {
    /// With the store in a folder.
    pub fn open(folder: &Path) -> Self {
        let cache = Self::default();
        let store = cache.check("opened", LocalStore::open(folder));
        Self { store: store.map(|store| Box::new(store) as _), ..cache }
    }

    /// Whether results are kept.
    pub fn is_on(&self) -> bool {
        self.store.is_some()
    }

    /// The result of a computation: what is kept of it, else computed now. It is for the caller to
    /// [`keep`](Obtained::keep) it, once it is known to be good.
    ///
    /// # Errors
    ///
    /// Those of the computation; none of the store.
    pub fn get_or_compute<C: Computation>(
        &self,
        computation: &C,
        help: &C::Help,
    ) -> Result<Obtained<'_>, C::Error> {
        let key = self.is_on().then(|| key_of(computation));
        if let Some((bytes, digest)) = key.and_then(|key| self.get(C::KIND, key)) {
            return Ok(Obtained { bytes, digest, found: true, unkept: None });
        }
        let computed = Obtained::new(computation.compute(help)?);
        let key = key.filter(|_| computation.still_holds());
        let unkept = key.map(|key| Unkept { cache: self, kind: C::KIND, key });
        Ok(Obtained { unkept, ..computed })
    }

    /// What is kept under a key that is no computation's.
    pub fn get(&self, kind: Kind, key: Digest) -> Option<(Vec<u8>, Digest)> {
        let record = self.record(kind, key)?;
        let name = Name::Blob(record.blob);
        let bytes = self.read(name)?;
        if bytes.len() as u64 == record.len && Digest::of(&bytes) == record.blob {
            return Some((bytes, record.blob));
        }
        self.quarantine(name, "is not what its name says");
        None
    }

    /// Keeps `bytes` under a key. Where other bytes are kept already, both cannot be right.
    pub fn put(&self, kind: Kind, key: Digest, digest: Digest, bytes: &[u8]) {
        let Some(store) = &self.store else { return };
        // The compiled functions of an asset change with it.
        if kind != Kind::Functions
            && let Some(there) = self.record(kind, key)
            && there.blob != digest
            && store.has(Name::Blob(there.blob))
        {
            self.problems().damaged.push(format!(
                "two runs gave different results for the same input ({}, key {key}): the first is \
                 kept; compare with `import --verify`",
                kind.folder()
            ));
            return;
        }
        let write = || {
            if !store.has(Name::Blob(digest)) {
                store.write(Name::Blob(digest), bytes)?;
            }
            // After the blob that it leads to.
            let record = Record { kind, key, blob: digest, len: bytes.len() as u64 };
            store.write(Name::Record(kind, key), &record.to_bytes())
        };
        self.check("written", write());
    }

    fn record(&self, kind: Kind, key: Digest) -> Option<Record> {
        let name = Name::Record(kind, key);
        let bytes = self.read(name)?;
        let record = Record::parse(&bytes, kind, key);
        if record.is_none() {
            self.quarantine(name, "is not the record of its key");
        }
        record
    }

    fn read(&self, name: Name) -> Option<Vec<u8>> {
        self.check("read", self.store.as_ref()?.read(name)).flatten()
    }

    fn quarantine(&self, name: Name, what: &str) {
        let Some(store) = &self.store else { return };
        let message = format!("the cache entry {} {what}: it was put aside", local::path_of(name));
        self.problems().damaged.push(message);
        self.check("mended", store.quarantine(name));
    }

    fn check<T>(&self, action: &str, result: io::Result<T>) -> Option<T> {
        result
            .map_err(|e| {
                let message =
                    || format!("the cache cannot be {action}, and the import goes on without: {e}");
                self.problems().unusable.get_or_insert_with(message);
            })
            .ok()
    }

    fn problems(&self) -> std::sync::MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the store hold no more than `most` bytes.
    pub fn shrink(&self, most: u64) {
        if let Some(store) = &self.store {
            self.check("made smaller", store.shrink(most));
        }
    }

    /// What was wrong with the store, once each.
    pub fn warnings(&self) -> Vec<String> {
        let Problems { unusable, damaged } = std::mem::take(&mut *self.problems());
        unusable.into_iter().chain(damaged).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Doubling(u8);

    impl Computation for Doubling {
        const KIND: Kind = Kind::Artifact;
        type Help = u8;
        type Error = ();

        fn compute(&self, offset: &u8) -> Result<Vec<u8>, ()> {
            Ok(vec![2 * self.0 + offset])
        }
    }

    fn get(cache: &Cache, number: u8, offset: u8) -> (Vec<u8>, bool) {
        let Ok(mut obtained) = cache.get_or_compute(&Doubling(number), &offset) else {
            return Default::default();
        };
        obtained.keep();
        (obtained.bytes, obtained.found)
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_not_known_to_be_good_is_not_kept() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::open(folder.path());
        assert!(cache.get_or_compute(&Doubling(1), &0).is_ok_and(|obtained| !obtained.found));
        assert_eq!(get(&cache, 1, 0), (vec![2], false));
        assert_eq!(get(&cache, 1, 0), (vec![2], true));
        assert_eq!(get(&cache, 2, 0), (vec![4], false));
        assert_eq!(cache.warnings(), Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn fault_50_different_bytes_for_one_key_are_reported() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (one, two) = (Cache::open(folder.path()), Cache::open(folder.path()));
        let first = one.get_or_compute(&Doubling(1), &0);
        // Another import comes first, and its computation depends on what it should not.
        assert_eq!(get(&two, 1, 7), (vec![9], false));
        first.map(|mut obtained| obtained.keep()).unwrap_or_default();
        let warnings = one.warnings();
        assert!(
            matches!(warnings.as_slice(), [one] if one.contains("different results")),
            "{warnings:?}"
        );
        assert_eq!(get(&one, 1, 0), (vec![9], true), "the first is kept");
        Ok(())
    }

    #[test]
    fn what_a_running_import_has_used_is_not_removed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let earlier = Cache::open(folder.path());
        for number in 0..4 {
            get(&earlier, number, 0);
        }
        drop(earlier);
        // So that file times tell before and after.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let running = Cache::open(folder.path());
        assert_eq!(get(&running, 1, 0), (vec![2], true));
        assert_eq!(get(&running, 9, 0), (vec![18], false));
        let removed = maintenance::prune(folder.path(), 0, None)?;
        assert_eq!(removed.entries, 6, "records and blobs of 0, 2 and 3");
        for (number, found) in [(1, true), (9, true), (2, false)] {
            assert_eq!(get(&running, number, 0), (vec![2 * number], found));
        }
        drop(running);
        assert_eq!(maintenance::prune(folder.path(), 0, None)?.entries, 6);
        Ok(())
    }
}
