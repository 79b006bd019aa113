//! `Group`: sessions whose calls end together.

use super::Alarm;
use super::slot::{self, Moment, Slot};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Sessions that have a deadline together, and whose calls any thread can end.
///
/// [`Session::join`](crate::Session::join) puts a session into it; those of one group may belong to
/// several runtimes. Clones are the same group.
///
/// ```
/// use std::time::Duration;
/// let request = wasmport::Group::new();
/// request.set_deadline(Duration::from_secs(2));
/// // Sessions join it, and their calls go on here and there, until:
/// request.interrupt();
/// ```
#[derive(Clone, Default)]
pub struct Group(Arc<Inner>);

#[derive(Default)]
struct Inner {
    slot: Arc<Slot>,
    /// Of the engines of its sessions.
    alarms: Mutex<Vec<Weak<Alarm>>>,
}

impl Group {
    /// A group without a deadline and without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends all calls of its sessions that run when `after` has passed from now on, with
    /// [`Error::TimedOut`](crate::Error::TimedOut); those that begin later are refused. It takes the
    /// place of a former deadline or interruption.
    ///
    /// Unlike a session's own limit this counts the time in which calls wait, too. A call that waits
    /// ends when it would go on.
    pub fn set_deadline(&self, after: Duration) {
        self.notify(self.0.slot.set(slot::after(slot::now(), after), after));
    }

    /// Ends all calls that run in its sessions, with
    /// [`Error::Interrupted`](crate::Error::Interrupted). Those that begin later are refused, so that
    /// it makes no difference whether a session was just between two calls.
    ///
    /// A guest is ended at its next loop or call; host functions are not.
    pub fn interrupt(&self) {
        self.notify(self.0.slot.interrupt());
    }

    /// Lifts deadline and interruption. Sessions in which a call was ended stay poisoned.
    pub fn clear(&self) {
        self.0.slot.clear();
    }

    fn notify(&self, moment: Moment) {
        if self.0.slot.pending().is_none() {
            return;
        }
        for alarm in self.alarms().iter().filter_map(Weak::upgrade) {
            // The thread is there since a call runs; who begins one now starts it, or hears why not.
            let _ = alarm.look_at(moment);
        }
    }

    pub(super) fn slot(&self) -> &Arc<Slot> {
        &self.0.slot
    }

    pub(super) fn add_to(&self, alarm: &Arc<Alarm>) {
        let mut alarms = self.alarms();
        alarms.retain(|other| other.strong_count() > 0);
        if !alarms.iter().any(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(alarm))) {
            alarms.push(Arc::downgrade(alarm));
            alarm.add(&self.0.slot);
        }
    }

    fn alarms(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Alarm>>> {
        self.0.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Group")
    }
}
