//! `Sliced`: what has a call yield when its slice is over.

use super::slot::{after, now};
use super::{Alarm, Slot};
use crate::{Error, Result, Session, Slice};
use std::sync::Arc;
use std::time::Duration;

/// How long a slice takes, where it is bounded in time.
pub(crate) struct Sliced(Option<Timed>);

struct Timed {
    slot: Arc<Slot>,
    alarm: Arc<Alarm>,
    time: Duration,
}

impl Sliced {
    pub(crate) fn set_time(&mut self, time: Duration) {
        self.0.iter_mut().for_each(|timed| timed.time = time);
    }

    /// Runs a slice.
    pub(crate) fn run<R>(&self, slice: impl FnOnce() -> R) -> R {
        let Some(Timed { slot, alarm, time }) = &self.0 else { return slice() };
        // The thread is there as long as this is: its slot counts as a call that runs.
        let _ = alarm.look_at(slot.set(after(now(), *time), *time));
        let result = slice();
        slot.clear();
        result
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.slot.leave();
    }
}

impl<T: 'static, W> Session<T, W> {
    /// Has calls yield, until [`Self::unslice`].
    pub(crate) fn slice(&mut self, slice: Slice) -> Result<Sliced> {
        match slice {
            Slice::Unbounded => Ok(Sliced(None)),
            Slice::Fuel(fuel) => {
                let metered = self.store.fuel_async_yield_interval(Some(fuel.max(1)));
                metered.map_err(|_| Error::NotMetered { knob: "fuel" })?;
                Ok(Sliced(None))
            }
            Slice::Time(time) => {
                let slot = Arc::<Slot>::default();
                let alarm = self.change_watch(|watch| watch.set_slice(Some(Arc::clone(&slot))))?;
                let first = slot.enter();
                let timed = Timed { slot, alarm, time };
                timed.alarm.add(&timed.slot);
                timed.alarm.look_at(first).map_err(|source| Error::Thread { source })?;
                Ok(Sliced(Some(timed)))
            }
        }
    }
    /// Has calls run through again.
    pub(crate) fn unslice(&mut self, slice: Slice) {
        // It was possible to set, so it is to undo.
        match slice {
            Slice::Unbounded => {}
            Slice::Fuel(_) => drop(self.store.fuel_async_yield_interval(None)),
            Slice::Time(_) => drop(self.change_watch(|watch| watch.set_slice(None))),
        }
    }
}
