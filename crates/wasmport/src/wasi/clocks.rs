//! Preview 2's monotonic clock with a `ManualClock`.

use super::clock::ManualClock;
use super::ctx::WasiCtx;
use std::future::{Future, ready};
use std::pin::Pin;
use wasmtime::component::{HasData, Resource, ResourceTable};
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
    pub(super) fn clock(&self) -> wasmtime::Result<ManualClock> {
        self.0.clock().cloned().ok_or_else(|| {
            wasmtime::Error::msg(
                "the linker has WASI with a manual clock, but the context has none",
            )
        })
    }

    fn table(&mut self) -> &mut ResourceTable {
        self.0.preview_2().table
    }
}

impl monotonic_clock::Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock()?.nanos())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, until: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let sleep = Sleep { clock: self.clock()?, until };
        let table = self.table();
        let sleep = table.push(sleep)?;
        p2::subscribe(table, sleep)
    }

    fn subscribe_duration(&mut self, nanos: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.clock()?.nanos();
        self.subscribe_instant(now.saturating_add(nanos))
    }
}

/// A sleep, which advances the clock when a guest waits for it.
struct Sleep {
    clock: ManualClock,
    until: u64,
}

impl Pollable for Sleep {
    fn ready<'a, 'f>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        self.clock.advance_to(self.until);
        Box::pin(ready(()))
    }
}
