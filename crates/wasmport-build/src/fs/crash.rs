//! Simulated crashes between the steps of file operations, for tests.

use std::fs::File;
use std::io::Result;
use std::path::Path;

/// Marks a place between two steps that change files. In debug builds a test can end the process here with
/// the variable `WASMPORT_TEST_KILL_AT`: the next run must recover from the files at each of these places.
///
/// With the variable `WASMPORT_TEST_LOSE` it ends as by a loss of power: bytes and names that are not on the
/// disk are lost.
pub(super) fn crash_point() {
    #[cfg(debug_assertions)]
    {
        use std::sync::LazyLock;
        use std::sync::atomic::{AtomicU64, Ordering};
        static REMAINING: LazyLock<AtomicU64> = LazyLock::new(|| {
            let count = std::env::var("WASMPORT_TEST_KILL_AT").ok();
            AtomicU64::new(count.and_then(|count| count.parse().ok()).unwrap_or(u64::MAX))
        });
        if REMAINING.fetch_sub(1, Ordering::Relaxed) == 0 {
            if std::env::var_os("WASMPORT_TEST_LOSE").is_some() {
                unsynced::lose();
            }
            // Abort runs no destructors, like a killed process.
            std::process::abort();
        }
    }
}

/// Records that the bytes of a file were written, and are not on the disk.
pub(super) fn wrote(path: &Path) {
    #[cfg(debug_assertions)]
    unsynced::bytes(path);
    let _ = path;
}

/// Writes the bytes of a file to the disk.
pub(super) fn sync_bytes(file: &File, path: &Path) -> Result<()> {
    file.sync_data()?;
    #[cfg(debug_assertions)]
    unsynced::forget(path);
    let _ = path;
    Ok(())
}

/// Records that a file has a new name, which is not on the disk.
pub(super) fn renamed(from: &Path, to: &Path) {
    #[cfg(debug_assertions)]
    unsynced::renamed(from, to);
    let _ = (from, to);
}

/// Writes the name of a file to the disk, so that it survives a loss of power.
pub(super) fn sync_name(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(debug_assertions)]
    unsynced::forget(path);
    let _ = path;
    Ok(())
}

/// The bytes and names that a loss of power would lose.
#[cfg(debug_assertions)]
mod unsynced {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Lost {
        Bytes,
        Name,
    }

    static FILES: Mutex<BTreeMap<PathBuf, Lost>> = Mutex::new(BTreeMap::new());

    fn files() -> MutexGuard<'static, BTreeMap<PathBuf, Lost>> {
        FILES.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn bytes(path: &Path) {
        files().insert(path.into(), Lost::Bytes);
    }

    pub fn renamed(from: &Path, to: &Path) {
        let mut files = files();
        // A name without bytes is the worse of the two.
        let lost = files.remove(from).unwrap_or(Lost::Name);
        files.insert(to.into(), lost);
    }

    pub fn forget(path: &Path) {
        files().remove(path);
    }

    pub fn lose() {
        for (path, lost) in &*files() {
            let _ = match lost {
                Lost::Bytes => fs::File::create(path).map(drop),
                Lost::Name => fs::remove_file(path),
            };
        }
    }
}
