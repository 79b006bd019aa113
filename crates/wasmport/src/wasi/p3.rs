//! Preview 3: the interfaces with async functions and streams.

use super::clocks::{Clocks, ClocksView};
use super::sleeps::Sleep;
use wasmtime::component::Accessor;
use wasmtime_wasi::p3::bindings::clocks::monotonic_clock;

/// Wasmtime's generated code for the interfaces of preview 3, for components whose own interfaces use
/// their types.
pub use wasmtime_wasi::p3::bindings;

impl monotonic_clock::Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock()?.nanos())
    }

    fn get_resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }
}

impl<U> monotonic_clock::HostWithStore<U> for Clocks {
    async fn wait_until(store: &Accessor<U, Self>, when: u64) -> wasmtime::Result<()> {
        store.with(|mut access| access.get().sleep(when))?.await;
        Ok(())
    }

    async fn wait_for(store: &Accessor<U, Self>, nanos: u64) -> wasmtime::Result<()> {
        let sleep = store.with(|mut access| {
            let mut clocks = access.get();
            let now = clocks.clock()?.nanos();
            clocks.sleep(now.saturating_add(nanos))
        });
        sleep?.await;
        Ok(())
    }
}

impl ClocksView<'_> {
    /// Begins a sleep until `until` of the manual clock.
    fn sleep(&mut self, until: u64) -> wasmtime::Result<Sleep> {
        Ok(self.0.sleeps().begin(self.clock()?, until))
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ManualClock;
    use super::super::ctx::WasiCtx;
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Waker};
    use std::time::Duration;
    use wasmtime_wasi::WasiCtxBuilder;

    #[test]
    fn sleeps_that_begin_together_pass_together_the_first_to_end_first() {
        let clock = ManualClock::new(Duration::ZERO);
        let mut wasi = WasiCtx::new(WasiCtxBuilder::new().build_p1(), Some(clock.clone()));
        let mut begin = |until| Box::pin(ClocksView(&mut wasi).sleep(until).unwrap());
        let mut context = Context::from_waker(Waker::noop());
        let mut polled = |sleep: &mut Pin<Box<Sleep>>| sleep.as_mut().poll(&mut context).is_ready();
        let mut ends = |sleep: &mut Pin<Box<Sleep>>| (0..100).any(|_| polled(sleep));
        let (mut long, mut short, mut given_up) = (begin(7), begin(5), begin(6));
        assert!(!ends(&mut long) && !ends(&mut given_up), "another ends before");
        assert_eq!(clock.nanos(), 0);
        assert!(ends(&mut short));
        assert_eq!(clock.nanos(), 5);
        drop(short);
        assert!(ends(&mut begin(3)), "the clock is later");
        assert!(!ends(&mut long));
        drop(given_up);
        assert!(ends(&mut long));
        assert_eq!(clock.nanos(), 7);
    }
}
