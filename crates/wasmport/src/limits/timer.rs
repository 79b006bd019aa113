//! `EpochTimer`: the thread that increments an engine's epoch when a deadline expires.

#[cfg(any(feature = "async", feature = "wasi"))]
use super::alarm::Alarms;
use super::deadline::{CallDeadline, NEVER, Timestamp, now, timestamp_after};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use wasmtime::{Engine, EngineWeak};

/// Interval of increments after a deadline has expired: the guest may have checked just before, or be
/// in a host function.
const RETRY: Duration = Duration::from_millis(1);
/// Time for which the thread stays alive when no call runs.
const IDLE: Duration = Duration::from_millis(100);
/// Longest sleep, after which the thread checks whether a call still runs.
const MAX_SLEEP: Duration = Duration::from_secs(1);
/// Later than any deadline: no thread sleeps, or it checks the deadlines now.
const NOT_SLEEPING: Timestamp = u64::MAX;

/// The timer of an engine with epoch checks. Its thread starts with the first call that has a
/// deadline, sleeps until the first deadline expires, and ends at most a second after the last call. It
/// keeps neither engine nor runtime alive.
pub(crate) struct EpochTimer {
    /// The engine; none if nothing checks epochs: then only alarms ring.
    engine: Option<EngineWeak>,
    /// Time at which the thread checks the deadlines next.
    next: AtomicU64,
    state: Mutex<TimerState>,
    changed: Condvar,
    /// Calls that wait, and check no epoch meanwhile.
    #[cfg(any(feature = "async", feature = "wasi"))]
    pub(super) alarms: Alarms,
}

#[derive(Default)]
struct TimerState {
    deadlines: Vec<Weak<CallDeadline>>,
    has_thread: bool,
}

impl EpochTimer {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self::of(Some(engine.weak()))
    }

    /// Returns the timer of waits that belong to no engine.
    #[cfg(any(feature = "async", feature = "wasi"))]
    pub(super) fn of_no_engine() -> Self {
        Self::of(None)
    }

    fn of(engine: Option<EngineWeak>) -> Self {
        Self {
            engine,
            next: AtomicU64::new(NOT_SLEEPING),
            state: Mutex::default(),
            changed: Condvar::new(),
            #[cfg(any(feature = "async", feature = "wasi"))]
            alarms: Alarms::default(),
        }
    }

    /// Watches a deadline as long as it exists.
    pub(crate) fn register(&self, deadline: &Arc<CallDeadline>) {
        self.lock().deadlines.push(Arc::downgrade(deadline));
    }

    /// Makes the thread check the deadlines by `expires`, which has been set in one of them.
    pub(crate) fn wake_by(self: &Arc<Self>, expires: Timestamp) -> std::io::Result<()> {
        if expires >= self.next.load(SeqCst) {
            return Ok(());
        }
        let mut state = self.lock();
        if state.has_thread {
            self.changed.notify_one();
        } else {
            let timer = Arc::clone(self);
            let thread = std::thread::Builder::new().name("wasmport-timer".into());
            thread.spawn(move || timer.run())?;
            state.has_thread = true;
        }
        Ok(())
    }

    fn run(&self) {
        let mut state = self.lock();
        let mut was_idle = false;
        loop {
            // A call that begins meanwhile waits for the lock, and wakes this thread again.
            self.next.store(NOT_SLEEPING, SeqCst);
            let first = first_expiry(&mut state.deadlines);
            let now = now();
            let (next, wait) = match first {
                None if was_idle => {
                    state.has_thread = false;
                    return;
                }
                None => (NEVER, IDLE),
                Some(expires) if expires > now => {
                    (expires, MAX_SLEEP.min(Duration::from_nanos(expires - now)))
                }
                Some(_) => {
                    if let Some(engine) = self.engine.as_ref().and_then(EngineWeak::upgrade) {
                        engine.increment_epoch();
                    }
                    #[cfg(any(feature = "async", feature = "wasi"))]
                    {
                        // A waker may run a call at once, which takes the lock.
                        drop(state);
                        self.alarms.ring(now);
                        state = self.lock();
                    }
                    (timestamp_after(now, RETRY), RETRY)
                }
            };
            self.next.store(next, SeqCst);
            let waited = self.changed.wait_timeout(state, wait);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            was_idle = first.is_none() && timeout.timed_out();
        }
    }

    fn lock(&self) -> MutexGuard<'_, TimerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first deadline of the running calls. Removes dropped deadlines.
fn first_expiry(deadlines: &mut Vec<Weak<CallDeadline>>) -> Option<Timestamp> {
    let mut first = None;
    deadlines.retain(|deadline| {
        let Some(deadline) = deadline.upgrade() else { return false };
        first = first.into_iter().chain(deadline.next_expiry()).min();
        true
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BackEnd, EngineConfig, RuntimeOptions, run_config};
    use std::time::Instant;

    fn wait_until(condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the condition never held");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn timer() -> (Engine, Arc<EpochTimer>) {
        let config = EngineConfig::new().epoch_interruption(true);
        let config = run_config(&config, &RuntimeOptions::default(), BackEnd::Native).unwrap();
        let engine = Engine::new(&config).unwrap();
        let timer = Arc::new(EpochTimer::new(&engine));
        (engine, timer)
    }

    #[test]
    fn the_thread_runs_while_calls_run_and_ends_soon_after() {
        let (_engine, timer) = timer();
        let deadline = Arc::<CallDeadline>::default();
        timer.register(&deadline);
        let idle = Arc::strong_count(&timer);
        for _ in 0..2 {
            assert!(!timer.lock().has_thread);
            timer.wake_by(deadline.begin_call()).unwrap();
            assert!(timer.lock().has_thread);
            std::thread::sleep(IDLE * 2);
            assert!(timer.lock().has_thread, "a call runs");
            deadline.end_call();
            wait_until(|| !timer.lock().has_thread);
        }
        wait_until(|| Arc::strong_count(&timer) == idle);
        drop(deadline);
        let other = Arc::<CallDeadline>::default();
        timer.register(&other);
        timer.wake_by(other.begin_call()).unwrap();
        wait_until(|| timer.lock().deadlines.len() == 1);
        other.end_call();
    }

    #[test]
    fn the_thread_sleeps_until_the_first_deadline_of_running_calls() {
        let (_engine, timer) = timer();
        let deadlines: [Arc<CallDeadline>; 3] = Default::default();
        let limits = [40, 20, 10].map(Duration::from_secs);
        let expiries = std::array::from_fn::<_, 3, _>(|i| {
            timer.register(&deadlines[i]);
            deadlines[i].set(timestamp_after(now(), limits[i]), limits[i])
        });
        let next = || timer.next.load(SeqCst);
        deadlines[0].begin_call();
        timer.wake_by(expiries[0]).unwrap();
        wait_until(|| next() == expiries[0]);
        // An earlier one changes it.
        deadlines[1].begin_call();
        timer.wake_by(expiries[1]).unwrap();
        wait_until(|| next() == expiries[1]);
        assert!(expiries[2] < next(), "no call of the third runs");
    }

    #[test]
    fn the_timer_keeps_no_engine_alive() {
        let (engine, timer) = timer();
        let deadline = Arc::<CallDeadline>::default();
        timer.register(&deadline);
        deadline.interrupt();
        timer.wake_by(deadline.begin_call()).unwrap();
        wait_until(|| timer.next.load(SeqCst) != NOT_SLEEPING);
        drop(engine);
        wait_until(|| timer.engine.as_ref().unwrap().upgrade().is_none());
    }
}
