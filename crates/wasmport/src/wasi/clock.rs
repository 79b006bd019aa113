//! `ManualClock`: a clock that only the program, or a guest that sleeps, advances.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// A clock of guests that stands still until it is advanced. Clones are the same clock.
#[derive(Clone)]
pub struct ManualClock(Arc<ClockTimes>);

struct ClockTimes {
    /// Wall clock time at the start.
    start: Duration,
    /// Nanoseconds since the start.
    elapsed: AtomicU64,
}

impl ManualClock {
    /// Creates a clock at `unix_time`, the time since the start of 1970 in UTC.
    #[must_use]
    pub fn new(unix_time: Duration) -> Self {
        Self(Arc::new(ClockTimes { start: unix_time, elapsed: AtomicU64::new(0) }))
    }

    /// Advances the clock by `time`.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let later = |elapsed: u64| Some(elapsed.saturating_add(nanos));
        // The closure never returns `None`.
        let _ = self.0.elapsed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Advances the clock to `nanos` since its start, unless it is later.
    pub(super) fn advance_to(&self, nanos: u64) {
        self.0.elapsed.fetch_max(nanos, Ordering::Relaxed);
    }

    /// Returns the time by which it was advanced: the guest's monotonic clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos())
    }

    /// Returns the time since the start of 1970 in UTC: the guest's wall clock.
    #[must_use]
    pub fn unix_time(&self) -> Duration {
        self.0.start.saturating_add(self.elapsed())
    }

    /// Returns [`Self::elapsed`] in nanoseconds.
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
