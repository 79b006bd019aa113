//! Preview 3: the interfaces with async functions and streams.

use super::components::{Clocks, ClocksView};
use super::time::reading::resolution;
use wasmtime::component::Accessor;
use wasmtime_wasi::p3::bindings::clocks::monotonic_clock;

/// Wasmtime's generated code for the interfaces of preview 3, for components whose own interfaces use
/// their types.
pub use wasmtime_wasi::p3::bindings;

impl monotonic_clock::Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock().monotonic())
    }

    fn get_resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(resolution(self.clock()))
    }
}

impl<U> monotonic_clock::HostWithStore<U> for Clocks {
    async fn wait_until(store: &Accessor<U, Self>, when: u64) -> wasmtime::Result<()> {
        store.with(|mut access| access.get().sleep(when)).await;
        Ok(())
    }

    async fn wait_for(store: &Accessor<U, Self>, nanos: u64) -> wasmtime::Result<()> {
        let sleep = store.with(|mut access| {
            let clocks = access.get();
            clocks.sleep(clocks.clock().monotonic().saturating_add(nanos))
        });
        sleep.await;
        Ok(())
    }
}
