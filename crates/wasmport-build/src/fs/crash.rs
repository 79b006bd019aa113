//! Simulated crashes between the steps of file operations, for tests.

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
            // Abort runs no destructors, like a killed process.
            std::process::abort();
        }
    }
}
