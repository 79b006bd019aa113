//! `Queue`: the calls that wait for a handle's thread.

use super::Next;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A call.
pub(super) type Job<S> = Box<dyn FnOnce(&mut S) -> Next + Send>;

/// The calls that wait.
pub(super) struct Queue<S> {
    most: usize,
    state: Mutex<State<S>>,
    changed: Condvar,
}

struct State<S> {
    jobs: VecDeque<Job<S>>,
    /// Whether further calls are refused.
    has_ended: bool,
    restarts: u64,
    /// The reason why the last session could not go on.
    cause: Option<String>,
}

/// The reason why a call does not wait.
pub(super) enum Refused {
    Full,
    Ended,
}

impl<S> Queue<S> {
    pub fn new(most: usize) -> Self {
        let state = State { jobs: VecDeque::new(), has_ended: false, restarts: 0, cause: None };
        Self { most, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        // Nothing under this lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, job: Job<S>) -> Result<(), Refused> {
        let mut state = self.state();
        if state.has_ended {
            return Err(Refused::Ended);
        }
        if state.jobs.len() >= self.most {
            return Err(Refused::Full);
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for the next call; none if there is none and further ones are refused.
    pub fn pop(&self) -> Option<Job<S>> {
        let is_idle = |state: &mut State<S>| state.jobs.is_empty() && !state.has_ended;
        let state = self.changed.wait_while(self.state(), is_idle);
        state.unwrap_or_else(PoisonError::into_inner).jobs.pop_front()
    }

    /// Waits for a time, unless further calls are refused. Returns whether they are.
    pub fn pause(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), time, |state| !state.has_ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.has_ended
    }

    /// Refuses further calls.
    pub fn end(&self) {
        self.state().has_ended = true;
        self.changed.notify_all();
    }

    /// Refuses further calls, and forgets those that wait: their callers notice.
    pub fn clear(&self) {
        let mut state = self.state();
        state.has_ended = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        drop(jobs);
        self.changed.notify_all();
    }

    pub fn failed(&self, cause: String) {
        self.state().cause = Some(cause);
    }

    pub fn restarted(&self) {
        self.state().restarts += 1;
    }

    pub fn len(&self) -> usize {
        self.state().jobs.len()
    }

    pub fn restarts(&self) -> u64 {
        self.state().restarts
    }

    pub fn cause(&self) -> Option<String> {
        self.state().cause.clone()
    }
}
