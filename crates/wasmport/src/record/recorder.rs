//! `Recorder`: makes the sessions of a runtime recorded.

use super::recording::Recording;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Records the sessions of a runtime: [`Runtime::with_recorder`](crate::Runtime::with_recorder).
///
/// Each session has a recording of its own, which
/// [`Session::recording`](crate::Session::recording) returns while the session runs, and [`take`](Self::take) after it
/// has ended. Clones are one recorder.
#[derive(Clone)]
#[must_use]
pub struct Recorder {
    options: Options,
    ended: Arc<Mutex<VecDeque<Recording>>>,
    /// The length of the last recording: the next is likely to be as long.
    last: Arc<AtomicUsize>,
}

/// The end of a recording that has its largest length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtLimit {
    /// The session goes on, and the recording ends there: it replays until then.
    #[default]
    GoOn,
    /// The next call of an export or import fails with
    /// [`RecordError::Full`](crate::replay::RecordError::Full).
    FailCalls,
}

/// The options of a recorder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub max_bytes: usize,
    pub at_limit: AtLimit,
    pub compares_memory: bool,
    pub in_errors: bool,
    pub keeps: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        let options = Options {
            max_bytes: 64 << 20,
            at_limit: AtLimit::default(),
            compares_memory: false,
            in_errors: true,
            keeps: 16,
        };
        Self { options, ended: Arc::default(), last: Arc::default() }
    }
}

impl Recorder {
    /// Creates a recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the largest length of a recording in bytes. Default: 64 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.options.max_bytes = bytes;
        self
    }

    /// Sets what happens when a recording has its largest length. Default: the session goes on.
    pub fn at_limit(mut self, at_limit: AtLimit) -> Self {
        self.options.at_limit = at_limit;
        self
    }

    /// Sets whether the memories of the guest are compared before and after each time that the host runs. This finds
    /// what the host writes with Wasmtime's own functions, and takes as long as copying the memories. Default: false,
    /// then the host writes with [`GuestMemory`](crate::GuestMemory).
    pub fn compare_memory(mut self, compare: bool) -> Self {
        self.options.compares_memory = compare;
        self
    }

    /// Sets whether the errors of failed calls have a copy of the recording:
    /// [`Error::recording`](crate::Error::recording). Default: true.
    pub fn in_errors(mut self, in_errors: bool) -> Self {
        self.options.in_errors = in_errors;
        self
    }

    /// Sets how many recordings of ended sessions are kept until [`take`](Self::take); the oldest goes first.
    /// Default: 16.
    pub fn keep_ended(mut self, recordings: usize) -> Self {
        self.options.keeps = recordings;
        self
    }

    /// Returns the recordings of the sessions that have ended since the last call, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Recording> {
        self.ended().drain(..).collect()
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Returns whether errors have the recording.
    pub(crate) fn is_in_errors(&self) -> bool {
        self.options.in_errors
    }

    /// Returns how many bytes a new recording has room for.
    pub(super) fn room(&self) -> usize {
        const LEAST: usize = 4 << 10;
        const MOST: usize = 1 << 20;
        self.last.load(Ordering::Relaxed).clamp(LEAST, MOST)
    }

    /// Keeps the recording of a session that has ended.
    pub(super) fn keep(&self, recording: Recording) {
        self.last.store(recording.as_bytes().len(), Ordering::Relaxed);
        let mut ended = self.ended();
        ended.push_back(recording);
        let more = ended.len().saturating_sub(self.options.keeps);
        let _ = ended.drain(..more);
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<Recording>> {
        // Nothing under this lock panics.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("options", &self.options).finish_non_exhaustive()
    }
}
