//! `Alarm`: wakes a call that waits when one of its deadlines expires.

use super::deadline::{CallDeadline, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// The alarms of a timer.
#[derive(Default)]
pub(super) struct Alarms(Arc<Mutex<AlarmList>>);

#[derive(Default)]
struct AlarmList {
    /// By their numbers: a guest may wait for thousands of times at once.
    entries: BTreeMap<u64, AlarmEntry>,
    next_id: u64,
}

struct AlarmEntry {
    deadlines: Vec<Arc<CallDeadline>>,
    waker: Waker,
}

/// An alarm, which rings until it is dropped.
pub(super) struct Alarm {
    list: Arc<Mutex<AlarmList>>,
    id: u64,
}

impl Alarms {
    /// Sets an alarm for the first of `deadlines`. They must belong to running calls.
    pub fn set(
        &self,
        deadlines: impl IntoIterator<Item = Arc<CallDeadline>>,
        waker: &Waker,
    ) -> Alarm {
        let mut list = lock(&self.0);
        let id = list.next_id;
        list.next_id += 1;
        let deadlines = deadlines.into_iter().collect();
        let _ = list.entries.insert(id, AlarmEntry { deadlines, waker: waker.clone() });
        Alarm { list: Arc::clone(&self.0), id }
    }

    /// Wakes the calls whose deadlines have expired at `now`.
    pub fn ring(&self, now: Timestamp) {
        let list = lock(&self.0);
        let has_expired = |entry: &&AlarmEntry| {
            entry.deadlines.iter().any(|deadline| deadline.expired(now).is_some())
        };
        let expired = list.entries.values().filter(has_expired);
        let wakers: Vec<Waker> = expired.map(|entry| entry.waker.clone()).collect();
        // A waker may run the call at once, which drops its alarm.
        drop(list);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let _ = lock(&self.list).entries.remove(&self.id);
    }
}

fn lock(list: &Mutex<AlarmList>) -> MutexGuard<'_, AlarmList> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
