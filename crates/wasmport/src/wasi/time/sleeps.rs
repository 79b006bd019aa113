//! `Sleep`: a wait for a time, in previews 2 and 3.

use super::Clock;
use super::wait::sleep;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// The pending sleeps of a store's guests.
#[derive(Clone, Default)]
pub(in crate::wasi) struct Sleeps(Arc<Mutex<Pending>>);

impl Sleeps {
    /// Begins a sleep until `until` of `clock`.
    pub fn begin(&self, clock: Arc<dyn Clock>, until: u64) -> Sleep {
        self.lock().begin(until);
        Sleep { clock, sleeps: self.clone(), until, real: None }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Pending {
    /// Number of sleeps by the time at which they end.
    until: BTreeMap<u64, u32>,
    /// Number of polls of the first sleep since another began or ended.
    turns: u32,
    /// The end of the sleep that began or ended last.
    last: u64,
    /// Number of polls of first sleeps since the clock advanced, and the first end among them.
    asked: u32,
    earliest: Option<u64>,
}

/// Number of polls before the clock advances; before each, Wasmtime runs one task that is ready.
const TURNS: u32 = 16;

/// Number of polls after which a guest waits that asks several sleeps in turn whether they have ended.
const MOST_ASKED: u32 = 10_000;

impl Pending {
    fn begin(&mut self, until: u64) {
        *self.until.entry(until).or_default() += 1;
        self.change(until);
    }

    fn end(&mut self, until: u64) {
        if let Some(count) = self.until.get_mut(&until) {
            *count -= 1;
            if *count == 0 {
                let _ = self.until.remove(&until);
            }
        }
        self.change(until);
    }

    fn change(&mut self, until: u64) {
        // A guest that asks again and again whether one sleep has ended waits for it too.
        let is_alone = self.until.keys().all(|other| *other == until);
        if until != self.last || !is_alone {
            self.turns = 0;
        }
        self.last = until;
    }

    /// Returns whether the clock may advance to `until`.
    fn may_end(&mut self, until: u64) -> bool {
        if self.until.range(..until).next().is_some() {
            return false;
        }
        self.turns += 1;
        self.asked += 1;
        let earliest = self.earliest.map_or(until, |earliest| earliest.min(until));
        self.earliest = Some(earliest);
        let may_end = self.turns > TURNS || (self.asked > MOST_ASKED && until == earliest);
        // The guest may not ask for the earliest any more.
        if may_end || self.asked > 2 * MOST_ASKED {
            self.asked = 0;
            self.earliest = None;
        }
        may_end
    }
}

/// A sleep. On a clock that stands still, it advances the clock when it is the first of its store's sleeps to
/// end and guests have run for some turns: otherwise two concurrent sleeps would take as long as one after
/// the other, and a sleep would come before a stream that is ready.
pub(in crate::wasi) struct Sleep {
    clock: Arc<dyn Clock>,
    sleeps: Sleeps,
    until: u64,
    /// A sleep in real time, while one is under way.
    real: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        while this.clock.monotonic() < this.until {
            match this.clock.real_time_until(this.until) {
                Some(time) => {
                    let real = this.real.get_or_insert_with(|| Box::pin(sleep(time)));
                    ready!(real.as_mut().poll(context));
                    this.real = None;
                }
                None if this.sleeps.lock().may_end(this.until) => {
                    this.clock.advance_to(this.until);
                    break;
                }
                None => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.sleeps.lock().end(self.until);
    }
}
