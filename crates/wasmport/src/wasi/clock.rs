//! `ManualClock`: a time that goes on only when the program, or a guest that sleeps, sets it forward.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// A clock of a guest that stands still until it is set forward. Clones are the same clock.
#[derive(Clone)]
pub struct ManualClock(Arc<Times>);

struct Times {
    /// The wall clock's time at the beginning.
    start: Duration,
    /// Nanoseconds since.
    elapsed: AtomicU64,
}

impl ManualClock {
    /// A clock at `unix_time`, the time since 1970 began in UTC.
    #[must_use]
    pub fn new(unix_time: Duration) -> Self {
        Self(Arc::new(Times { start: unix_time, elapsed: AtomicU64::new(0) }))
    }

    /// Sets the clock forward.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let later = |elapsed: u64| Some(elapsed.saturating_add(nanos));
        // It never refuses.
        let _ = self.0.elapsed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Sets the clock forward to `nanos` since its beginning, unless it is later already.
    pub(super) fn advance_to(&self, nanos: u64) {
        self.0.elapsed.fetch_max(nanos, Ordering::Relaxed);
    }

    /// By how much it has been set forward: the guest's monotonic clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos())
    }

    /// The time since 1970 began in UTC: the guest's wall clock.
    #[must_use]
    pub fn unix_time(&self) -> Duration {
        self.0.start.saturating_add(self.elapsed())
    }

    /// As [`Self::elapsed`], in nanoseconds.
    pub(super) fn nanos(&self) -> u64 {
        self.0.elapsed.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.unix_time()).finish()
    }
}

impl HostWallClock for ManualClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.unix_time()
    }
}

impl HostMonotonicClock for ManualClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.nanos()
    }
}
