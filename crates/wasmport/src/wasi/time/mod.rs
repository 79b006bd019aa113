//! Time: the clocks of guests, and waits that obey them.

mod manual;
pub(super) mod reading;
mod scaled;
#[cfg(feature = "component-model")]
pub(super) mod sleeps;
mod system;
#[cfg(test)]
mod tests;
pub(super) mod wait;

use super::policy::ClockPolicy;
pub use manual::ManualClock;
pub use scaled::ScaledClock;
use std::sync::Arc;
use std::time::Duration;
pub use system::SystemClock;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// A clock of guests: their wall clock and their monotonic clock, and how waits pass on it.
///
/// All clocks, sleeps and timeouts of a guest use it, in all versions of WASI. [`SystemClock`],
/// [`ManualClock`] and [`ScaledClock`] implement it. Times are in nanoseconds of the guest.
///
/// ```
/// use std::time::Duration;
/// use wasmport::wasi::{Clock, SystemClock};
///
/// /// The system's clock, a day ahead.
/// #[derive(Clone)]
/// struct Tomorrow(std::sync::Arc<SystemClock>);
///
/// impl Clock for Tomorrow {
///     fn unix_time(&self) -> Duration {
///         self.0.unix_time() + Duration::from_secs(24 * 60 * 60)
///     }
///
///     fn monotonic(&self) -> u64 {
///         self.0.monotonic()
///     }
///
///     fn real_time_until(&self, nanos: u64) -> Option<Duration> {
///         self.0.real_time_until(nanos)
///     }
/// }
///
/// let clock = Tomorrow(SystemClock::new().into());
/// let wasi = wasmport::wasi::Wasi::new().clock(&clock);
/// # let _ = wasi;
/// ```
pub trait Clock: Send + Sync + 'static {
    /// Returns the time since the start of 1970 in UTC: the wall clock.
    fn unix_time(&self) -> Duration;

    /// Returns the monotonic clock in nanoseconds. It never goes backwards.
    fn monotonic(&self) -> u64;

    /// Returns the resolution of both clocks. The default is a nanosecond.
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    /// Returns the time since the start of 1970 in UTC for virtual files that change now. The default is
    /// [`unix_time`](Self::unix_time). On Linux, [`SystemClock`] returns the time of the last tick, which is up to some
    /// milliseconds ago, as Linux does for its own files: it is read faster
    /// (`CLOCK_REALTIME_COARSE` in [clock_gettime](https://man7.org/linux/man-pages/man2/clock_getres.2.html)).
    fn file_time(&self) -> Duration {
        self.unix_time()
    }

    /// Returns how a [`Policy`](super::Policy) describes the clock. The default is [`ClockPolicy::Own`].
    fn policy(&self) -> ClockPolicy {
        ClockPolicy::Own
    }

    /// Returns the real time that passes until the monotonic clock shows `nanos`, or `None` for a clock
    /// that stands still until it is advanced.
    ///
    /// A guest that waits sleeps for this time. Afterwards the clock is compared again, so that an
    /// estimate suffices. If the result is `None`, the wait ends at once, and the clock is
    /// [advanced](Self::advance_to).
    fn real_time_until(&self, nanos: u64) -> Option<Duration>;

    /// Advances a clock that stands still to `nanos` of the monotonic clock, unless it is later: a guest
    /// has waited until then. The default does nothing.
    fn advance_to(&self, nanos: u64) {
        let _ = nanos;
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn unix_time(&self) -> Duration {
        (**self).unix_time()
    }

    fn monotonic(&self) -> u64 {
        (**self).monotonic()
    }

    fn resolution(&self) -> Duration {
        (**self).resolution()
    }

    fn file_time(&self) -> Duration {
        (**self).file_time()
    }

    fn policy(&self) -> ClockPolicy {
        (**self).policy()
    }

    fn real_time_until(&self, nanos: u64) -> Option<Duration> {
        (**self).real_time_until(nanos)
    }

    fn advance_to(&self, nanos: u64) {
        (**self).advance_to(nanos);
    }
}

/// Returns a duration in nanoseconds.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A clock behind Wasmtime's traits.
pub(super) struct HostClock(pub Arc<dyn Clock>);

impl HostWallClock for HostClock {
    fn resolution(&self) -> Duration {
        self.0.resolution()
    }

    fn now(&self) -> Duration {
        self.0.unix_time()
    }
}

impl HostMonotonicClock for HostClock {
    fn resolution(&self) -> u64 {
        nanos(self.0.resolution())
    }

    fn now(&self) -> u64 {
        self.0.monotonic()
    }
}
