//! `Group`: sessions with one deadline.

use super::deadline::{self, CallDeadline, Timestamp};
use super::timer::EpochTimer;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Sessions that share a deadline, and whose calls any thread can interrupt.
///
/// [`Session::join`](crate::Session::join) adds a session; the sessions of a group can belong to several
/// runtimes. Clones are the same group.
///
/// ```
/// use std::time::Duration;
/// let request = wasmport::Group::new();
/// request.set_deadline(Duration::from_secs(2));
/// // Sessions join it and run calls on any threads, until:
/// request.interrupt();
/// ```
#[derive(Clone, Default)]
pub struct Group(Arc<GroupShared>);

#[derive(Default)]
struct GroupShared {
    deadline: Arc<CallDeadline>,
    /// Timers of its sessions' engines.
    timers: Mutex<Vec<Weak<EpochTimer>>>,
}

impl Group {
    /// Creates a group without a deadline and without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends all calls that run in its sessions after `after` from now, with
    /// [`Error::TimedOut`](crate::Error::TimedOut); later calls fail. Replaces an earlier deadline or
    /// interruption.
    ///
    /// Unlike a session's own time limit, this includes the time in which async calls wait, which ends too.
    pub fn set_deadline(&self, after: Duration) {
        self.set_expiry(deadline::timestamp_after(deadline::now(), after), after);
    }

    /// Sets the deadline like [`set_deadline`](Self::set_deadline). `limit` is the time limit that messages name.
    pub(crate) fn set_expiry(&self, expires: Timestamp, limit: Duration) {
        self.notify(self.0.deadline.set(expires, limit));
    }

    /// Ends all calls that run in its sessions, with
    /// [`Error::Interrupted`](crate::Error::Interrupted). Later calls fail too, so that a session
    /// between two calls ends as well.
    ///
    /// A guest ends at its next loop or call. Async calls that wait and sleeps of WASI end at once, other
    /// host functions do not.
    pub fn interrupt(&self) {
        self.notify(self.0.deadline.interrupt());
    }

    /// Removes deadline and interruption. Sessions whose calls were ended stay poisoned.
    pub fn clear(&self) {
        self.0.deadline.clear();
    }

    fn notify(&self, expires: Timestamp) {
        if self.0.deadline.next_expiry().is_none() {
            return;
        }
        for timer in self.timers().iter().filter_map(Weak::upgrade) {
            // A call runs, so its thread has started. A call that begins now starts it or fails.
            let _ = timer.wake_by(expires);
        }
    }

    pub(super) fn deadline(&self) -> &Arc<CallDeadline> {
        &self.0.deadline
    }

    /// Adds the timer of a session's engine.
    pub(super) fn add_timer(&self, timer: &Arc<EpochTimer>) {
        let mut timers = self.timers();
        timers.retain(|other| other.strong_count() > 0);
        if !timers.iter().any(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(timer))) {
            timers.push(Arc::downgrade(timer));
            timer.register(&self.0.deadline);
        }
    }

    fn timers(&self) -> MutexGuard<'_, Vec<Weak<EpochTimer>>> {
        self.0.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Group")
    }
}
