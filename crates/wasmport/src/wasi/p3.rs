//! Preview 3: the interfaces with functions that wait and streams, in the linkers of components.

use super::component::{Clocks, ClocksView};
use super::{ManualClock, Wasi};
use crate::SessionData;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use wasmtime::Store;
use wasmtime::component::{Accessor, Linker};
use wasmtime_wasi::p3::bindings::clocks::monotonic_clock;

/// What Wasmtime generated from the interfaces of preview 3, for components whose own interfaces use
/// their types.
pub use wasmtime_wasi::p3::bindings;

impl Wasi {
    /// Defines the interfaces of preview 3 in `linker`, and those of preview 2, which many components
    /// import besides: for contexts of [`build_async`](Self::build_async). Afterwards `linker` allows
    /// no shadowing.
    ///
    /// The implementation is Wasmtime's, which calls it experimental and promises no patch releases
    /// for it.
    ///
    /// # Errors
    ///
    /// Where a name is defined already, or the engine is configured without
    /// [`concurrency_support`](crate::EngineConfig::concurrency_support).
    pub fn add_to_component_linker_p3<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        self.add_to_component_linker_async(linker)?;
        wasmtime_wasi::p3::add_to_linker(linker)?;
        self.replace_clock(linker, monotonic_clock::add_to_linker::<_, Clocks>)
    }

    /// Gives a session of a component its context and the interfaces of previews 2 and 3.
    ///
    /// # Errors
    ///
    /// As [`Self::build_async`] and [`Self::add_to_component_linker_p3`].
    pub fn link_component_p3<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        store.data_mut().set_wasi(self.build_async()?);
        self.add_to_component_linker_p3(linker)
    }
}

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
    fn sleep(&mut self, until: u64) -> wasmtime::Result<Sleep> {
        let (clock, sleeps) = (self.clock()?, self.0.sleeps().clone());
        sleeps.lock().begin(until);
        Ok(Sleep { clock, sleeps, until })
    }
}

/// The sleeps of a store's guests.
#[derive(Clone, Default)]
pub(super) struct Sleeps(Arc<Mutex<Pending>>);

impl Sleeps {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Pending {
    /// Until when, each time with the number of sleeps that end then.
    until: BTreeMap<u64, u32>,
    /// How often the first of them has been asked since one began or ended.
    turns: u32,
}

/// How many turns guests have to go on, in each of which Wasmtime does one thing that is ready, before
/// the clock moves.
const TURNS: u32 = 16;

impl Pending {
    fn begin(&mut self, until: u64) {
        *self.until.entry(until).or_default() += 1;
        self.turns = 0;
    }

    fn end(&mut self, until: u64) {
        if let Some(count) = self.until.get_mut(&until) {
            *count -= 1;
            if *count == 0 {
                let _ = self.until.remove(&until);
            }
        }
        self.turns = 0;
    }

    /// Whether the clock may move to `until`.
    fn may_end(&mut self, until: u64) -> bool {
        let is_first = self.until.range(..until).next().is_none();
        self.turns += u32::from(is_first);
        is_first && self.turns > TURNS
    }
}

/// Sets the clock forward when it is the first of its store's sleeps to end, and guests have had their
/// turns: else two sleeps that one begins together would take as long as one after the other, and the
/// second would be over when it is told of the first.
struct Sleep {
    clock: ManualClock,
    sleeps: Sleeps,
    until: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.nanos() < self.until && !self.sleeps.lock().may_end(self.until) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.clock.advance_to(self.until);
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.sleeps.lock().end(self.until);
    }
}

#[cfg(test)]
mod tests {
    use super::super::WasiCtx;
    use super::*;
    use std::task::Waker;
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
        assert!(ends(&mut begin(3)), "it is later already");
        assert!(!ends(&mut long));
        drop(given_up);
        assert!(ends(&mut long));
        assert_eq!(clock.nanos(), 7);
    }
}
