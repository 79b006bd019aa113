//! Preview 2: the interfaces of WASI in the linkers of components.

use super::{ManualClock, Wasi, WasiCtx};
use crate::SessionData;
use std::future::{Future, ready};
use std::pin::Pin;
use wasmtime::Store;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{self, DynPollable, Pollable};
use wasmtime_wasi::{WasiCtxView, WasiView};

impl<T: Send + 'static> WasiView for SessionData<T> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi().preview_2()
    }
}

impl Wasi {
    /// Defines the interfaces of preview 2 in `linker`, for sessions with a context that this or a
    /// clone of it has [built](Self::build). Afterwards `linker` allows no shadowing.
    ///
    /// # Errors
    ///
    /// Where a name is defined already.
    pub fn add_to_component_linker<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        p2::add_to_linker_sync(linker)?;
        self.replace_clock(linker, monotonic_clock::add_to_linker::<_, Clocks>)
    }

    /// As [`Self::add_to_component_linker`], of functions that wait, for contexts of
    /// [`build_async`](Self::build_async).
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub fn add_to_component_linker_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        p2::add_to_linker_async(linker)?;
        self.replace_clock(linker, monotonic_clock::add_to_linker::<_, Clocks>)
    }

    /// Gives a session of a component its context and the interfaces.
    ///
    /// # Errors
    ///
    /// As [`Self::build`] and [`Self::add_to_component_linker`].
    pub fn link_component<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        store.data_mut().set_wasi(self.build()?);
        self.add_to_component_linker(linker)
    }

    /// As [`Self::link_component`], of a session whose calls wait.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub fn link_component_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> wasmtime::Result<()> {
        store.data_mut().set_wasi(self.build_async()?);
        self.add_to_component_linker_async(linker)
    }

    /// Has `define` put our clock in place of Wasmtime's, which sleeps in real time, whatever it shows.
    pub(super) fn replace_clock<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        define: Define<T>,
    ) -> wasmtime::Result<()> {
        if self.clock.is_none() {
            return Ok(());
        }
        linker.allow_shadowing(true);
        let replaced = define(linker, |data| ClocksView(data.wasi()));
        linker.allow_shadowing(false);
        replaced
    }
}

/// What Wasmtime generates to define an interface that [`Clocks`] implements.
type Define<T> = fn(
    &mut Linker<SessionData<T>>,
    fn(&mut SessionData<T>) -> ClocksView<'_>,
) -> wasmtime::Result<()>;

/// What implements the monotonic clock.
pub(super) struct Clocks;

impl HasData for Clocks {
    type Data<'a> = ClocksView<'a>;
}

pub(super) struct ClocksView<'a>(pub(super) &'a mut WasiCtx);

impl ClocksView<'_> {
    pub(super) fn clock(&self) -> wasmtime::Result<ManualClock> {
        self.0.clock().cloned().ok_or_else(|| {
            wasmtime::Error::msg(
                "the linker has WASI with a manual clock, and the context has none",
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

/// Sets the clock forward when it is waited for.
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
