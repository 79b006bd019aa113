//! `WasiCtx`, what a store has of a `Wasi`, and the way of its functions into a linker.

use super::{ManualClock, Wasi, poll};
use crate::support::PREVIEW_1;
use crate::{Exit, SessionData};
use std::fmt;
use wasmtime::{Linker, Result, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

/// What a store has of a [`Wasi`]: descriptors, streams, clocks. A part of the store's data.
pub struct WasiCtx {
    preview1: WasiP1Ctx,
    clock: Option<ManualClock>,
    #[cfg(feature = "wasi-p3")]
    sleeps: super::p3::Sleeps,
}

impl WasiCtx {
    pub(super) fn new(preview1: WasiP1Ctx, clock: Option<ManualClock>) -> Self {
        Self {
            preview1,
            clock,
            #[cfg(feature = "wasi-p3")]
            sleeps: super::p3::Sleeps::default(),
        }
    }

    /// The part of it that is the same for components.
    #[cfg(feature = "component-model")]
    pub(super) fn preview_2(&mut self) -> wasmtime_wasi::WasiCtxView<'_> {
        wasmtime_wasi::WasiView::ctx(&mut self.preview1)
    }

    pub(super) fn clock(&self) -> Option<&ManualClock> {
        self.clock.as_ref()
    }

    #[cfg(feature = "wasi-p3")]
    pub(super) fn sleeps(&self) -> &super::p3::Sleeps {
        &self.sleeps
    }
}

/// That of an empty [`Wasi`].
impl Default for WasiCtx {
    fn default() -> Self {
        Self::new(WasiCtxBuilder::new().build_p1(), None)
    }
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Wasi {
    /// Defines the functions of preview 1 in `linker`; `get` finds in a store's data the context that
    /// this or a clone of it has [built](Self::build). Afterwards `linker` allows no shadowing.
    ///
    /// # Errors
    ///
    /// Where a name is defined already.
    pub fn add_to_linker<T: Send + 'static>(
        &self,
        linker: &mut Linker<T>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<()> {
        p1::add_to_linker_sync(linker, move |data| &mut get(data).preview1)?;
        self.replace(linker, get)
    }

    /// As [`Self::add_to_linker`], of functions that wait, for contexts of
    /// [`build_async`](Self::build_async).
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub fn add_to_linker_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<T>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<()> {
        p1::add_to_linker_async(linker, move |data| &mut get(data).preview1)?;
        self.replace(linker, get)
    }

    /// Gives a session its context and the functions: in the closure of its `with_linker`. Where an
    /// asset imports preview 1, `new` does this.
    ///
    /// # Errors
    ///
    /// As [`Self::build`] and [`Self::add_to_linker`].
    pub fn link<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build()?);
        self.add_to_linker(linker, SessionData::wasi)
    }

    /// As [`Self::link`], of a session whose calls wait.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub fn link_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build_async()?);
        self.add_to_linker_async(linker, SessionData::wasi)
    }

    /// Puts functions of our own in place of some of Wasmtime's.
    fn replace<T: 'static>(
        &self,
        linker: &mut Linker<T>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<()> {
        linker.allow_shadowing(true);
        // Wasmtime's knows codes up to 125; `exit(-1)` of C is 255 to a system and -1 here.
        let exit = |code: i32| -> Result<()> { Err(Exit::new(code).into()) };
        let mut replaced = linker.func_wrap(PREVIEW_1, "proc_exit", exit).map(drop);
        // Wasmtime's sleeps in real time, whatever the clock.
        if self.clock.is_some() {
            replaced = replaced.and_then(|()| poll::replace(linker, PREVIEW_1, get));
        }
        linker.allow_shadowing(false);
        replaced
    }
}

/// How a guest ended itself through Wasmtime's own functions, as components do.
pub(crate) fn exit_of(error: &wasmtime::Error) -> Option<Exit> {
    error.downcast_ref::<wasmtime_wasi::I32Exit>().map(|exit| Exit::new(exit.0))
}
