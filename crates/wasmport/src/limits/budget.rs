//! `MemoryBudget`: linear memory that many sessions share.

use crate::engine::LimitReached;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Linear memory that many sessions share: their memories together are no larger. Clones are the same budget.
///
/// [`Runtime::with_memory_budget`](crate::Runtime::with_memory_budget) makes new sessions share it, and
/// [`Session::share`](crate::Session::share) one that runs. A growth beyond it is refused like one beyond
/// [`Limits::memory_bytes`](crate::Limits::memory_bytes). What a session uses is free again when it ends.
///
/// ```
/// let plugins = wasmport::MemoryBudget::new(256 << 20);
/// assert_eq!((plugins.used(), plugins.limit()), (0, 256 << 20));
/// ```
#[derive(Clone)]
pub struct MemoryBudget(Arc<Shared>);

struct Shared {
    limit: AtomicU64,
    used: AtomicU64,
}

impl MemoryBudget {
    /// Creates a budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Shared { limit: AtomicU64::new(bytes), used: AtomicU64::new(0) }))
    }

    /// Returns the bytes of all memories that share it.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.used.load(Relaxed)
    }

    /// Returns the limit in bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.0.limit.load(Relaxed)
    }

    /// Changes the limit. Memories that are there stay, also beyond it.
    pub fn set_limit(&self, bytes: u64) {
        self.0.limit.store(bytes, Relaxed);
    }

    /// Takes bytes of the budget, or says why not.
    pub(super) fn take(&self, bytes: u64) -> Result<(), LimitReached> {
        let limit = self.limit();
        let taken = self.0.used.fetch_update(Relaxed, Relaxed, |used| {
            used.checked_add(bytes).filter(|used| *used <= limit)
        });
        taken.map(drop).map_err(|used| {
            LimitReached::new(LimitReached::BUDGET, used.saturating_add(bytes), limit)
        })
    }

    /// Takes bytes whatever the limit is: they are used already.
    pub(super) fn take_used(&self, bytes: u64) {
        let _ = self.0.used.fetch_add(bytes, Relaxed);
    }

    /// Gives bytes back.
    pub(super) fn give_back(&self, bytes: u64) {
        let _ = self.0.used.fetch_sub(bytes, Relaxed);
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget")
            .field("used", &self.used())
            .field("limit", &self.limit())
            .finish()
    }
}
