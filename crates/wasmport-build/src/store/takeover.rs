//! Takeover: the results in a cache folder that another job has left.

use super::cache::Cache;
use super::key::{Bucket, EntryKey};
use super::layout::{BLOBS, LEASES, QUARANTINE, RECORDS, SAVED_DIGESTS, TMP, path_of};
use super::prune::entries;
use super::record::{Parsed, Record};
use super::secret::FILE_VARIABLE;
use crate::error::Error;
use crate::fs;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use wasmport::Digest;

/// The longest record in bytes: it has a line and a hash.
const LARGEST_RECORD: u64 = 4 << 10;

/// The results of a folder, and what does not count.
#[derive(Debug)]
pub(crate) struct TakenOver {
    folder: PathBuf,
    /// The digests of the results that count.
    results: HashSet<Digest>,
    /// The number of results that another key authenticates.
    other_key: usize,
    /// The paths of damaged entries.
    damaged: Vec<String>,
    /// The paths of the records with another result than the cache has.
    different: Vec<String>,
    is_empty: bool,
}

impl Cache {
    /// Copies the results in a cache folder of another job into this cache. The folder is not changed.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Arguments`] if it is no cache folder, and with [`Error::File`] if it cannot be read.
    pub fn take_over(&self, folder: &Path) -> Result<TakenOver, Error> {
        let error = |source| Error::File { path: folder.into(), action: "read", source };
        let names = fs::names_in(folder).map_err(error)?;
        let is_ours = |name: &String| {
            [RECORDS, BLOBS, QUARANTINE, SAVED_DIGESTS, LEASES, TMP].contains(&name.as_str())
        };
        if !names.is_empty() && !names.iter().any(is_ours) {
            return Err(Error::arguments(
                format!("`{}` is no cache folder", folder.display()),
                "name the folders themselves that jobs had in `WASMPORT_CACHE_DIR`, such as `results/*`",
            ));
        }
        let mut taken = TakenOver {
            folder: folder.into(),
            results: HashSet::new(),
            other_key: 0,
            damaged: Vec::new(),
            different: Vec::new(),
            is_empty: names.is_empty(),
        };
        for entry in entries(folder) {
            let entry = entry.map_err(error)?;
            // Functions belong to a path on one machine, and a merge compiles none.
            if let EntryKey::Record(bucket, key) = entry.key
                && bucket != Bucket::Functions
            {
                self.take(bucket, key, &mut taken).map_err(error)?;
            }
        }
        Ok(taken)
    }

    /// Copies a result if it is authentic and intact, and if the cache has none.
    fn take(&self, bucket: Bucket, key: Digest, taken: &mut TakenOver) -> io::Result<()> {
        let entry = EntryKey::Record(bucket, key);
        // Another job wrote the files: they may be as large as it likes.
        let read = |entry, most: u64| {
            let path = taken.folder.join(path_of(entry));
            match fs::len(&path).is_some_and(|len| len <= most) {
                true => fs::read_unnoticed(&path),
                false => Ok(None),
            }
        };
        let Some(bytes) = read(entry, LARGEST_RECORD)? else { return Ok(()) };
        let record = match self.parse(&bytes, bucket, key) {
            Some(Parsed::Authentic(record)) => record,
            Some(Parsed::OtherKey(_)) => {
                taken.other_key += 1;
                return Ok(());
            }
            Some(Parsed::Damaged) => {
                taken.damaged.push(path_of(entry));
                return Ok(());
            }
            None => return Ok(()),
        };
        let blob = EntryKey::Blob(record.blob);
        let Some(bytes) = read(blob, record.len)?.filter(|bytes| is_intact(bytes, record)) else {
            taken.damaged.push(path_of(blob));
            return Ok(());
        };
        match self.get(bucket, key) {
            Some((_, digest)) if digest == record.blob || bucket == Bucket::Refused => {}
            Some(_) => {
                taken.different.push(path_of(entry));
                return Ok(());
            }
            None if self.put(bucket, key, record.blob, &bytes) => {}
            // The cache has a warning.
            None => return Ok(()),
        }
        let _ = taken.results.insert(record.blob);
        Ok(())
    }
}

fn is_intact(bytes: &[u8], record: Record) -> bool {
    bytes.len() as u64 == record.len && Digest::of(bytes) == record.blob
}

impl TakenOver {
    /// Returns whether the folder has results, and none of them is among `used`.
    pub fn is_unused(&self, used: &HashSet<Digest>) -> bool {
        !self.results.is_empty() && self.results.is_disjoint(used)
    }

    /// Explains that no result is used.
    pub fn unused(&self) -> String {
        format!(
            "`{}`: none of its {} results is used: its job had other sources, settings or versions",
            self.folder.display(),
            self.results.len()
        )
    }

    /// Returns a warning for each reason why results do not count.
    pub fn warnings(&self) -> Vec<String> {
        let folder = self.folder.display();
        let mut warnings = Vec::new();
        if self.is_empty {
            warnings.push(format!("`{folder}` is empty: its job had no item, or did not end"));
        }
        if self.other_key > 0 {
            warnings.push(format!(
                "`{folder}`: {} results were written with another key and do not count\n  help: name the same \
                 key for all jobs with `{FILE_VARIABLE}`, or pass `--trust-cache` if you trust everyone who can \
                 write there",
                self.other_key
            ));
        }
        let damaged = self.damaged.iter();
        warnings.extend(damaged.map(|path| {
            format!("`{folder}`: the entry {path} is damaged or missing and does not count")
        }));
        let different = self.different.iter();
        warnings.extend(different.map(|path| {
            format!(
                "`{folder}`: the entry {path} is another result for the same input than an earlier one, which \
                 stays\n  help: one of the two builds is not reproducible, or worse: run `cargo wasmport import \
                 --reproduce` on both machines to find the one that is wrong"
            )
        }));
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::StoreFolder;
    use super::super::secret::StoreKey;
    use super::*;

    const BUCKET: Bucket = Bucket::Artifact;

    fn open(folder: &Path) -> Cache {
        let (path, key) = (folder.into(), StoreKey::new([1; 32]));
        Cache::open(&Ok(StoreFolder { path, key, trusts_other_keys: false }))
    }

    #[test]
    fn fault_50_two_jobs_with_different_results_are_reported()
    -> Result<(), Box<dyn std::error::Error>> {
        let folders = [tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?];
        let key = Digest::of(b"key");
        for (folder, bytes) in folders.iter().zip([&b"one"[..], b"other"]) {
            assert!(open(folder.path()).put(BUCKET, key, Digest::of(bytes), bytes));
            // Functions belong to a machine.
            assert!(open(folder.path()).put(Bucket::Functions, key, Digest::of(bytes), bytes));
        }
        let [one, other, own] = folders;
        let cache = open(own.path());
        let first = cache.take_over(one.path())?;
        let again = cache.take_over(one.path())?;
        let second = cache.take_over(other.path())?;
        assert_eq!(first.warnings(), Vec::<String>::new());
        assert_eq!(again.warnings(), Vec::<String>::new());
        assert_eq!(
            second.warnings(),
            [format!(
                "`{}`: the entry {} is another result for the same input than an earlier one, which stays\n  help: \
                 one of the two builds is not reproducible, or worse: run `cargo wasmport import --reproduce` on \
                 both machines to find the one that is wrong",
                other.path().display(),
                path_of(EntryKey::Record(BUCKET, key))
            )]
        );
        assert_eq!(cache.get(BUCKET, key), Some((b"one".to_vec(), Digest::of(b"one"))));
        assert_eq!(cache.get(Bucket::Functions, key), None);
        assert_eq!(cache.warnings(), Vec::<String>::new());
        // A damaged result of this cache is replaced.
        let blob = own.path().join(path_of(EntryKey::Blob(Digest::of(b"one"))));
        fs::remove(&blob)?;
        let _ = cache.take_over(one.path())?;
        assert_eq!(cache.get(BUCKET, key), Some((b"one".to_vec(), Digest::of(b"one"))));
        Ok(())
    }
}
