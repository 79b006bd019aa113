//! The ways to start a session.

use super::data::{LinkerOf, SessionData};
use super::imports::Imports;
use super::record::start_with_recording;
use super::state::{Session, start_failed, start_of};
use super::stubs::Stubs;
use crate::code::{Code, Linking};
use crate::error::Result;
use crate::limits::Deadlines;
use crate::runtime::{ALL_VERSIONS, Loaded, Runtime};
use crate::wrapper::{AssetWrapper, Wrapper};
use std::sync::Arc;
use wasmtime::Store;

impl<T: 'static, W: AssetWrapper> Session<T, W> {
    /// Loads and instantiates the asset with the imports that `define` adds to the linker.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load`], and if an import is missing, the start function fails, or the
    /// instance exceeds [`Limits`](crate::Limits).
    pub fn start(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            &Loaded<W::Code>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        Self::start_loaded(&runtime.load(W::ASSET)?, 0, data, define)
    }
}

impl<T: 'static, W: Wrapper> Session<T, W> {
    /// Instantiates loaded code that has the wrapper's interface, with the imports that `define` adds to the
    /// linker.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`](crate::Error::Interface) if the code has another interface, and if an
    /// import is missing, the start function fails, or the instance exceeds [`Limits`](crate::Limits).
    pub fn start_of(
        loaded: &Loaded<W::Code>,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            &Loaded<W::Code>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let version = W::check_version(loaded, ALL_VERSIONS)?;
        Self::start_loaded(loaded, version, data, define)
    }

    /// Instantiates loaded code that has the exports of the wrapper's interface, with imports that do nothing: to
    /// look at a plug-in, such as to ask for its name, before it is given anything.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`](crate::Error::Interface) if the code has other exports, and if the start
    /// function fails, or the instance exceeds [`Limits`](crate::Limits).
    pub fn stubbed(loaded: &Loaded<W::Code>, data: T, stubs: Stubs) -> Result<Self> {
        let version = W::check_exports(loaded)?;
        Self::start_with_imports(loaded, version, data, |store| {
            Imports::stubbed::<W>(loaded, version, store, stubs)
        })
    }

    /// Instantiates loaded code like [`Self::start_of`], with the index of its version for `define`.
    pub(crate) fn start_version_of(
        loaded: &Loaded<W::Code>,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            usize,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let version = W::check_version(loaded, ALL_VERSIONS)?;
        Self::start_loaded(loaded, version, data, |linker, store, _| define(linker, store, version))
    }

    fn start_loaded(
        loaded: &Loaded<W::Code>,
        version: usize,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            &Loaded<W::Code>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let linking = W::linking_of(loaded, version);
        Self::start_with_imports(loaded, version, data, |store| {
            Imports::of(loaded, linking, |linker| define(linker, store, loaded))
        })
    }

    fn start_with_imports<'a>(
        loaded: &'a Loaded<W::Code>,
        version: usize,
        data: T,
        imports: impl FnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<Imports<'a, W::Code, T>>,
    ) -> Result<Self> {
        Self::start_in_store(loaded, data, |store| {
            let instance = imports(store)?.instantiate(store)?;
            W::of_version(store, &instance, version)
        })
    }
}

impl<T: 'static> Session<T> {
    /// Instantiates an asset without a wrapper, such as a [`DynamicAsset`](crate::DynamicAsset), with the
    /// imports that `define` adds to the linker. Initializes it if it is a reactor.
    ///
    /// ```
    /// # fn main() -> wasmport::Result<()> {
    /// # if !cfg!(feature = "compile") { return Ok(()) }
    /// use wasmport::{DynamicAsset, EngineConfig, Runtime, Session};
    /// let text = r#"(module
    ///     (import "host" "ten" (func $ten (result i32)))
    ///     (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (call $ten))))"#;
    /// let runtime = Runtime::new(&EngineConfig::new())?;
    /// let plugin = runtime.load_dynamic(&DynamicAsset::new("plugin", text))?;
    /// let mut session = Session::of(&plugin, 10, |linker, _| {
    ///     linker.func_wrap("host", "ten", |caller: wasmport::wasmtime::Caller<'_, _>| {
    ///         *wasmport::SessionData::get(caller.data())
    ///     })?;
    ///     Ok(())
    /// })?;
    /// assert_eq!(session.call_func::<i32, i32>("add", 3)?, 13);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if an import is missing, the start function or the initialization fails, or the instance
    /// exceeds [`Limits`](crate::Limits).
    pub fn of<C: Code>(
        loaded: &Loaded<C>,
        data: T,
        define: impl FnOnce(&mut LinkerOf<C, T>, &mut Store<SessionData<T>>) -> wasmtime::Result<()>,
    ) -> Result<Session<T, C::Instance>> {
        Session::start_in_store(loaded, data, |store| {
            let imports = Imports::of(loaded, Linking::default(), |linker| define(linker, store))?;
            imports.instantiate(store)
        })
    }
}

impl<T: 'static, W> Session<T, W> {
    /// Starts a session with the result of `instantiate` in its new store.
    pub(crate) fn start_in_store<C: Code>(
        loaded: &Loaded<C>,
        data: T,
        instantiate: impl FnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<W>,
    ) -> Result<Self> {
        let runtime = loaded.runtime();
        let callee = start_of(runtime, loaded.asset());
        let mut store = runtime.store(data);
        let deadlines = new_deadlines(runtime, &mut store);
        let running = deadlines.as_ref().map(Deadlines::begin).transpose();
        let running = running.map_err(|ended| ended.into_error(callee))?;
        let wrapper = instantiate(&mut store).map(|wrapper| match &running {
            Some(running) => running.end(wrapper),
            None => Ok(wrapper),
        });
        drop(running);
        let wrapper = wrapper.map_err(|error| {
            let error = start_failed(callee, &mut store, error);
            start_with_recording(&store, error)
        })?;
        let wrapper = wrapper.map_err(|ended| ended.into_error(callee))?;
        Ok(Self::from_parts(loaded, store, wrapper, deadlines))
    }
}

/// Installs the runtime's time limit in a new store, its groups and its yields, if there are any.
pub(super) fn new_deadlines<T: 'static>(
    runtime: &Runtime,
    store: &mut Store<T>,
) -> Option<Arc<Deadlines>> {
    let limits = runtime.limits();
    if limits.time.is_none() && limits.yield_every.is_none() && runtime.groups().is_empty() {
        return None;
    }
    let mut deadlines = Deadlines::new(runtime.timer()?, limits.time);
    runtime.groups().iter().for_each(|group| deadlines.join(group));
    #[cfg(feature = "async")]
    deadlines.set_yield_every(limits.yield_every);
    let deadlines = Arc::new(deadlines);
    deadlines.install(store);
    Some(deadlines)
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: AssetWrapper + Sync> Session<T, W> {
    /// Async version of [`Self::start`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start`].
    pub async fn start_async(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            &Loaded<W::Code>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        Self::start_loaded_async(&runtime.load(W::ASSET)?, 0, data, define).await
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: Wrapper + Sync> Session<T, W> {
    /// Async version of [`Self::start_of`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start_of`].
    pub async fn start_of_async(
        loaded: &Loaded<W::Code>,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            &Loaded<W::Code>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let version = W::check_version(loaded, ALL_VERSIONS)?;
        Self::start_loaded_async(loaded, version, data, define).await
    }

    /// Async version of [`Self::stubbed`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::stubbed`].
    pub async fn stubbed_async(loaded: &Loaded<W::Code>, data: T, stubs: Stubs) -> Result<Self> {
        let version = W::check_exports(loaded)?;
        let stubbed = |store: &mut _| Imports::stubbed::<W>(loaded, version, store, stubs);
        Self::start_with_imports_async(loaded, version, data, stubbed).await
    }

    /// Async version of [`Self::start_version_of`].
    pub(crate) async fn start_version_of_async(
        loaded: &Loaded<W::Code>,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            usize,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let version = W::check_version(loaded, ALL_VERSIONS)?;
        let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store, version);
        Self::start_loaded_async(loaded, version, data, define).await
    }

    async fn start_loaded_async(
        loaded: &Loaded<W::Code>,
        version: usize,
        data: T,
        define: impl FnOnce(
            &mut LinkerOf<W::Code, T>,
            &mut Store<SessionData<T>>,
            &Loaded<W::Code>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let linking = W::linking_of(loaded, version);
        let imports =
            |store: &mut _| Imports::of(loaded, linking, |linker| define(linker, store, loaded));
        Self::start_with_imports_async(loaded, version, data, imports).await
    }

    async fn start_with_imports_async<'a>(
        loaded: &'a Loaded<W::Code>,
        version: usize,
        data: T,
        imports: impl FnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<Imports<'a, W::Code, T>>,
    ) -> Result<Self> {
        Self::start_in_store_async(loaded, data, async |store: &mut Store<SessionData<T>>| {
            let instance = imports(store)?.instantiate_async(store).await?;
            W::of_version(store, &instance, version)
        })
        .await
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static> Session<T> {
    /// Async version of [`Self::of`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::of`].
    pub async fn of_async<C: Code>(
        loaded: &Loaded<C>,
        data: T,
        define: impl FnOnce(&mut LinkerOf<C, T>, &mut Store<SessionData<T>>) -> wasmtime::Result<()>,
    ) -> Result<Session<T, C::Instance>> {
        Session::start_in_store_async(loaded, data, async |store: &mut Store<SessionData<T>>| {
            let imports = Imports::of(loaded, Linking::default(), |linker| define(linker, store))?;
            imports.instantiate_async(store).await
        })
        .await
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: Sync> Session<T, W> {
    /// Async version of [`Self::start_in_store`].
    pub(super) async fn start_in_store_async<C: Code>(
        loaded: &Loaded<C>,
        data: T,
        instantiate: impl AsyncFnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<W>,
    ) -> Result<Self> {
        let runtime = loaded.runtime();
        let callee = start_of(runtime, loaded.asset());
        let mut store = runtime.store(data);
        let deadlines = new_deadlines(runtime, &mut store);
        let instantiated = instantiate(&mut store);
        let wrapper = match &deadlines {
            Some(deadlines) => deadlines.limit_polls(instantiated).await,
            None => instantiated.await.map(Ok),
        };
        let wrapper = wrapper.map_err(|error| {
            let error = start_failed(callee, &mut store, error);
            start_with_recording(&store, error)
        })?;
        let wrapper = wrapper.map_err(|ended| ended.into_error(callee))?;
        Ok(Self::from_parts(loaded, store, wrapper, deadlines))
    }
}
