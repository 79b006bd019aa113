//! Limits of guests in fuel and time: time limits, deadlines of groups, and slices of calls.
//!
//! Fuel is counted by the guest's own code. Time is not: code with epoch checks compares a counter of
//! the engine at each loop and call. When the counter has changed, it asks the session's
//! [`Deadlines`], which compare the time. The [`EpochTimer`] increments the counter when the first
//! deadline of all running calls expires, and only then: no clock ticks. A call that waits checks no
//! epoch: the timer wakes it. A call that returns late fails too.

#[cfg(any(feature = "async", feature = "wasi"))]
mod alarm;
mod budget;
mod deadline;
mod deadlines;
mod group;
#[cfg(any(feature = "async", feature = "wasi"))]
mod sleep;
mod store;
mod timer;
#[cfg(feature = "wasi")]
mod waiting;

pub use budget::MemoryBudget;
#[cfg(feature = "async")]
pub(crate) use deadline::CallDeadline;
pub(crate) use deadline::{Timestamp, now, timestamp_after};
pub(crate) use deadlines::Deadlines;
pub use group::Group;
#[cfg(any(feature = "async", feature = "wasi"))]
pub(crate) use sleep::sleep_until;
#[cfg(feature = "replay")]
pub(crate) use store::is_ended;
pub(crate) use store::{Bounds, call_error, disable_deadline};
pub(crate) use timer::EpochTimer;
#[cfg(feature = "wasi")]
pub(crate) use waiting::{has_deadlines, until_deadline};
