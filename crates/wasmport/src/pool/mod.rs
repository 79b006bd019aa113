//! `Pool`: a bounded number of sessions at once, each with a fresh instance.

mod permit;
mod reuse;
#[cfg(feature = "async")]
mod waiters;

pub use permit::{Permit, Pool, Pooled};
