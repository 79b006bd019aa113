//! `Sources`: the clock and the randomness of a session.

use super::random::{RandomSource, Randomness};
use super::time::{Clock, HostClock, SystemClock};
use std::sync::Arc;
use wasmtime_wasi::WasiCtxBuilder;

/// The clock and the randomness of a session. Clones are the same.
#[derive(Clone)]
pub(super) struct Sources {
    pub clock: Arc<dyn Clock>,
    pub random: Randomness,
}

impl Sources {
    /// Starts those of a session, and makes them those of Wasmtime's context.
    pub fn start(
        builder: &mut WasiCtxBuilder,
        clock: Option<&Arc<dyn Clock>>,
        random: &RandomSource,
    ) -> Self {
        let clock = clock.map_or_else(|| Arc::new(SystemClock::new()) as _, Arc::clone);
        builder.wall_clock(HostClock(Arc::clone(&clock)));
        builder.monotonic_clock(HostClock(Arc::clone(&clock)));
        Self { clock, random: random.start(builder) }
    }
}
