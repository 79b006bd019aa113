//! Leases: which imports use a store now, so that nobody removes what they use, and what those that
//! were killed left goes.

use crate::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const LEASES: &str = "leases";
const TMP: &str = "tmp";

/// Where files cannot be locked, a lease is taken for that of a running import for so long.
const UNLOCKED: Duration = Duration::from_secs(24 * 60 * 60);

/// An import that is running: a file that it keeps locked, and a folder for what it has not
/// published yet. Both go when it ends; where it was killed, the next import finds the file unlocked.
pub(super) struct Lease {
    folder: PathBuf,
    name: String,
    tmp: PathBuf,
    since: SystemTime,
    /// Locked as long as it is open.
    _file: fs::File,
}

impl Lease {
    /// Takes a lease, and removes those of imports that were killed.
    pub fn take(folder: &Path) -> io::Result<Self> {
        Self::take_with(folder, fs::File::lock)
    }

    fn take_with(folder: &Path, lock: impl Fn(&fs::File) -> io::Result<()>) -> io::Result<Self> {
        let leases = folder.join(LEASES);
        fs::create_folder(&leases)?;
        remove_dead(folder)?;
        // Locked before it has the name by which others look for it.
        let (file, name) = fs::create_unique(&leases, |file| match lock(file) {
            Ok(()) => Ok("lease"),
            // A file system without locks.
            Err(_) => Ok("unlocked"),
        })?;
        let tmp = folder.join(TMP).join(&name);
        fs::create_folder(&tmp)?;
        let since = fs::modified(&leases.join(&name))?;
        Ok(Self { folder: folder.into(), name, tmp, since, _file: file })
    }

    /// Where to write what is not published yet.
    pub fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// When it was taken, by the clock of the file system.
    pub fn since(&self) -> SystemTime {
        self.since
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // What is left of a lease is removed by the next import.
        let _ = fs::remove_folder(&self.tmp);
        let _ = fs::remove(&self.folder.join(LEASES).join(&self.name));
    }
}

/// A lease that is there.
struct There {
    name: String,
    since: SystemTime,
    is_live: bool,
}

fn all(folder: &Path) -> io::Result<Vec<There>> {
    let mut leases = Vec::new();
    for name in fs::names_in(&folder.join(LEASES))? {
        let path = folder.join(LEASES).join(&name);
        let is_ours = name.starts_with("lease-") || name.starts_with("unlocked-");
        // Gone in between: it was dropped.
        let Some(since) = fs::modified(&path).ok().filter(|_| is_ours) else { continue };
        let is_live = if name.starts_with("lease-") {
            fs::is_locked(&path)
        } else {
            since.elapsed().is_ok_and(|age| age < UNLOCKED)
        };
        leases.push(There { name, since, is_live });
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

/// How many imports use the store, and since when the oldest of them does.
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
    fn fault_27_what_a_killed_import_left_goes_and_what_runs_stays() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let running_one = Lease::take(folder.path())?;
        // As after a kill: the file is there and nobody has it locked.
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
    fn fault_28_file_systems_without_locks_are_used_all_the_same() -> io::Result<()> {
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
