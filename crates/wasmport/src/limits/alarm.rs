//! `Alarm`: the thread that moves an engine's epoch when a call's time is over, and only then.

use super::slot::{Moment, NEVER, Slot, after, now};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use wasmtime::{Engine, EngineWeak};

/// A guest may have looked a moment too early, or be in a host function: it is told again.
const AGAIN: Duration = Duration::from_millis(1);
/// How long the thread stays for the next bounded call when none runs.
const IDLE: Duration = Duration::from_millis(100);
/// How often it looks at least whether a bounded call still runs.
const LONGEST: Duration = Duration::from_secs(1);
/// Later than any moment at which a call can end: no thread waits, or it looks just now.
const NOT_WAITING: Moment = u64::MAX;

/// One for each engine that checks epochs. The thread starts with the first bounded call, sleeps until
/// the first of all moments, and ends a second after the last one at the latest. It keeps neither the
/// engine nor the runtime.
pub(crate) struct Alarm {
    engine: EngineWeak,
    /// When the thread looks next.
    next: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    slots: Vec<Weak<Slot>>,
    thread: bool,
}

impl Alarm {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.weak(),
            next: AtomicU64::new(NOT_WAITING),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Looks after a slot from now on.
    pub(super) fn add(&self, slot: &Arc<Slot>) {
        self.lock().slots.push(Arc::downgrade(slot));
    }

    /// Has the thread look no later than at `moment`, when it has been written into a slot.
    pub(super) fn look_at(self: &Arc<Self>, moment: Moment) -> std::io::Result<()> {
        if moment >= self.next.load(SeqCst) {
            return Ok(());
        }
        let mut state = self.lock();
        if state.thread {
            self.changed.notify_one();
        } else {
            let alarm = Arc::clone(self);
            let thread = std::thread::Builder::new().name("wasmport-alarm".into());
            thread.spawn(move || alarm.run())?;
            state.thread = true;
        }
        Ok(())
    }

    fn run(&self) {
        let mut state = self.lock();
        let mut was_idle = false;
        loop {
            // Who begins a call meanwhile waits for the lock, and has it look once more.
            self.next.store(NOT_WAITING, SeqCst);
            let first = first(&mut state.slots);
            let now = now();
            let (next, wait) = match first {
                None if was_idle => {
                    state.thread = false;
                    return;
                }
                None => (NEVER, IDLE),
                Some(moment) if moment > now => {
                    (moment, LONGEST.min(Duration::from_nanos(moment - now)))
                }
                Some(_) => {
                    if let Some(engine) = self.engine.upgrade() {
                        engine.increment_epoch();
                    }
                    (after(now, AGAIN), AGAIN)
                }
            };
            self.next.store(next, SeqCst);
            let waited = self.changed.wait_timeout(state, wait);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            was_idle = first.is_none() && timeout.timed_out();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first of the moments at which running calls end.
fn first(slots: &mut Vec<Weak<Slot>>) -> Option<Moment> {
    let mut first = None;
    slots.retain(|slot| {
        let Some(slot) = slot.upgrade() else { return false };
        first = first.into_iter().chain(slot.pending()).min();
        true
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineConfig, Runtime};
    use std::time::Instant;

    fn until(what: impl Fn() -> bool) {
        let begun = Instant::now();
        while !what() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never was so");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn runtime() -> (Runtime, Arc<Alarm>) {
        let runtime = Runtime::new(&EngineConfig::new().epoch_interruption(true)).unwrap();
        let alarm = Arc::clone(runtime.alarm().unwrap());
        (runtime, alarm)
    }

    #[test]
    fn engines_that_check_no_epochs_have_none() {
        assert!(Runtime::new(&EngineConfig::new()).unwrap().alarm().is_none());
    }

    #[test]
    fn there_is_a_thread_while_calls_run_and_not_for_long_after() {
        let (runtime, alarm) = runtime();
        let slot = Arc::<Slot>::default();
        alarm.add(&slot);
        let idle = Arc::strong_count(&alarm);
        for _ in 0..2 {
            assert!(!alarm.lock().thread);
            alarm.look_at(slot.enter()).unwrap();
            assert!(alarm.lock().thread);
            std::thread::sleep(IDLE * 2);
            assert!(alarm.lock().thread, "a call runs");
            slot.leave();
            until(|| !alarm.lock().thread);
        }
        until(|| Arc::strong_count(&alarm) == idle);
        drop(slot);
        let other = Arc::<Slot>::default();
        alarm.add(&other);
        alarm.look_at(other.enter()).unwrap();
        until(|| alarm.lock().slots.len() == 1);
        other.leave();
        drop(runtime);
    }

    #[test]
    fn it_sleeps_until_the_first_moment_of_those_that_run() {
        let (_runtime, alarm) = runtime();
        let slots: [Arc<Slot>; 3] = Default::default();
        let moments = [40, 20, 10].map(Duration::from_secs);
        let ends = std::array::from_fn::<_, 3, _>(|i| {
            alarm.add(&slots[i]);
            slots[i].set(after(now(), moments[i]), moments[i])
        });
        let next = || alarm.next.load(SeqCst);
        slots[0].enter();
        alarm.look_at(ends[0]).unwrap();
        until(|| next() == ends[0]);
        // A later one changes nothing, an earlier one does.
        slots[1].enter();
        alarm.look_at(ends[1]).unwrap();
        until(|| next() == ends[1]);
        assert!(ends[2] < next(), "no call of the third runs");
    }

    #[test]
    fn it_keeps_no_engine() {
        let (runtime, alarm) = runtime();
        let slot = Arc::<Slot>::default();
        alarm.add(&slot);
        slot.interrupt();
        alarm.look_at(slot.enter()).unwrap();
        until(|| alarm.next.load(SeqCst) != NOT_WAITING);
        drop(runtime);
        until(|| alarm.engine.upgrade().is_none());
    }
}
