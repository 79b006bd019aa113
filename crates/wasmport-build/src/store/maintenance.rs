//! What a store holds, and how it gets smaller.

use super::local::{BLOBS, LocalStore, QUARANTINE, RECORDS, name_of, path_of};
use super::record::Record;
use super::{Name, lease};
use crate::error::Error;
use crate::fs;
use crate::project::saved_digests;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wasmport::Digest;

/// The cache of a project's imports, to look at and to make smaller. Imports may run meanwhile.
#[derive(Clone, Debug)]
pub struct CacheFolder {
    folder: PathBuf,
    most: u64,
}

/// What a cache holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CacheStats {
    /// Where it is.
    pub folder: PathBuf,
    /// Results by what they are of, with the version of their format.
    pub records: BTreeMap<String, usize>,
    /// Results may share their bytes.
    pub blobs: usize,
    /// Of all entries.
    pub bytes: u64,
    /// How many bytes it may hold before those that were not used for longest go.
    pub max_bytes: u64,
    /// What was damaged and put aside.
    pub quarantined: usize,
    /// Projects of whose files something is known: see [`CacheFolder::prune`].
    pub states: usize,
    /// Imports that use it now.
    pub running: usize,
}

/// What was removed from a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Removed {
    /// Entries.
    pub entries: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Removed {
    /// Entries of these lengths.
    fn add(&mut self, lengths: impl IntoIterator<Item = u64>) {
        for bytes in lengths {
            self.entries += 1;
            self.bytes += bytes;
        }
    }
}

/// What verifying a cache found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// Entries that are what their names say.
    pub good: usize,
    /// The paths of those that were not, and were put aside.
    pub damaged: Vec<String>,
}

impl CacheFolder {
    pub(crate) fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it holds.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read; one that is not there holds nothing.
    pub fn stats(&self) -> Result<CacheStats, Error> {
        let stats = || -> io::Result<CacheStats> {
            let mut stats = CacheStats {
                folder: self.folder.clone(),
                max_bytes: self.most,
                quarantined: fs::names_in(&self.folder.join(QUARANTINE))?.len(),
                states: saved_digests::all(&self.folder)?.len(),
                running: lease::running(&self.folder)?.0,
                ..CacheStats::default()
            };
            for entry in entries(&self.folder)? {
                stats.bytes += entry.bytes;
                match entry.name {
                    Name::Record(kind, _) => {
                        *stats.records.entry(kind.folder().into()).or_default() += 1;
                    }
                    Name::Blob(_) => stats.blobs += 1,
                }
            }
            Ok(stats)
        };
        stats().map_err(self.error("read"))
    }

    /// Reads every entry, and puts aside what is not what its name says.
    ///
    /// # Errors
    ///
    /// Where an entry can be neither read nor put aside.
    pub fn verify(&self) -> Result<Verified, Error> {
        let verify = || -> io::Result<Verified> {
            let mut verified = Verified::default();
            if !self.folder.is_dir() {
                return Ok(verified);
            }
            let store = LocalStore::open(&self.folder)?;
            for entry in entries(&self.folder)? {
                let path = self.folder.join(path_of(entry.name));
                // Gone in between.
                let Some(bytes) = fs::read_unnoticed(&path)? else { continue };
                let is_good = match entry.name {
                    Name::Record(kind, key) => Record::parse(&bytes, kind, key).is_some(),
                    Name::Blob(digest) => Digest::of(&bytes) == digest,
                };
                if is_good {
                    verified.good += 1;
                } else {
                    super::Store::quarantine(&store, entry.name)?;
                    verified.damaged.push(path_of(entry.name));
                }
            }
            Ok(verified)
        };
        verify().map_err(self.error("verify"))
    }

    /// Removes what was not used for longest until no more than `most` bytes are left, by default
    /// those of the settings; nothing that a running import uses. What is known of the files of a
    /// project goes where no import has used it for a month.
    ///
    /// # Errors
    ///
    /// Where an entry cannot be removed.
    pub fn prune(&self, most: Option<u64>) -> Result<Removed, Error> {
        prune(&self.folder, most.unwrap_or(self.most), None).map_err(self.error("prune"))
    }

    /// Removes all entries, and what was put aside.
    ///
    /// # Errors
    ///
    /// Where an entry cannot be removed.
    pub fn clear(&self) -> Result<Removed, Error> {
        let clear = || -> io::Result<Removed> {
            let mut removed = prune(&self.folder, 0, Some(SystemTime::now()))?;
            removed.add(saved_digests::prune(&self.folder, true)?);
            for name in fs::names_in(&self.folder.join(QUARANTINE))? {
                fs::remove(&self.folder.join(QUARANTINE).join(name))?;
            }
            Ok(removed)
        };
        clear().map_err(self.error("clear"))
    }

    fn error(&self, action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::File { path: self.folder.clone(), action, source }
    }
}

struct Entry {
    name: Name,
    bytes: u64,
    used: SystemTime,
}

/// Everything that is ours; junk in the folder is not.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for top in [RECORDS, BLOBS] {
        for (path, bytes, used) in fs::files_below(&folder.join(top))? {
            let name = path.strip_prefix(folder).ok().and_then(name_of);
            entries.extend(name.map(|name| Entry { name, bytes, used }));
        }
    }
    Ok(entries)
}

/// Removes what was not used for longest, if it was last used before the oldest import that runs
/// began, or before `before`; then records whose blobs are gone.
pub(super) fn prune(folder: &Path, most: u64, before: Option<SystemTime>) -> io::Result<Removed> {
    let mut removed = Removed::default();
    removed.add(saved_digests::prune(folder, false)?);
    let mut entries = entries(folder)?;
    let mut bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    if bytes <= most {
        return Ok(removed);
    }
    let before = match before {
        Some(before) => before,
        None => lease::running(folder)?.1.unwrap_or_else(SystemTime::now),
    };
    entries.retain(|entry| entry.used < before);
    // Of those used together the blob first: a record without it is a miss.
    entries.sort_by_key(|entry| (entry.used, matches!(entry.name, Name::Record(..))));
    let mut gone: HashSet<Digest> = HashSet::new();
    for entry in entries {
        let path = folder.join(path_of(entry.name));
        let goes = bytes > most
            || match entry.name {
                Name::Blob(_) => false,
                Name::Record(kind, key) => {
                    let record = fs::read_unnoticed(&path)?;
                    let record = record.and_then(|bytes| Record::parse(&bytes, kind, key));
                    record.is_some_and(|record| gone.contains(&record.blob))
                }
            };
        if goes {
            fs::remove(&path)?;
            bytes -= entry.bytes;
            removed.add([entry.bytes]);
            if let Name::Blob(digest) = entry.name {
                gone.insert(digest);
            }
        }
    }
    Ok(removed)
}
