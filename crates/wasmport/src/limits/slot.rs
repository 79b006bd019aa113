//! `Slot`: one moment at which calls end, shared by those who set it and those who look.

use std::sync::LazyLock;
use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

/// A moment, in nanoseconds since the first one that this program asked for.
pub(super) type Moment = u64;

/// Before all others: the end was asked for.
const INTERRUPTED: Moment = 0;
/// After all others.
pub(super) const NEVER: Moment = u64::MAX - 1;

/// The moment that is `duration` after `moment`.
pub(super) fn after(moment: Moment, duration: Duration) -> Moment {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(NEVER);
    moment.saturating_add(nanos).min(NEVER)
}

/// This moment.
pub(super) fn now() -> Moment {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    after(INTERRUPTED + 1, FIRST.elapsed())
}

/// Why a call ends.
pub(super) enum End {
    /// Its time is over.
    Time(Duration),
    /// Someone ended it.
    Interrupted,
}

/// The moment at which the calls end that it is for, and how many of them run.
pub(crate) struct Slot {
    ends: AtomicU64,
    /// What was asked for, for messages.
    limit: AtomicU64,
    running: AtomicUsize,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            ends: AtomicU64::new(NEVER),
            limit: AtomicU64::new(NEVER),
            running: AtomicUsize::new(0),
        }
    }
}

// The strictest ordering where one writes that a call ends earlier, or that there is one, and then reads
// when the alarm looks next, while the alarm writes that it looks and then reads here.
impl Slot {
    /// Calls end at this moment; `limit` is what the user knows it as. The moment.
    pub(super) fn set(&self, ends: Moment, limit: Duration) -> Moment {
        self.limit.store(after(0, limit), Relaxed);
        self.ends.store(ends, SeqCst);
        ends
    }

    /// Calls end at once. The moment.
    pub(super) fn interrupt(&self) -> Moment {
        self.ends.store(INTERRUPTED, SeqCst);
        INTERRUPTED
    }

    /// Calls do not end.
    pub(super) fn clear(&self) {
        self.ends.store(NEVER, Release);
    }

    /// A call begins that ends at this moment.
    pub(super) fn enter(&self) -> Moment {
        self.running.fetch_add(1, SeqCst);
        self.ends.load(SeqCst)
    }

    /// A call is over.
    pub(super) fn leave(&self) {
        self.running.fetch_sub(1, Release);
    }

    /// The moment at which calls end, if any run.
    pub(super) fn pending(&self) -> Option<Moment> {
        (self.running.load(SeqCst) > 0).then(|| self.ends.load(SeqCst))
    }

    /// Whether the moment is reached, and why it was set.
    pub(super) fn end(&self, now: Moment) -> Option<End> {
        match self.ends.load(SeqCst) {
            INTERRUPTED => Some(End::Interrupted),
            ends if ends > now => None,
            _ => Some(End::Time(Duration::from_nanos(self.limit.load(Relaxed)))),
        }
    }
}
