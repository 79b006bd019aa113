//! What bounds the time of guests: fuel, time limits, deadlines of groups, and slices of calls.
//!
//! Fuel is counted by the guest's own code. Time is not: code that checks epochs compares a counter
//! of the engine at each loop and call, and where it moved asks the session's [`Watch`], which knows
//! the moments at which this session's call ends. The [`Alarm`] moves the counter when the first of
//! the moments of all running calls is reached, and not before: no clock ticks.

mod alarm;
mod group;
mod session;
#[cfg(feature = "async")]
mod slice;
mod slot;
mod watch;

pub(crate) use alarm::Alarm;
pub use group::Group;
pub(crate) use session::{ended, unbound};
#[cfg(feature = "async")]
pub(crate) use slice::Sliced;
#[cfg(feature = "async")]
use slot::Slot;
pub(crate) use watch::Watch;
