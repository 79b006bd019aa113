//! Simulated crashes between the steps of file operations, for tests.

use std::path::Path;

/// Marks a place between two steps that change files. In debug builds a test can end the process here with
/// the variable `WASMPORT_TEST_KILL_AT`: the next run must recover from the files at each of these places.
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
            unsynced::lose();
            // Abort runs no destructors, like a killed process.
            std::process::abort();
        }
    }
}

/// Marks a file that has its name but may not be on the disk. With the variable `WASMPORT_TEST_LOSE_UNSYNCED`
/// a simulated crash truncates it, as a loss of power can.
pub(super) fn unsynced_point(path: &Path) {
    #[cfg(debug_assertions)]
    unsynced::add(path);
    #[cfg(not(debug_assertions))]
    let _ = path;
}

#[cfg(debug_assertions)]
mod unsynced {
    use std::fs::OpenOptions;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, PoisonError};

    static FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

    pub(super) fn add(path: &Path) {
        if std::env::var_os("WASMPORT_TEST_LOSE_UNSYNCED").is_some() {
            FILES.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
        }
    }

    pub(super) fn lose() {
        for path in FILES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // A later step may have removed it.
            let _ = OpenOptions::new().write(true).truncate(true).open(path);
        }
    }
}
