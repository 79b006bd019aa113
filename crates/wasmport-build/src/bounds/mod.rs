//! Bounds on the time and memory that the import of an asset takes: files are not trusted, and a
//! compiler can be kept busy for days.

mod helper;
mod watchdog;

pub(crate) use helper::{Helper, serve};
pub(crate) use watchdog::{Overrun, Watchdog};
