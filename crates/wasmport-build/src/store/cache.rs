//! The cache of a run: verified entries of a store. Its errors become warnings and never fail an import.

use super::backend::Backend;
use super::computation::{Computation, key_of};
use super::folder::{StoreError, StoreFolder};
use super::key::{Bucket, EntryKey};
use super::layout::path_of;
use super::local::LocalStore;
use super::record::{Parsed, Record};
#[cfg(feature = "remote")]
use super::remote::{Remote, RemoteOptions};
use super::secret::FILE_VARIABLE;
use crate::settings::Settings;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wasmport::Digest;

/// The result of a computation, read from the cache or computed now.
pub(crate) struct CacheEntry<'c> {
    pub bytes: Vec<u8>,
    pub digest: Digest,
    /// The result was read from the cache.
    pub cached: bool,
    /// The cache of this machine has the result.
    is_here: bool,
    /// The place for a new result in the cache.
    pending: Option<Pending<'c>>,
}

/// A result that is not stored yet.
struct Pending<'c> {
    cache: &'c Cache,
    bucket: Bucket,
    key: Digest,
}

impl CacheEntry<'_> {
    /// Creates a result that is never stored.
    pub fn uncached(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes, cached: false, is_here: false, pending: None }
    }

    /// Stores a new result. Call it after the result was validated. Returns whether this machine has the
    /// result now; else the cache has a warning.
    pub fn store(&mut self) -> bool {
        if let Some(Pending { cache, bucket, key }) = self.pending.take() {
            cache.upload(bucket, key, self.digest, &self.bytes);
            self.is_here = cache.put(bucket, key, self.digest, &self.bytes);
        }
        self.is_here
    }
}

/// The cache of a run.
#[derive(Default)]
pub(crate) struct Cache {
    open: Option<OpenStore>,
    #[cfg(feature = "remote")]
    remote: Option<Remote>,
    /// Results of this machine are uploaded too if they are not new: an upload may have failed.
    #[cfg(feature = "remote")]
    uploads_all: bool,
    problems: Mutex<Problems>,
}

/// The store of a cache.
struct OpenStore {
    folder: StoreFolder,
    backend: Box<dyn Backend>,
}

/// Warnings about the cache.
#[derive(Default)]
struct Problems {
    /// The first error of reading or writing the store.
    unusable: Option<String>,
    /// Damaged entries, and keys with two results.
    damaged: Vec<String>,
    /// The keys of results that another secret key authenticates.
    other_key: BTreeSet<Digest>,
}

impl Cache {
    /// Opens the cache in a folder. If the folder cannot be used, the cache is off and has a warning.
    pub fn open(folder: &Result<StoreFolder, StoreError>) -> Self {
        let cache = Self::default();
        let open = cache.check("opened", folder.as_ref()).map(|folder| {
            let backend = Box::new(LocalStore::open(&folder.path));
            OpenStore { folder: folder.clone(), backend }
        });
        Self { open, ..cache }
    }

    /// Looks in the remote store of the settings too, if there is one. If it cannot be used, the cache has a warning.
    #[cfg(feature = "remote")]
    pub fn with_remote(mut self, settings: &Settings) -> Self {
        self.uploads_all = settings.partition.is_some();
        let options = RemoteOptions::new(settings).transpose();
        match options.map(|options| options.and_then(Remote::open)).transpose() {
            Ok(remote) => self.remote = remote,
            Err(error) => {
                let message = format!("the remote store cannot be used: {error}");
                self.problems().damaged.push(message);
            }
        }
        self
    }

    /// Warns about a remote store, which this build of the importer does not have.
    #[cfg(not(feature = "remote"))]
    pub fn with_remote(self, settings: &Settings) -> Self {
        if settings.cache.remote.url.is_some() {
            self.problems().damaged.push(
                "this build of the importer has no remote store\n  help: add the cargo feature `remote` of \
                 `wasmport-build`, or run `cargo wasmport import`, which has it"
                    .into(),
            );
        }
        self
    }

    /// Reads a result from the remote store, and keeps it in this one.
    fn download(&self, bucket: Bucket, key: Digest) -> Option<CacheEntry<'_>> {
        #[cfg(feature = "remote")]
        if let Some((bytes, digest)) = self.remote.as_ref()?.get(bucket, key) {
            let is_here = self.put(bucket, key, digest, &bytes);
            return Some(CacheEntry { bytes, digest, cached: true, is_here, pending: None });
        }
        let _ = (bucket, key);
        None
    }

    /// Uploads a result, if the remote store is there and this machine uploads.
    fn upload(&self, bucket: Bucket, key: Digest, digest: Digest, bytes: &[u8]) {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            remote.put(bucket, key, digest, bytes);
        }
        let _ = (bucket, key, digest, bytes);
    }

    /// Reads a result of this machine, and uploads it if all results are uploaded.
    fn get_own(&self, bucket: Bucket, key: Digest) -> Option<(Vec<u8>, Digest)> {
        let (bytes, digest) = self.get(bucket, key)?;
        #[cfg(feature = "remote")]
        if self.uploads_all {
            self.upload(bucket, key, digest, &bytes);
        }
        Some((bytes, digest))
    }

    /// Returns the number of results that wait for their upload.
    #[cfg(feature = "simulation")]
    pub fn waiting(&self) -> u64 {
        self.remote.as_ref().map_or(0, Remote::waiting)
    }

    fn store(&self) -> Option<&dyn Backend> {
        self.open.as_ref().map(|open| &*open.backend)
    }

    /// Returns whether results are cached.
    pub fn is_on(&self) -> bool {
        #[cfg(feature = "remote")]
        if self.remote.is_some() {
            return true;
        }
        self.open.is_some()
    }

    /// Reads the result of a computation, or computes it. The caller validates a new result and then calls
    /// [`store`](CacheEntry::store).
    ///
    /// # Errors
    ///
    /// Fails with the error of the computation; errors of the store are warnings.
    pub fn get_or_compute<C: Computation>(
        &self,
        computation: &C,
        context: &C::Context,
    ) -> Result<CacheEntry<'_>, C::Error> {
        let key = self.is_on().then(|| key_of(computation));
        if let Some(found) = key.and_then(|key| self.find_key(C::BUCKET, key)) {
            return Ok(found);
        }
        let computed = CacheEntry::uncached(computation.compute(context)?);
        let key = key.filter(|_| computation.is_key_current());
        let pending = key.map(|key| Pending { cache: self, bucket: C::BUCKET, key });
        Ok(CacheEntry { pending, ..computed })
    }

    /// Reads the result of a computation, if it is stored.
    pub fn find<C: Computation>(&self, computation: &C) -> Option<CacheEntry<'_>> {
        self.find_key(C::BUCKET, self.is_on().then(|| key_of(computation))?)
    }

    fn find_key(&self, bucket: Bucket, key: Digest) -> Option<CacheEntry<'_>> {
        match self.get_own(bucket, key) {
            Some((bytes, digest)) => {
                Some(CacheEntry { bytes, digest, cached: true, is_here: true, pending: None })
            }
            None => self.download(bucket, key),
        }
    }

    /// Reads the bytes and their digest under a key.
    pub fn get(&self, bucket: Bucket, key: Digest) -> Option<(Vec<u8>, Digest)> {
        let record = self.record(bucket, key)?;
        let entry = EntryKey::Blob(record.blob);
        let bytes = self.read(entry)?;
        if bytes.len() as u64 == record.len && Digest::of(&bytes) == record.blob {
            return Some((bytes, record.blob));
        }
        self.quarantine(entry);
        None
    }

    /// Stores `bytes` under a key, and returns whether there is a result now. If other bytes are stored there
    /// already, they stay, with a warning: one of the two results is wrong.
    pub fn put(&self, bucket: Bucket, key: Digest, digest: Digest, bytes: &[u8]) -> bool {
        let Some(OpenStore { folder, backend: store }) = &self.open else { return false };
        // Functions are keyed by the asset's path: their bytes change with the asset.
        if bucket != Bucket::Functions
            && let Some(existing) = self.record(bucket, key)
            && existing.blob != digest
            && store.has(EntryKey::Blob(existing.blob))
        {
            self.problems().damaged.push(format!(
                "two runs gave different results for the same input ({}, key {key}): the first \
                 one stays\n  help: run `cargo wasmport import --reproduce` to find the difference",
                bucket.folder()
            ));
            return true;
        }
        let write = || {
            if !store.has(EntryKey::Blob(digest)) {
                store.write(EntryKey::Blob(digest), bytes)?;
            }
            // The record comes last, so that its blob exists.
            let record = Record { bucket, key, blob: digest, len: bytes.len() as u64 };
            store.write(EntryKey::Record(bucket, key), &record.to_bytes(&folder.key))
        };
        self.check("written", write()).is_some()
    }

    fn record(&self, bucket: Bucket, key: Digest) -> Option<Record> {
        let entry = EntryKey::Record(bucket, key);
        let bytes = self.read(entry)?;
        match self.parse(&bytes, bucket, key)? {
            Parsed::Authentic(record) => Some(record),
            Parsed::OtherKey(_) => {
                self.problems().other_key.insert(key);
                None
            }
            Parsed::Damaged => {
                self.quarantine(entry);
                None
            }
        }
    }

    /// Parses a record. One of another key is as good as authentic if the settings trust all keys.
    pub(super) fn parse(&self, bytes: &[u8], bucket: Bucket, key: Digest) -> Option<Parsed> {
        let folder = &self.open.as_ref()?.folder;
        Some(match Record::parse(bytes, bucket, key, &folder.key) {
            Parsed::OtherKey(record) if folder.trusts_other_keys => Parsed::Authentic(record),
            parsed => parsed,
        })
    }

    fn read(&self, entry: EntryKey) -> Option<Vec<u8>> {
        self.check("read", self.store()?.read(entry)).flatten()
    }

    fn quarantine(&self, entry: EntryKey) {
        let Some(store) = self.store() else { return };
        let path = path_of(entry);
        let message = format!("the cache entry {path} is damaged: moved to the quarantine");
        self.problems().damaged.push(message);
        self.check("repaired", store.quarantine(entry));
    }

    fn check<T, E: Display>(&self, action: &str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|e| {
                let message = || {
                    format!("the cache cannot be {action}, the import continues without it: {e}")
                };
                self.problems().unusable.get_or_insert_with(message);
            })
            .ok()
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the least recently used entries until no more than `max` bytes are left.
    pub fn shrink(&self, max: u64) {
        if let Some(store) = self.store() {
            self.check("pruned", store.shrink(max));
        }
    }

    /// Waits for uploads, and returns the warnings since the last call.
    pub fn warnings(&self) -> Vec<String> {
        let Problems { unusable, damaged, other_key } = std::mem::take(&mut *self.problems());
        let other_key = other_key.len();
        let folder = self.open.as_ref().filter(|_| other_key > 0).map(|open| &open.folder.path);
        let other_key = folder.map(|folder| {
            format!(
                "{other_key} results in the cache `{}` were written with another key: they are \
                 computed again\n  help: name the same key for everyone with `{FILE_VARIABLE}`, or pass \
                 `--trust-cache` if you trust everyone who can write there",
                folder.display()
            )
        });
        #[cfg(feature = "remote")]
        let remote = self.remote.as_ref().map(Remote::close).unwrap_or_default();
        #[cfg(not(feature = "remote"))]
        let remote = Vec::new();
        unusable.into_iter().chain(damaged).chain(other_key).chain(remote).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::prune::prune;
    use super::super::secret::StoreKey;
    use super::*;
    use serde::Serialize;
    use std::io;
    use std::path::Path;

    #[derive(Serialize)]
    struct Doubling(u8);

    impl Computation for Doubling {
        const BUCKET: Bucket = Bucket::Artifact;
        type Context = u8;
        type Error = ();

        fn compute(&self, offset: &u8) -> Result<Vec<u8>, ()> {
            Ok(vec![2 * self.0 + offset])
        }
    }

    fn open(folder: &Path) -> Cache {
        open_by(folder, 1, false)
    }

    fn open_by(folder: &Path, key: u8, trusts_other_keys: bool) -> Cache {
        let (path, key) = (folder.into(), StoreKey::new([key; 32]));
        Cache::open(&Ok(StoreFolder { path, key, trusts_other_keys }))
    }

    fn get(cache: &Cache, number: u8, offset: u8) -> (Vec<u8>, bool) {
        let Ok(mut entry) = cache.get_or_compute(&Doubling(number), &offset) else {
            return Default::default();
        };
        entry.store();
        (entry.bytes, entry.cached)
    }

    #[test]
    fn stored_results_are_found_and_others_are_not() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = open(folder.path());
        assert!(cache.get_or_compute(&Doubling(1), &0).is_ok_and(|entry| !entry.cached));
        assert_eq!(get(&cache, 1, 0), (vec![2], false));
        assert_eq!(get(&cache, 1, 0), (vec![2], true));
        assert_eq!(get(&cache, 2, 0), (vec![4], false));
        assert_eq!(cache.warnings(), Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn fault_50_different_bytes_for_one_key_are_reported() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (one, two) = (open(folder.path()), open(folder.path()));
        let first = one.get_or_compute(&Doubling(1), &0);
        // Another import stores first, and its computation depends on an input outside of the key.
        assert_eq!(get(&two, 1, 7), (vec![9], false));
        first.map(|mut entry| entry.store()).unwrap_or_default();
        let key = key_of(&Doubling(1));
        assert_eq!(
            one.warnings(),
            [format!(
                "two runs gave different results for the same input ({}, key {key}): the first one stays\n  \
                 help: run `cargo wasmport import --reproduce` to find the difference",
                Bucket::Artifact.folder()
            )]
        );
        assert_eq!(get(&one, 1, 0), (vec![9], true), "the first one stays");
        Ok(())
    }

    #[test]
    fn entries_of_a_running_import_are_not_removed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let earlier = open(folder.path());
        for number in 0..4 {
            get(&earlier, number, 0);
        }
        drop(earlier);
        // File times must differ.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let running = open(folder.path());
        assert_eq!(get(&running, 1, 0), (vec![2], true));
        assert_eq!(get(&running, 9, 0), (vec![18], false));
        let removed = prune(folder.path(), 0, None)?;
        assert_eq!(removed.entries, 6, "records and blobs of 0, 2 and 3");
        for (number, cached) in [(1, true), (9, true), (2, false)] {
            assert_eq!(get(&running, number, 0), (vec![2 * number], cached));
        }
        drop(running);
        assert_eq!(prune(folder.path(), 0, None)?.entries, 6);
        Ok(())
    }

    #[test]
    fn fault_75_results_by_another_key_are_computed_again_unless_they_are_trusted() -> io::Result<()>
    {
        let folder = tempfile::tempdir()?;
        for number in 0..3 {
            // Whoever has another key stores wrong results.
            assert_eq!(get(&open_by(folder.path(), 2, false), number, 7).0, vec![2 * number + 7]);
        }
        let trusting = open_by(folder.path(), 1, true);
        assert_eq!(get(&trusting, 0, 0), (vec![7], true));
        assert_eq!(trusting.warnings(), Vec::<String>::new());
        let cache = open(folder.path());
        for number in 0..3 {
            assert_eq!(get(&cache, number, 0), (vec![2 * number], false));
            assert_eq!(get(&cache, number, 0), (vec![2 * number], true));
        }
        assert_eq!(
            cache.warnings(),
            [format!(
                "3 results in the cache `{}` were written with another key: they are computed again\n  help: \
                 name the same key for everyone with `WASMPORT_CACHE_KEY_FILE`, or pass `--trust-cache` if you \
                 trust everyone who can write there",
                folder.path().display()
            )]
        );
        Ok(())
    }
}
