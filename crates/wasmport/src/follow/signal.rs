//! `Signal`: what the thread that follows files waits for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Wakes the thread that follows files.
#[derive(Debug, Default)]
pub(super) struct Signal {
    noticed: Mutex<Noticed>,
    woken: Condvar,
}

/// Changes that the thread has not seen yet.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// Names of files that have changed, and when. Names, not events: they do not pile up while code is compiled.
    pub files: BTreeMap<OsString, Instant>,
    /// Whether any file may have changed.
    pub is_any: bool,
    is_ended: bool,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, Noticed> {
        // Nothing under this lock panics.
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that files have changed.
    pub fn changed(&self, files: impl Iterator<Item = OsString>) {
        let now = Instant::now();
        self.lock().files.extend(files.map(|file| (file, now)));
        self.woken.notify_all();
    }

    /// Tells that any file may have changed.
    pub fn changed_any(&self) {
        self.lock().is_any = true;
        self.woken.notify_all();
    }

    /// Ends the thread.
    pub fn end(&self) {
        self.lock().is_ended = true;
        self.woken.notify_all();
    }

    pub fn is_ended(&self) -> bool {
        self.lock().is_ended
    }

    /// Waits for changes, at most for `timeout`, and takes them. None if the thread must end.
    pub fn wait(&self, timeout: Duration) -> Option<Noticed> {
        let has_none = |noticed: &mut Noticed| {
            !noticed.is_ended && !noticed.is_any && noticed.files.is_empty()
        };
        let waited = self.woken.wait_timeout_while(self.lock(), timeout, has_none);
        let (mut noticed, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if noticed.is_ended {
            return None;
        }
        Some(std::mem::take(&mut *noticed))
    }
}
