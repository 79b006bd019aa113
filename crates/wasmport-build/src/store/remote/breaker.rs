//! `Breaker`: stops asking a remote store that does not answer, and bounds the time that a run waits for it.

use super::transport::Fault;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which the store is not asked any more. One that does not answer in time is enough: the next
/// one would cost as long.
const MOST_FAILURES: u32 = 3;

/// Whether the store is asked.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    /// The longest time that a run waits.
    budget: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// The reason why the store is not asked any more.
    open: Option<String>,
    failures: u32,
    /// The operations that run, and since when there are any.
    waiting: u32,
    since: Option<Instant>,
    waited: Duration,
}

/// An operation that runs.
pub(super) struct Asking<'a>(&'a Breaker);

impl Breaker {
    pub fn new(budget: Duration) -> Self {
        Self { state: Mutex::default(), budget }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an operation, unless the store is not asked any more.
    pub fn ask(&self) -> Option<Asking<'_>> {
        let mut state = self.state();
        if state.open.is_none() && state.waited() >= self.budget {
            let seconds = self.budget.as_secs();
            state.open = Some(format!("the import has waited {seconds} s for it"));
        }
        if state.open.is_some() {
            return None;
        }
        state.waiting += 1;
        if state.waiting == 1 {
            state.since = Some(Instant::now());
        }
        drop(state);
        Some(Asking(self))
    }

    /// Returns the time that the run may still wait.
    pub fn left(&self) -> Duration {
        self.budget.saturating_sub(self.state().waited())
    }

    /// Notes the result of an operation.
    pub fn note(&self, fault: Option<&Fault>) {
        let mut state = self.state();
        let Some(fault) = fault else {
            state.failures = 0;
            return;
        };
        state.failures += 1;
        let is_final = fault.is_final() || state.failures >= MOST_FAILURES;
        if is_final && state.open.is_none() {
            state.open = Some(fault.to_string());
        }
    }

    /// Returns why the store is not asked any more, if so.
    pub fn reason(&self) -> Option<String> {
        self.state().open.clone()
    }
}

impl State {
    fn waited(&self) -> Duration {
        self.waited + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting -= 1;
        if state.waiting == 0
            && let Some(since) = state.since.take()
        {
            state.waited += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_when_the_time_is_over() {
        let unavailable = Fault::Unavailable("503".into());
        let breaker = Breaker::new(Duration::from_secs(60));
        for fault in [Some(&unavailable), Some(&unavailable), None, Some(&unavailable)] {
            breaker.note(fault);
            assert!(breaker.ask().is_some());
        }
        breaker.note(Some(&unavailable));
        breaker.note(Some(&unavailable));
        assert!(breaker.ask().is_none());
        assert_eq!(breaker.reason(), Some(unavailable.to_string()));
        for fault in [Fault::TimedOut(Duration::ZERO), Fault::Denied("403".into())] {
            let breaker = Breaker::new(Duration::from_secs(60));
            breaker.note(Some(&fault));
            assert!(breaker.ask().is_none(), "{fault}");
        }
        let spent = Breaker::new(Duration::ZERO);
        assert!(spent.ask().is_none());
        assert_eq!(spent.left(), Duration::ZERO);
    }
}
