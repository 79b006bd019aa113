//! `Follow`: files whose changes replace the code of slots.

mod file;
mod following;
mod load;
mod options;
mod signal;
mod slots;
mod watch;

pub use following::{Followed, Following};
pub use options::Follow;
pub use slots::Slots;
