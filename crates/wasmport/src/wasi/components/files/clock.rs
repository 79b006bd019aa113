//! `WallClock`: the time of a session for streams, which have no access to its context.

use crate::wasi::time::reading::file_time;
use crate::wasi::{Clock, WasiCtx};
use std::sync::Arc;

/// The wall clock of a session.
#[derive(Clone)]
pub(super) struct WallClock(Arc<dyn Clock>);

impl WallClock {
    /// Returns the clock of a context.
    pub fn of(context: &WasiCtx) -> Self {
        Self(Arc::clone(context.clock()))
    }

    /// Returns the time in nanoseconds since 1970.
    pub fn now(&self) -> u64 {
        file_time(&*self.0)
    }
}
