//! `Sleep`: a sleep of preview 3 on a manual clock.

use super::clock::ManualClock;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// The pending sleeps of a store's guests.
#[derive(Clone, Default)]
pub(super) struct Sleeps(Arc<Mutex<Pending>>);

impl Sleeps {
    /// Begins a sleep until `until` of `clock`.
    pub fn begin(&self, clock: ManualClock, until: u64) -> Sleep {
        self.lock().begin(until);
        Sleep { clock, sleeps: self.clone(), until }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Pending {
    /// Number of sleeps by the time at which they end.
    until: BTreeMap<u64, u32>,
    /// Number of polls of the first sleep since one began or ended.
    turns: u32,
}

/// Number of polls before the clock advances; before each, Wasmtime runs one task that is ready.
const TURNS: u32 = 16;

impl Pending {
    fn begin(&mut self, until: u64) {
        *self.until.entry(until).or_default() += 1;
        self.turns = 0;
    }

    fn end(&mut self, until: u64) {
        if let Some(count) = self.until.get_mut(&until) {
            *count -= 1;
            if *count == 0 {
                let _ = self.until.remove(&until);
            }
        }
        self.turns = 0;
    }

    /// Returns whether the clock may advance to `until`.
    fn may_end(&mut self, until: u64) -> bool {
        let is_first = self.until.range(..until).next().is_none();
        self.turns += u32::from(is_first);
        is_first && self.turns > TURNS
    }
}

/// A sleep. It advances the clock when it is the first of its store's sleeps to end and guests have run
/// for some turns: otherwise two concurrent sleeps would take as long as one after the other.
pub(super) struct Sleep {
    clock: ManualClock,
    sleeps: Sleeps,
    until: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.nanos() < self.until && !self.sleeps.lock().may_end(self.until) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.clock.advance_to(self.until);
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.sleeps.lock().end(self.until);
    }
}
