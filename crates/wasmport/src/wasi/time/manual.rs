//! `ManualClock`: a clock that only the program, or a guest that waits, advances.

use super::{Clock, nanos};
use crate::wasi::policy::ClockPolicy;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock of guests that stands still until it is advanced. Clones are the same clock.
///
/// A guest that waits for a time advances it to that time, and continues at once.
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
        let later = |elapsed: u64| Some(elapsed.saturating_add(nanos(time)));
        // The closure never returns `None`.
        let _ = self.0.elapsed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// Returns the time by which it was advanced: the guest's monotonic clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.monotonic())
    }

    /// Returns the time since the start of 1970 in UTC: the guest's wall clock.
    #[must_use]
    pub fn unix_time(&self) -> Duration {
        self.0.start.saturating_add(self.elapsed())
    }
}

impl Clock for ManualClock {
    fn policy(&self) -> ClockPolicy {
        ClockPolicy::Manual { unix_time: self.unix_time() }
    }

    fn unix_time(&self) -> Duration {
        self.unix_time()
    }

    fn monotonic(&self) -> u64 {
        self.0.elapsed.load(Ordering::Relaxed)
    }

    fn real_time_until(&self, _: u64) -> Option<Duration> {
        None
    }

    fn advance_to(&self, nanos: u64) {
        self.0.elapsed.fetch_max(nanos, Ordering::Relaxed);
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.unix_time()).finish()
    }
}
