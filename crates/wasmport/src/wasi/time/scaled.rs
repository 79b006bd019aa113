//! `ScaledClock`: a clock that is faster or slower than another.

use super::{Clock, SystemClock};
use crate::wasi::policy::ClockPolicy;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Number of bits behind the point of a factor.
const POINT: u32 = 32;

/// A clock on which time passes faster or slower than on another, by default the system's. Waits are
/// scaled too. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use wasmport::wasi::{Clock, ManualClock, ScaledClock};
///
/// let base = ManualClock::new(Duration::from_secs(1_000));
/// let fast = ScaledClock::of(&base, 60.0);
/// base.advance(Duration::from_secs(1));
/// assert_eq!(fast.unix_time(), Duration::from_secs(1_060));
/// ```
#[derive(Clone)]
pub struct ScaledClock(Arc<Scale>);

struct Scale {
    base: Box<dyn Clock>,
    /// Times of the other clock when this one was created.
    unix_start: Duration,
    start: u64,
    /// Factor, times 2³²; never zero.
    factor: u64,
}

impl ScaledClock {
    /// Creates a clock on which time passes `factor` times as fast as in reality: with 10, a guest that
    /// waits for a second continues after a tenth of it.
    ///
    /// The factor is rounded to a multiple of 2⁻³², between 2⁻³² and 2³¹. One that is not a number is the
    /// smallest.
    #[must_use]
    pub fn new(factor: f64) -> Self {
        Self::scaled(Box::new(SystemClock::new()), factor)
    }

    /// Creates a clock on which time passes `factor` times as fast as on another. Its wall clock begins at
    /// the other's, its monotonic clock at zero.
    #[must_use]
    pub fn of(base: &(impl Clock + Clone), factor: f64) -> Self {
        Self::scaled(Box::new(base.clone()), factor)
    }

    fn scaled(base: Box<dyn Clock>, factor: f64) -> Self {
        let (unix_start, start) = (base.unix_time(), base.monotonic());
        // The conversion saturates, and is zero for NaN.
        let factor = ((factor * f64::from(2).powi(POINT as i32)) as u64).clamp(1, 1 << 63);
        Self(Arc::new(Scale { base, unix_start, start, factor }))
    }
}

impl Scale {
    /// Returns a time of this clock for nanoseconds of the other.
    fn scaled(&self, nanos: u64) -> u64 {
        let scaled = (u128::from(nanos) * u128::from(self.factor)) >> POINT;
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    /// Returns the first time of the other clock at which this one shows `nanos`.
    fn base_time(&self, nanos: u64) -> u64 {
        let since = (u128::from(nanos) << POINT).div_ceil(u128::from(self.factor));
        self.start.saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

impl Clock for ScaledClock {
    fn policy(&self) -> ClockPolicy {
        ClockPolicy::Scaled { factor: self.0.factor as f64 / f64::from(2).powi(POINT as i32) }
    }

    fn unix_time(&self) -> Duration {
        self.0.unix_start.saturating_add(Duration::from_nanos(self.monotonic()))
    }

    fn monotonic(&self) -> u64 {
        self.0.scaled(self.0.base.monotonic().saturating_sub(self.0.start))
    }

    fn resolution(&self) -> Duration {
        let nanos = self.0.scaled(super::nanos(self.0.base.resolution()));
        Duration::from_nanos(nanos.max(1))
    }

    fn real_time_until(&self, nanos: u64) -> Option<Duration> {
        self.0.base.real_time_until(self.0.base_time(nanos))
    }

    fn advance_to(&self, nanos: u64) {
        self.0.base.advance_to(self.0.base_time(nanos));
    }
}

impl fmt::Debug for ScaledClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factor = self.0.factor as f64 / f64::from(2).powi(POINT as i32);
        f.debug_struct("ScaledClock")
            .field("unix_time", &self.unix_time())
            .field("factor", &factor)
            .finish()
    }
}
