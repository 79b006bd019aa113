//! `SystemClock`: the clocks of the operating system.

use super::Clock;
use crate::wasi::policy::ClockPolicy;
#[cfg(all(feature = "vfs", target_os = "linux"))]
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::time::{Duration, SystemTime};
use wasmtime_wasi::clocks::{MonotonicClock, WallClock};
use wasmtime_wasi::{HostMonotonicClock as _, HostWallClock as _};

/// The clocks of the operating system: the default. The monotonic clock starts at zero when the value is
/// created; each session of a [`Wasi`](crate::wasi::Wasi) without a clock has its own.
#[derive(Default)]
pub struct SystemClock(MonotonicClock);

impl SystemClock {
    /// Creates a clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    fn policy(&self) -> ClockPolicy {
        ClockPolicy::Real
    }

    fn unix_time(&self) -> Duration {
        // A system whose clock is before 1970 shows its start: WASI has no times before it.
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    #[cfg(all(feature = "vfs", target_os = "linux"))]
    fn file_time(&self) -> Duration {
        let time = clock_gettime(ClockId::RealtimeCoarse);
        Duration::try_from(time).unwrap_or_default()
    }

    fn monotonic(&self) -> u64 {
        self.0.now()
    }

    fn resolution(&self) -> Duration {
        WallClock::new().resolution().max(Duration::from_nanos(self.0.resolution()))
    }

    fn real_time_until(&self, until: u64) -> Option<Duration> {
        Some(Duration::from_nanos(until.saturating_sub(self.monotonic())))
    }
}

impl fmt::Debug for SystemClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SystemClock").field(&self.unix_time()).finish()
    }
}
