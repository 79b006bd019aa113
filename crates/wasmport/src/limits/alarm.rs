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
/// It looks no later than that, since no wait may be too long for the operating system.
const LONGEST: Duration = Duration::from_secs(3600);
/// Later than any moment at which a call can end: no thread waits, or it looks just now.
const NOT_WAITING: Moment = u64::MAX;

/// One for each engine that checks epochs. The thread starts with the first bounded call, sleeps until
/// the first of all moments, and ends when no bounded call has run for a tenth of a second. It keeps
/// neither the engine nor the runtime.
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
