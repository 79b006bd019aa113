//! `Breaker`: stops asking a remote store that does not answer, and bounds the time that a run waits for it. The store is
//! asked again when a probe behind the import's back finds that it answers.

use super::transport::Fault;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Failures in a row after which the store is not asked any more. One that does not answer in time is enough: the next
/// one would cost as long.
const MOST_FAILURES: u32 = 3;

/// The time between two probes.
const PAUSE: Duration = Duration::from_secs(1);

/// The number of times that a store which answers again is used again: each failure costs time.
const MOST_RETURNS: u32 = 3;

/// Whether the store is asked.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    /// Tells the probe and the uploads that the state is another one.
    changed: Notify,
    /// The longest time that a run waits.
    budget: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// The reason why the store is not asked.
    open: Option<Open>,
    failures: u32,
    /// The times that the store was used again, and the time that it was not used before.
    returns: u32,
    unused: Duration,
    /// The reason of the last time.
    last: Option<String>,
    /// The operations that run, and since when there are any.
    waiting: u32,
    since: Option<Instant>,
    waited: Duration,
    /// The import has waited as long as it may.
    is_spent: bool,
}

/// A breaker that is open.
#[derive(Debug)]
struct Open {
    reason: String,
    since: Instant,
    is_final: bool,
}

/// The state of a breaker, for those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Asked,
    /// Not asked until it answers a probe.
    Waits,
    /// Not asked any more in this run.
    Ended,
}

/// An operation that runs.
pub(super) struct Asking<'a>(&'a Breaker);

impl Breaker {
    pub fn new(budget: Duration) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), budget }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an operation, unless the store is not asked any more.
    pub fn ask(&self) -> Option<Asking<'_>> {
        let mut state = self.state();
        // Uploads, for which nobody waits, go on.
        state.is_spent |= state.waited() >= self.budget;
        if state.open.is_some() || state.is_spent {
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
        let opens = fault.is_final() || state.failures >= MOST_FAILURES;
        if opens && state.open.is_none() {
            let is_final = matches!(fault, Fault::Denied(_)) || state.returns >= MOST_RETURNS;
            state.open(fault.to_string(), is_final);
            self.changed.notify_waiters();
        }
    }

    /// Uses the store again, which has answered a probe.
    fn close(&self) {
        let mut state = self.state();
        if let Some(open) = state.open.take_if(|open| !open.is_final) {
            state.returns += 1;
            state.failures = 0;
            state.unused += open.since.elapsed();
            state.last = Some(open.reason);
            self.changed.notify_waiters();
        }
    }

    /// Returns whether the store is asked.
    pub fn usage(&self) -> Use {
        match &self.state().open {
            None => Use::Asked,
            Some(open) if open.is_final => Use::Ended,
            Some(_) => Use::Waits,
        }
    }

    /// Returns why the store is not asked, if so.
    pub fn reason(&self) -> Option<String> {
        let state = self.state();
        let seconds = self.budget.as_secs();
        let spent = || state.is_spent.then(|| format!("the import has waited {seconds} s for it"));
        state.open.as_ref().map(|open| open.reason.clone()).or_else(spent)
    }

    /// Returns how long the store was not used before it answered again, and why, if that happened.
    pub fn pause(&self) -> Option<(Duration, String)> {
        let state = self.state();
        state.last.clone().map(|reason| (state.unused, reason))
    }

    /// Waits while the use is one of these, and returns the one that follows.
    pub async fn while_used(&self, uses: &[Use]) -> Use {
        loop {
            let changed = self.changed.notified();
            let usage = self.usage();
            if !uses.contains(&usage) {
                return usage;
            }
            changed.await;
        }
    }

    /// Probes the store whenever it is not asked, until it is not asked any more in this run.
    pub async fn probe<F: Future<Output = Result<(), Fault>>>(&self, ask: impl Fn() -> F) {
        while self.while_used(&[Use::Asked]).await == Use::Waits {
            tokio::time::sleep(PAUSE).await;
            if ask().await.is_ok() {
                self.close();
            }
        }
    }
}

impl State {
    fn open(&mut self, reason: String, is_final: bool) {
        self.open = Some(Open { reason, since: Instant::now(), is_final });
    }

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
        assert_eq!(breaker.usage(), Use::Waits);
        let spent = Breaker::new(Duration::ZERO);
        assert!(spent.ask().is_none());
        assert_eq!(spent.left(), Duration::ZERO);
    }

    #[test]
    fn a_store_that_answers_again_is_used_again_but_not_for_ever() -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let breaker = Breaker::new(Duration::from_secs(60));
        for time in 0..=MOST_RETURNS {
            breaker.note(Some(&Fault::TimedOut(Duration::ZERO)));
            let is_last = time == MOST_RETURNS;
            assert_eq!(breaker.usage(), if is_last { Use::Ended } else { Use::Waits });
            breaker.close();
            assert_eq!(breaker.ask().is_some(), !is_last);
        }
        assert!(breaker.pause().is_some());
        // The probe ends with the breaker, and does not ask a store that refuses.
        let asked = std::cell::Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            async { Ok(()) }
        };
        runtime.block_on(breaker.probe(ask));
        let refused = Breaker::new(Duration::from_secs(60));
        refused.note(Some(&Fault::Denied("403".into())));
        runtime.block_on(refused.probe(ask));
        assert_eq!(asked.get(), 0);
        Ok(())
    }
}
