//! Leases: running imports that use a store. Entries that they use are not removed, and temporary files
//! of killed imports are.

use super::layout::{LEASES, TMP};
use crate::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The time for which a lease on a file system without locks counts as running: one day.
const UNLOCKED_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A running import: a locked file, and a folder for unpublished files. Both are removed when it ends. If
/// it was killed, the next import finds the file unlocked and removes both.
pub(super) struct Lease {
    folder: PathBuf,
    name: String,
    tmp: PathBuf,
    since: SystemTime,
    /// The lock ends when the file is closed.
    _file: fs::File,
}

impl Lease {
    /// Takes a lease, and removes the leases of killed imports.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be written.
    pub fn take(folder: &Path) -> io::Result<Self> {
        Self::take_with(folder, fs::File::lock)
    }

    fn take_with(folder: &Path, lock: impl Fn(&fs::File) -> io::Result<()>) -> io::Result<Self> {
        let leases = folder.join(LEASES);
        fs::create_folder(&leases)?;
        remove_dead(folder)?;
        // Locked before it has its name: other imports would take an unlocked lease for a dead one.
        let (file, name) = fs::create_unique(&leases, |file| match lock(file) {
            Ok(()) => Ok("lease"),
            // The file system has no locks.
            Err(_) => Ok("unlocked"),
        })?;
        let tmp = folder.join(TMP).join(&name);
        fs::create_folder(&tmp)?;
        let since = fs::modified(&leases.join(&name))?;
        Ok(Self { folder: folder.into(), name, tmp, since, _file: file })
    }

    /// Returns the folder for unpublished files.
    pub fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// Returns when the lease was taken, by the clock of the file system.
    pub fn since(&self) -> SystemTime {
        self.since
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The next import removes what cannot be removed now.
        let _ = fs::remove_folder(&self.tmp);
        let _ = fs::remove(&self.folder.join(LEASES).join(&self.name));
    }
}

/// A lease in the folder.
struct FoundLease {
    name: String,
    since: SystemTime,
    is_live: bool,
}

fn all(folder: &Path) -> io::Result<Vec<FoundLease>> {
    let mut leases = Vec::new();
    for name in fs::names_in(&folder.join(LEASES))? {
        let path = folder.join(LEASES).join(&name);
        let is_ours = name.starts_with("lease-") || name.starts_with("unlocked-");
        // A lease without a time was dropped meanwhile.
        let Some(since) = fs::modified(&path).ok().filter(|_| is_ours) else { continue };
        let is_live = if name.starts_with("lease-") {
            fs::is_locked(&path)
        } else {
            since.elapsed().is_ok_and(|age| age < UNLOCKED_AGE)
        };
        leases.push(FoundLease { name, since, is_live });
    }
    Ok(leases)
}

fn remove_dead(folder: &Path) -> io::Result<()> {
    for dead in all(folder)?.iter().filter(|lease| !lease.is_live) {
        fs::remove_folder(&folder.join(TMP).join(&dead.name))?;
        fs::remove(&folder.join(LEASES).join(&dead.name))?;
    }
    Ok(())
}

/// Returns the number of running imports, and when the oldest of them started.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub(super) fn running(folder: &Path) -> io::Result<(usize, Option<SystemTime>)> {
    let live: Vec<SystemTime> =
        all(folder)?.iter().filter(|lease| lease.is_live).map(|lease| lease.since).collect();
    Ok((live.len(), live.into_iter().min()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::names_in(&folder.join(LEASES)).unwrap_or_default().len()
    }

    #[test]
    fn fault_27_leases_of_killed_imports_are_removed_and_running_ones_stay() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let running_one = Lease::take(folder.path())?;
        // After a kill the file exists and is not locked.
        let dead = folder.path().join(LEASES).join("lease-dead");
        fs::write_new(&dead, b"")?;
        fs::create_folder(&folder.path().join(TMP).join("lease-dead"))?;
        let other = Lease::take(folder.path())?;
        assert!(!dead.exists() && !folder.path().join(TMP).join("lease-dead").exists());
        assert_eq!(running(folder.path())?.0, 2);
        assert!(running_one.tmp().is_dir());
        drop(other);
        assert_eq!(names(folder.path()), 1);
        drop(running_one);
        assert_eq!((names(folder.path()), running(folder.path())?), (0, (0, None)));
        Ok(())
    }

    #[test]
    fn fault_28_file_systems_without_locks_work() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let no_locks = |_: &fs::File| Err(io::ErrorKind::Unsupported.into());
        let lease = Lease::take_with(folder.path(), no_locks)?;
        let other = Lease::take_with(folder.path(), no_locks)?;
        assert_eq!(running(folder.path())?.0, 2, "neither takes the other for dead");
        assert!(lease.tmp().is_dir());
        drop((lease, other));
        assert_eq!(names(folder.path()), 0);
        Ok(())
    }
}
