//! WASI in the linkers of sessions.

use super::data::SessionData;
use crate::wasi::Wasi;
#[cfg(all(feature = "vfs", feature = "wasi-p3"))]
use crate::wasi::files_p3;
#[cfg(feature = "component-model")]
use crate::wasi::{Clocks, ClocksView, Io, IoView};
#[cfg(all(feature = "vfs", feature = "component-model"))]
use crate::wasi::{FilesView, files_p2};
use wasmtime::{Linker, Result, Store};
#[cfg(feature = "component-model")]
use wasmtime_wasi::{WasiCtxView, WasiView, p2};

#[cfg(feature = "component-model")]
type ComponentLinker<T> = wasmtime::component::Linker<SessionData<T>>;

#[cfg(feature = "component-model")]
impl<T: Send + 'static> WasiView for SessionData<T> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi().preview_2()
    }
}

/// Preview 1 for sessions of core modules.
impl Wasi {
    /// Defines the functions of preview 1 in the linker of a session, and sets the session's context:
    /// for the closure of its `with_linker`. The `new` of an asset that imports preview 1 does the same.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::build`] and [`Self::add_to_linker`].
    pub fn link<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build()?);
        self.add_to_linker(linker, SessionData::wasi)
    }

    /// Async version of [`Self::link`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::link`].
    #[cfg(feature = "async")]
    pub fn link_async<T: Send + 'static>(
        &self,
        linker: &mut Linker<SessionData<T>>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build_async()?);
        self.add_to_linker_async(linker, SessionData::wasi)
    }
}

/// Previews 2 and 3 for sessions of components.
#[cfg(feature = "component-model")]
impl Wasi {
    /// Defines the interfaces of preview 2 in `linker`, for sessions with a context that this `Wasi` or
    /// a clone of it has [built](Self::build). Afterwards `linker` allows no shadowing.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    pub fn add_to_component_linker<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
    ) -> Result<()> {
        use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
        use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
        let mut options = p2::bindings::sync::LinkOptions::default();
        options.network_error_code(true);
        p2::add_to_linker_with_options_sync(linker, &options)?;
        linker.allow_shadowing(true);
        let replaced = poll::add_to_linker::<_, Io>(linker, io)
            .and_then(|()| streams::add_to_linker::<_, Io>(linker, io));
        linker.allow_shadowing(false);
        replaced?;
        #[cfg(feature = "vfs")]
        files_p2::replace(linker, |data| FilesView(data.wasi()))?;
        self.replace_clock(linker, monotonic_clock::add_to_linker::<_, Clocks>)?;
        self.replace_network_and_audit(linker)
    }

    /// Async version of [`Self::add_to_component_linker`], for contexts of
    /// [`build_async`](Self::build_async).
    ///
    /// # Errors
    ///
    /// Fails like [`Self::add_to_component_linker`].
    #[cfg(feature = "async")]
    pub fn add_to_component_linker_async<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
    ) -> Result<()> {
        use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
        let mut options = p2::bindings::LinkOptions::default();
        options.network_error_code(true);
        p2::add_to_linker_with_options_async(linker, &options)?;
        #[cfg(feature = "vfs")]
        files_p2::replace_async(linker, |data| FilesView(data.wasi()))?;
        self.replace_clock(linker, monotonic_clock::add_to_linker::<_, Clocks>)?;
        self.replace_network_and_audit_async(linker)
    }

    /// Defines the interfaces of previews 2 and 3 in `linker`, for contexts of
    /// [`build_async`](Self::build_async): many components import both. Afterwards `linker` allows no
    /// shadowing.
    ///
    /// The implementation is Wasmtime's, which calls it experimental and does not promise fixes in patch
    /// releases.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined, or the engine is configured without
    /// [`concurrency_support`](crate::EngineConfig::concurrency_support), or with an [`audit`](Self::audit),
    /// which does not see the calls of preview 3.
    #[cfg(feature = "wasi-p3")]
    pub fn add_to_component_linker_p3<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
    ) -> Result<()> {
        use wasmtime_wasi::p3::bindings::clocks::monotonic_clock;
        if self.audit.is_some() {
            return Err(wasmtime::Error::msg(
                "an audit does not see the calls of WASI 0.3; link WASI 0.2 alone, or set no audit",
            ));
        }
        self.add_to_component_linker_async(linker)?;
        wasmtime_wasi::p3::add_to_linker(linker)?;
        #[cfg(feature = "vfs")]
        files_p3::replace(linker, |data| FilesView(data.wasi()))?;
        self.replace_clock(linker, monotonic_clock::add_to_linker::<_, Clocks>)
    }

    /// Defines the interfaces of preview 2 in the linker of a session, and sets the session's context.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::build`] and [`Self::add_to_component_linker`].
    pub fn link_component<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build()?);
        self.add_to_component_linker(linker)
    }

    /// Async version of [`Self::link_component`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::link_component`].
    #[cfg(feature = "async")]
    pub fn link_component_async<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build_async()?);
        self.add_to_component_linker_async(linker)
    }

    /// Defines the interfaces of previews 2 and 3 in the linker of a session, and sets the session's
    /// context.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::build_async`] and [`Self::add_to_component_linker_p3`].
    #[cfg(feature = "wasi-p3")]
    pub fn link_component_p3<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
        store: &mut Store<SessionData<T>>,
    ) -> Result<()> {
        store.data_mut().set_wasi(self.build_async()?);
        self.add_to_component_linker_p3(linker)
    }

    /// Replaces Wasmtime's clock, which sleeps in real time whatever the clock is.
    fn replace_clock<T: Send + 'static>(
        &self,
        linker: &mut ComponentLinker<T>,
        define: DefineClock<T>,
    ) -> Result<()> {
        linker.allow_shadowing(true);
        let replaced = define(linker, |data| ClocksView(data.wasi()));
        linker.allow_shadowing(false);
        replaced
    }
}

/// Returns the resources of a session's `wasi:io`.
#[cfg(feature = "component-model")]
fn io<T: Send + 'static>(data: &mut SessionData<T>) -> IoView<'_> {
    IoView(data.wasi().preview_2().table)
}

/// Wasmtime's generated function that defines an interface which [`Clocks`] implements.
#[cfg(feature = "component-model")]
type DefineClock<T> =
    fn(&mut ComponentLinker<T>, fn(&mut SessionData<T>) -> ClocksView<'_>) -> Result<()>;
