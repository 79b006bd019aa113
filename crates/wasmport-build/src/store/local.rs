//! A store in a folder, which any number of imports use at the same time.

use super::backend::Backend;
use super::key::EntryKey;
use super::layout::{QUARANTINE, path_of, quarantined_name};
use super::lease::Lease;
use super::prune::prune;
use crate::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// The reason why a store cannot be written; it can still be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
struct ReadOnly(#[source] Arc<io::Error>);

/// A store in a folder.
pub(crate) struct LocalStore {
    folder: PathBuf,
    lease: Result<Lease, ReadOnly>,
    written: AtomicBool,
}

impl LocalStore {
    /// Opens the store in an existing folder. If it cannot be written, it is opened for reading.
    pub fn open(folder: &Path) -> Self {
        let lease = Lease::take(folder).map_err(|error| ReadOnly(Arc::new(error)));
        Self { folder: folder.into(), lease, written: AtomicBool::new(false) }
    }

    fn lease(&self) -> io::Result<&Lease> {
        self.lease.as_ref().map_err(|error| io::Error::new(error.0.kind(), error.clone()))
    }

    /// Returns when this import began to use the store.
    fn since(&self) -> SystemTime {
        self.lease.as_ref().map_or(SystemTime::UNIX_EPOCH, Lease::since)
    }
}

impl Backend for LocalStore {
    fn read(&self, key: EntryKey) -> io::Result<Option<Vec<u8>>> {
        let path = self.folder.join(path_of(key));
        fs::read_used(&path, self.since())
    }

    fn has(&self, key: EntryKey) -> bool {
        fs::len(&self.folder.join(path_of(key))).is_some_and(|len| len > 0)
    }

    fn write(&self, key: EntryKey, bytes: &[u8]) -> io::Result<()> {
        self.written.store(true, Ordering::Relaxed);
        fs::publish(self.lease()?.tmp(), &self.folder.join(path_of(key)), bytes)
    }

    fn quarantine(&self, key: EntryKey) -> io::Result<()> {
        self.lease()?;
        let to = self.folder.join(QUARANTINE).join(quarantined_name(key));
        fs::move_aside(&self.folder.join(path_of(key)), &to)
    }

    fn shrink(&self, max: u64) -> io::Result<()> {
        if self.written.load(Ordering::Relaxed) {
            prune(&self.folder, max, None)?;
        }
        Ok(())
    }
}
