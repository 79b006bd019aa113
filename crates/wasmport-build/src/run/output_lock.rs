//! `OutputLock`: one import at a time works in an output folder. The lock file is also the journal of the
//! assets that this process compiles.

use super::progress::Progress;
use crate::error::Error;
use crate::fs::{self, FolderLock, Occupant};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock of a running import.
pub(super) struct OutputLock {
    lock: FolderLock,
    importing: Mutex<BTreeSet<String>>,
}

/// An asset that is in the journal until this is dropped.
pub(super) struct Importing<'a> {
    lock: &'a OutputLock,
    source: &'a str,
}

fn path_in(out_dir: &Path) -> PathBuf {
    out_dir.join(".wasmport-import")
}

impl OutputLock {
    /// Takes the lock, and tells `progress` for whom it waits, and which assets an import compiled that was
    /// killed or crashed.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the lock file cannot be created.
    pub fn take(out_dir: &Path, progress: &dyn Progress) -> Result<Self, Error> {
        let (lock, left) = FolderLock::take(&path_in(out_dir), |holder| {
            let process = holder.process.map(|id| format!(" (process {id})")).unwrap_or_default();
            let out_dir = out_dir.display();
            progress.note(&format!("waiting for another import into `{out_dir}`{process}"));
        })?;
        let left = left.map(|left| left.items).unwrap_or_default();
        if !left.is_empty() {
            let sources: Vec<String> =
                left.iter().map(|source| format!("`{}`", source.escape_debug())).collect();
            progress.note(&format!(
                "an earlier import ended early while it imported {}; if that happens again, exclude \
                 the asset and report it to wasmport",
                sources.join(", ")
            ));
        }
        Ok(Self { lock, importing: Mutex::default() })
    }

    /// Returns whether an import runs, or was killed.
    pub fn exists(out_dir: &Path) -> bool {
        fs::occupant(&path_in(out_dir)).is_ok_and(|occupant| occupant != Occupant::Nothing)
    }

    /// Enters an asset that this process begins to import.
    pub fn enter<'a>(&'a self, source: &'a str) -> Importing<'a> {
        let mut importing = self.importing();
        importing.insert(source.into());
        self.write(&importing);
        Importing { lock: self, source }
    }

    fn importing(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.importing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, importing: &BTreeSet<String>) {
        self.lock.write(&importing.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

impl Drop for Importing<'_> {
    fn drop(&mut self) {
        let mut importing = self.lock.importing();
        importing.remove(self.source);
        self.lock.write(&importing);
    }
}
