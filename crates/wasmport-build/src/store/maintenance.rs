//! Maintenance of a cache folder: statistics, verification, pruning.

use super::backend::Backend as _;
use super::folder::StoreFolder;
use super::key::EntryKey;
use super::layout::{QUARANTINE, is_quarantined_name, path_of};
use super::local::LocalStore;
use super::location::location;
use super::prune::{Removed, entries, prune};
use super::record::{Parsed, Record};
use super::{downloads, lease, saved};
use crate::error::Error;
use crate::fs;
use crate::settings::Settings;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wasmport::Digest;

/// The cache folder of a project. Imports may run at the same time.
#[derive(Clone, Debug)]
pub struct CacheFolder {
    folder: PathBuf,
    settings: Settings,
}

/// The content of a cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CacheStats {
    /// The folder.
    pub folder: PathBuf,
    /// The number of results by bucket, with the bucket's format version.
    pub records: BTreeMap<String, usize>,
    /// The number of blobs, which results may share.
    pub blobs: usize,
    /// The number of files that came from registries.
    pub downloads: usize,
    /// The bytes of all entries, and of the files that came from registries.
    pub bytes: u64,
    /// The number of bytes above which the least recently used entries are removed.
    pub max_bytes: u64,
    /// The number of damaged entries in quarantine.
    pub quarantined: usize,
    /// The number of projects with saved digests of their files: see [`CacheFolder::prune`].
    pub states: usize,
    /// The number of imports that use the cache now.
    pub running: usize,
}

/// The result of verifying a cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// The number of intact entries.
    pub good: usize,
    /// The paths of damaged entries, which were moved to the quarantine.
    pub damaged: Vec<String>,
    /// The number of results that another key authenticates.
    pub other_key: usize,
}

impl CacheFolder {
    pub(crate) fn new(settings: &Settings) -> Option<Self> {
        let folder = location(&settings.cache)?;
        Some(Self { folder, settings: settings.clone() })
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Counts the entries. A missing folder is an empty cache.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the folder cannot be read.
    pub fn stats(&self) -> Result<CacheStats, Error> {
        let stats = || -> io::Result<CacheStats> {
            let mut stats = CacheStats {
                folder: self.folder.clone(),
                max_bytes: self.settings.cache.max_bytes(),
                quarantined: fs::names_in(&self.folder.join(QUARANTINE))?.len(),
                states: saved::all(&self.folder)?.len(),
                running: lease::running(&self.folder)?.0,
                ..CacheStats::default()
            };
            for file in downloads::all(&self.folder)? {
                stats.downloads += 1;
                stats.bytes += file.bytes;
            }
            for entry in entries(&self.folder) {
                let entry = entry?;
                stats.bytes += entry.bytes;
                match entry.key {
                    EntryKey::Record(bucket, _) => {
                        *stats.records.entry(bucket.folder().into()).or_default() += 1;
                    }
                    EntryKey::Blob(_) => stats.blobs += 1,
                }
            }
            Ok(stats)
        };
        stats().map_err(self.error("read"))
    }

    /// Reads every entry, and moves damaged ones to the quarantine.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if an entry can be neither read nor moved, if other users can change the
    /// folder, or if there is no key.
    pub fn verify(&self) -> Result<Verified, Error> {
        let verify = || -> io::Result<Verified> {
            let mut verified = Verified::default();
            if !self.folder.is_dir() {
                return Ok(verified);
            }
            let Some(opened) = StoreFolder::open(&self.settings) else { return Ok(verified) };
            let opened = opened.map_err(io::Error::other)?;
            let store = LocalStore::open(&opened.path);
            for entry in entries(&self.folder) {
                let entry = entry?;
                if self.examine(entry.key, &opened, &mut verified)? == Some(false) {
                    store.quarantine(entry.key)?;
                    verified.damaged.push(path_of(entry.key));
                }
            }
            Ok(verified)
        };
        verify().map_err(self.error("verify"))
    }

    /// Returns whether an entry is intact; none if it was removed meanwhile or another key authenticates it.
    fn examine(
        &self,
        key: EntryKey,
        opened: &StoreFolder,
        verified: &mut Verified,
    ) -> io::Result<Option<bool>> {
        let path = self.folder.join(path_of(key));
        let Some(bytes) = fs::read_unnoticed(&path)? else { return Ok(None) };
        let is_good = match key {
            EntryKey::Record(bucket, digest) => {
                match Record::parse(&bytes, bucket, digest, &opened.key) {
                    Parsed::OtherKey(_) => {
                        verified.other_key += 1;
                        return Ok(None);
                    }
                    parsed => parsed != Parsed::Damaged,
                }
            }
            EntryKey::Blob(digest) => Digest::of(&bytes) == digest,
        };
        verified.good += usize::from(is_good);
        Ok(Some(is_good))
    }

    /// Reads a few entries, and moves none. Large ones are left out.
    ///
    /// # Errors
    ///
    /// Fails like [`verify`](Self::verify).
    #[cfg(feature = "doctor")]
    pub(crate) fn sample(&self) -> Result<Verified, Error> {
        const ENTRIES: usize = 64;
        const LARGEST: u64 = 4 << 20;
        let sample = || -> io::Result<Verified> {
            let mut verified = Verified::default();
            let Some(opened) = StoreFolder::open(&self.settings) else { return Ok(verified) };
            let opened = opened.map_err(io::Error::other)?;
            let all = entries(&self.folder).collect::<io::Result<Vec<_>>>()?;
            // Spread over the folders, whose names are beginnings of digests.
            let step = all.len().div_ceil(ENTRIES).max(1);
            for entry in all.iter().step_by(step).filter(|entry| entry.bytes <= LARGEST) {
                if self.examine(entry.key, &opened, &mut verified)? == Some(false) {
                    verified.damaged.push(path_of(entry.key));
                }
            }
            Ok(verified)
        };
        sample().map_err(self.error("verify"))
    }

    /// Removes the least recently used entries until no more than `max_bytes` are left, by default the
    /// limit of the settings. Entries that a running import uses stay. Saved digests of a project are
    /// removed if no import used them for 30 days.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if an entry cannot be removed.
    pub fn prune(&self, max_bytes: Option<u64>) -> Result<Removed, Error> {
        prune(&self.folder, max_bytes.unwrap_or(self.settings.cache.max_bytes()), None)
            .map_err(self.error("prune"))
    }

    /// Removes all entries, and the quarantine.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if an entry cannot be removed.
    pub fn clear(&self) -> Result<Removed, Error> {
        let clear = || -> io::Result<Removed> {
            let mut removed = prune(&self.folder, 0, Some(SystemTime::now()))?;
            removed.add(saved::prune(&self.folder, true)?);
            removed.add(downloads::clear(&self.folder)?);
            let mut quarantined = fs::names_in(&self.folder.join(QUARANTINE))?;
            quarantined.retain(|name| is_quarantined_name(name));
            for name in quarantined {
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
