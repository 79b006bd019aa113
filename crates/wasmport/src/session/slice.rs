//! `SliceTimer`: makes a call yield at the end of each slice.

use super::limits::NO_FUEL;
use super::state::Session;
use crate::error::{Error, Result};
use crate::limits::{CallDeadline, EpochTimer, now, timestamp_after};
use std::sync::Arc;
use std::time::Duration;

/// The length of a [`Resumable`](crate::Resumable) call's slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slice {
    /// Until a host function waits.
    Unbounded,
    /// An amount of fuel, at least 1: the same guest with the same input always yields at the same
    /// points. From then on the session accepts only `async` calls.
    Fuel(u64),
    /// A time.
    Time(Duration),
}

/// The timer of a call's slices, if they are bounded in time.
pub(crate) struct SliceTimer(Option<TimedSlice>);

struct TimedSlice {
    deadline: Arc<CallDeadline>,
    timer: Arc<EpochTimer>,
    time: Duration,
}

impl SliceTimer {
    pub fn set_time(&mut self, time: Duration) {
        self.0.iter_mut().for_each(|timed| timed.time = time);
    }

    /// Runs a slice.
    pub fn run<R>(&self, slice: impl FnOnce() -> R) -> R {
        let Some(TimedSlice { deadline, timer, time }) = &self.0 else { return slice() };
        // The timer's thread has started: this deadline counts as a running call.
        let _ = timer.wake_by(deadline.set(timestamp_after(now(), *time), *time));
        let result = slice();
        deadline.clear();
        result
    }
}

impl Drop for TimedSlice {
    fn drop(&mut self) {
        self.deadline.end_call();
    }
}

impl<T: 'static, W> Session<T, W> {
    /// Makes calls yield, until [`Self::stop_slicing`].
    pub(crate) fn slice(&mut self, slice: Slice) -> Result<SliceTimer> {
        match slice {
            Slice::Unbounded => Ok(SliceTimer(None)),
            Slice::Fuel(fuel) => {
                let metered = self.store.fuel_async_yield_interval(Some(fuel.max(1)));
                metered.map_err(|_| NO_FUEL)?;
                Ok(SliceTimer(None))
            }
            Slice::Time(time) => self.slice_by_time(time),
        }
    }

    fn slice_by_time(&mut self, time: Duration) -> Result<SliceTimer> {
        let deadline = Arc::<CallDeadline>::default();
        let slice = Arc::clone(&deadline);
        let timer = self.change_deadlines(|deadlines| deadlines.slice = Some(slice))?;
        let first = deadline.begin_call();
        let timed = TimedSlice { deadline, timer, time };
        timed.timer.register(&timed.deadline);
        timed.timer.wake_by(first).map_err(|source| Error::Thread { source })?;
        Ok(SliceTimer(Some(timed)))
    }

    /// Makes calls run without yielding again.
    pub(crate) fn stop_slicing(&mut self, slice: Slice) {
        // A limit that could be set can be reset.
        match slice {
            Slice::Unbounded => {}
            Slice::Fuel(_) => drop(self.store.fuel_async_yield_interval(None)),
            Slice::Time(_) => drop(self.change_deadlines(|deadlines| deadlines.slice = None)),
        }
    }
}
