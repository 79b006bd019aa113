//! `CallDeadline`: a time at which calls end, shared by those who set it and those who check it.

use crate::error::{Callee, Error};
use std::io;
use std::sync::LazyLock;
use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

/// A time in nanoseconds since the first call of [`now`].
pub(crate) type Timestamp = u64;

/// The deadline of interrupted calls, before all others.
const INTERRUPTED: Timestamp = 0;
/// The deadline of calls without one, after all others.
pub(super) const NEVER: Timestamp = u64::MAX - 1;

/// Returns `timestamp` plus `duration`.
pub(crate) fn timestamp_after(timestamp: Timestamp, duration: Duration) -> Timestamp {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(NEVER);
    timestamp.saturating_add(nanos).min(NEVER)
}

/// Returns the current time.
pub(crate) fn now() -> Timestamp {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    timestamp_after(INTERRUPTED + 1, FIRST.elapsed())
}

/// The reason why a call ends, or does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// It exceeded this time limit.
    #[error("the time limit of {0:?} has passed")]
    TimeLimit(Duration),
    /// It was interrupted.
    #[error("the call was interrupted")]
    Interrupted,
    /// The thread that enforces time limits cannot be started.
    #[error(transparent)]
    Thread(io::Error),
}

impl Ended {
    /// Returns the error of a call that did not begin, or whose guest did not notice.
    #[cold]
    pub fn into_error(self, callee: Callee<'_>) -> Error {
        let (asset, function) = callee.names();
        match self {
            Self::TimeLimit(limit) => Error::TimedOut { asset, function, limit, source: None },
            Self::Interrupted => Error::Interrupted { asset, function, source: None },
            Self::Thread(source) => Error::Thread { source },
        }
    }
}

/// A deadline of calls, and the number of its running calls.
pub(crate) struct CallDeadline {
    expires: AtomicU64,
    /// The time limit in nanoseconds that the deadline was computed from, for messages.
    limit: AtomicU64,
    running: AtomicUsize,
}

impl Default for CallDeadline {
    fn default() -> Self {
        Self {
            expires: AtomicU64::new(NEVER),
            limit: AtomicU64::new(NEVER),
            running: AtomicUsize::new(0),
        }
    }
}

// Sequential consistency: a thread that sets an earlier deadline or begins a call then reads when the
// timer wakes next, while the timer writes when it wakes next and then reads the deadline.
impl CallDeadline {
    /// Sets the deadline, and returns it. `limit` is the time limit that messages name.
    pub(crate) fn set(&self, expires: Timestamp, limit: Duration) -> Timestamp {
        self.limit.store(timestamp_after(0, limit), Relaxed);
        self.expires.store(expires, SeqCst);
        expires
    }

    /// Ends calls now. Returns the deadline.
    pub(super) fn interrupt(&self) -> Timestamp {
        self.expires.store(INTERRUPTED, SeqCst);
        INTERRUPTED
    }

    /// Removes deadline and interruption.
    pub(crate) fn clear(&self) {
        self.expires.store(NEVER, Release);
    }

    /// Begins a call, and returns its deadline.
    pub(crate) fn begin_call(&self) -> Timestamp {
        self.running.fetch_add(1, SeqCst);
        self.expires.load(SeqCst)
    }

    /// Ends a call.
    pub(crate) fn end_call(&self) {
        self.running.fetch_sub(1, Release);
    }

    /// Returns the deadline if any call runs.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        (self.running.load(SeqCst) > 0).then(|| self.expires.load(SeqCst))
    }

    /// Returns the reason to end calls, if the deadline has expired at `now`.
    pub(super) fn expired(&self, now: Timestamp) -> Option<Ended> {
        match self.expires.load(SeqCst) {
            INTERRUPTED => Some(Ended::Interrupted),
            expires if expires > now => None,
            _ => Some(Ended::TimeLimit(Duration::from_nanos(self.limit.load(Relaxed)))),
        }
    }
}
