//! `SharedFiles`: virtual files that sessions have in common.

use super::disk::Disk;
use super::files::Files;

/// Files that all sessions of a [`Wasi`](crate::wasi::Wasi) have in common: each sees what the others write. Clones are
/// the same files.
///
/// Each call of a guest locks them for its time, which is short. They are not locked while the bytes of a file are read
/// from its source: only sessions that need the same bytes wait.
#[derive(Clone, Debug)]
pub struct SharedFiles(Disk);

impl SharedFiles {
    /// Shares files.
    #[must_use]
    pub fn new(files: &Files) -> Self {
        let disk = Disk::new(files.tree().clone());
        #[cfg(feature = "snapshot")]
        let disk = disk.shared();
        Self(disk)
    }

    /// Returns the files as they are now.
    #[must_use]
    pub fn files(&self) -> Files {
        self.0.lock().files()
    }

    /// Changes the files while sessions use them. They see all changes at once; a file that is removed stays for
    /// those who have it open. Those that were removed before and are still open count: while `change` runs, the limits
    /// are lower by them.
    ///
    /// `change` must not use these shared files, which are locked. It changes the files that it gets: others,
    /// assigned in their place, have numbers that descriptors of guests take for those of the former files. To
    /// replace everything, mount the others at the root: `files.mount("", &others)`.
    pub fn update<R>(&self, change: impl FnOnce(&mut Files) -> R) -> R {
        let mut state = self.0.lock();
        let mut files = state.files();
        let limits = files.tree.limits;
        let lower = files.tree.limits_without(&state.tree);
        files.tree.limits = lower;
        let result = change(&mut files);
        if files.tree.limits == lower {
            files.tree.limits = limits;
        }
        state.replace(files.tree);
        result
    }

    pub(crate) fn disk(&self) -> &Disk {
        &self.0
    }
}
