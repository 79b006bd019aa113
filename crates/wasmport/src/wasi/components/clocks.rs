//! Preview 2's monotonic clock.

use crate::wasi::ctx::WasiCtx;
use crate::wasi::time::Clock;
use crate::wasi::time::sleeps::{Sleep, Sleeps};
use crate::wasi::time::wait::yield_now;
use std::sync::Arc;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{self, DynPollable, Pollable};

/// The implementation of the monotonic clock.
pub(crate) struct Clocks;

impl HasData for Clocks {
    type Data<'a> = ClocksView<'a>;
}

/// The context in which the clock is used.
pub(crate) struct ClocksView<'a>(pub(crate) &'a mut WasiCtx);

impl ClocksView<'_> {
    pub(in crate::wasi) fn clock(&self) -> &Arc<dyn Clock> {
        self.0.clock()
    }

    /// Begins a sleep until `until` of the clock.
    #[cfg(feature = "wasi-p3")]
    pub(in crate::wasi) fn sleep(&self, until: u64) -> Sleep {
        self.0.sleeps().begin(Arc::clone(self.clock()), until)
    }
}

impl monotonic_clock::Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock().monotonic())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(crate::wasi::time::reading::resolution(self.clock()))
    }

    fn subscribe_instant(&mut self, until: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let clock = Arc::clone(self.clock());
        let sleeps = self.0.sleeps().clone();
        let table = self.0.preview_2().table;
        let end = table.push(End { clock, sleeps, until, has_yielded: false })?;
        p2::subscribe(table, end)
    }

    fn subscribe_duration(&mut self, nanos: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.clock().monotonic();
        self.subscribe_instant(now.saturating_add(nanos))
    }
}

/// A time that a guest can wait for.
struct End {
    clock: Arc<dyn Clock>,
    sleeps: Sleeps,
    until: u64,
    has_yielded: bool,
}

impl End {
    fn sleep(&self) -> Sleep {
        self.sleeps.begin(Arc::clone(&self.clock), self.until)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for End {
    async fn ready(&mut self) {
        let is_past = self.clock.monotonic() >= self.until;
        // A guest that polls streams with a timeout of zero in a loop would otherwise keep the tasks from
        // running that read for it.
        if is_past && !self.has_yielded && self.clock.real_time_until(self.until).is_some() {
            self.has_yielded = true;
            yield_now().await;
        }
        self.sleep().await;
    }
}
