//! `SessionPre`: an asset that is linked once and starts many sessions.

use super::begin::begin;
#[cfg(feature = "async")]
use super::begin::begin_async;
use super::data::{LinkerOf, SessionData};
use super::generation::Generation;
#[cfg(feature = "async")]
use super::record::refuse_async;
use super::record::{Recorded, record_start};
use super::state::{Session, start_of};
use super::typed::{CodeOf, LinkedSession, StoreOf, TypedSession};
use crate::code::Operations;
use crate::error::Result;
use crate::runtime::{ALL_VERSIONS, Loaded, Runtime};
use crate::trace;
use crate::wrapper::{AssetWrapper, Wrapper};
use std::fmt;
use std::marker::PhantomData;
use wasmtime::AsContextMut as _;

/// A loaded and linked asset, which starts sessions: like `FooPre` for stores of the program's own.
/// Clones share it.
///
/// ```text
/// let pre = SessionPre::<CalcSession>::new(&runtime)?;
/// let mut calc = pre.start(())?;
/// ```
pub struct SessionPre<S: TypedSession> {
    loaded: Loaded<CodeOf<S>>,
    linked: LinkedCode<S>,
    /// Whether instances are initialized.
    is_reactor: bool,
    /// The index of the code's version.
    version: usize,
    /// Its place in a slot, which counts the sessions.
    generation: Option<Generation>,
    recorded: Recorded,
    session: PhantomData<fn() -> S>,
}

/// Code of a session's kind with its imports resolved.
type LinkedCode<S> = <CodeOf<S> as Operations>::Pre<SessionData<<S as TypedSession>::Data>>;

impl<S: TypedSession> Clone for SessionPre<S> {
    fn clone(&self) -> Self {
        let (loaded, linked) = (self.loaded.clone(), self.linked.clone());
        let (is_reactor, version) = (self.is_reactor, self.version);
        let (generation, recorded) = (self.generation.clone(), self.recorded.clone());
        Self { loaded, linked, is_reactor, version, generation, recorded, session: PhantomData }
    }
}

impl<S: TypedSession> SessionPre<S> {
    /// Loads the asset, and links it with the imports that the session's data implements.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load`].
    pub fn new(runtime: &Runtime) -> Result<Self>
    where
        S: LinkedSession,
        S::Wrapper: AssetWrapper,
    {
        Self::with_linker(runtime, S::link)
    }

    /// Loads the asset, and links it with the imports that `define` adds to the linker.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load`], and if an import is missing or has another type.
    pub fn with_linker(
        runtime: &Runtime,
        define: impl FnOnce(
            &mut LinkerOf<CodeOf<S>, S::Data>,
            &Loaded<CodeOf<S>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self>
    where
        S::Wrapper: AssetWrapper,
    {
        Self::link(runtime.load(S::Wrapper::ASSET)?, 0, define)
    }

    /// Links loaded code that has the wrapper's interface with the imports that the session's data
    /// implements. [`SessionLinker`](super::SessionLinker) defines these once for many modules.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`](crate::Error::Interface) if the code has another interface.
    pub fn of(loaded: &Loaded<CodeOf<S>>) -> Result<Self>
    where
        S: LinkedSession,
    {
        let version = S::Wrapper::check_version(loaded, ALL_VERSIONS)?;
        Self::link(loaded.clone(), version, |linker, loaded| S::link_code(linker, loaded, version))
    }

    /// Links loaded code that has the wrapper's interface with the imports that `define` adds to the linker.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::of`], and if an import is missing or has another type.
    pub fn of_with_linker(
        loaded: &Loaded<CodeOf<S>>,
        define: impl FnOnce(
            &mut LinkerOf<CodeOf<S>, S::Data>,
            &Loaded<CodeOf<S>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let version = S::Wrapper::check_version(loaded, ALL_VERSIONS)?;
        Self::link(loaded.clone(), version, define)
    }

    fn link(
        loaded: Loaded<CodeOf<S>>,
        version: usize,
        define: impl FnOnce(
            &mut LinkerOf<CodeOf<S>, S::Data>,
            &Loaded<CodeOf<S>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let mut linker = loaded.new_linker();
        let (defined, recorded) =
            Recorded::define::<S::Data, _>(loaded.runtime(), || define(&mut linker, &loaded));
        let defined = defined
            .map_err(|error| start_of(loaded.runtime(), loaded.asset()).call_error(None, error));
        defined.and_then(|()| Self::linked(loaded, version, &linker, recorded))
    }

    /// Resolves the imports.
    pub(super) fn linked(
        loaded: Loaded<CodeOf<S>>,
        version: usize,
        linker: &LinkerOf<CodeOf<S>, S::Data>,
        recorded: Recorded,
    ) -> Result<Self> {
        let linked = loaded.code().link(linker, &S::Wrapper::linking_of(&loaded, version));
        let linked = linked
            .map_err(|error| start_of(loaded.runtime(), loaded.asset()).call_error(None, error))?;
        let is_reactor = loaded.code().is_reactor();
        let generation = None;
        Ok(Self { loaded, linked, is_reactor, version, generation, recorded, session: PhantomData })
    }

    /// Returns the same linked code, whose sessions have the limits, groups and budgets of a runtime that shares its
    /// engine, such as one of [`Runtime::with_limits`].
    #[must_use]
    pub fn with_runtime(&self, runtime: &Runtime) -> Self {
        Self { loaded: self.loaded.with_runtime(runtime), ..self.clone() }
    }

    /// Gives the code its place in a slot.
    pub(crate) fn with_generation(self, generation: Generation) -> Self {
        Self { generation: Some(generation), ..self }
    }

    /// Returns its place in a slot.
    pub(crate) fn generation(&self) -> Option<&Generation> {
        self.generation.as_ref()
    }

    /// Starts a session with an instance of its own.
    ///
    /// # Errors
    ///
    /// Fails if the start function fails, or the pooling allocator has no space left.
    pub fn start(&self, data: S::Data) -> Result<S> {
        self.start_with(data, |_| Ok(()))
    }

    /// Starts a session like [`Self::start`], after `prepare` has changed its store: for a WASI context of
    /// its own.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start`], and with the error of `prepare`.
    pub fn start_with(
        &self,
        data: S::Data,
        prepare: impl FnOnce(&mut StoreOf<S>) -> wasmtime::Result<()>,
    ) -> Result<S> {
        let running = self.generation.as_ref().map(Generation::begin);
        let session = Session::start_in_store(&self.loaded, data, |store| {
            prepare(store)?;
            self.instantiate(store)
        });
        session.map(|session| S::from_session(session.counted(running)))
    }

    /// Instantiates the code in the store of a session, beside what is there: for chains of modules that share
    /// data and limits. Call it within [`Session::call`], which enforces limits and notices failures. If the runtime has a
    /// snapshot of the asset, the virtual files of the store become those of the snapshot, too.
    ///
    /// # Errors
    ///
    /// Fails if the start function fails, or the store's limits allow no further instance.
    pub fn instantiate(&self, store: &mut StoreOf<S>) -> wasmtime::Result<S::Wrapper> {
        let _span = trace::instantiate(self.loaded.asset()).entered();
        let linking = || S::Wrapper::linking_of(&self.loaded, self.version);
        let instance = record_start(&self.loaded, linking, &self.recorded, store, |store| {
            let instance = CodeOf::<S>::instantiate_pre(&self.linked, store.as_context_mut())?;
            begin(&self.loaded, self.is_reactor, &instance, store)?;
            Ok(instance)
        })?;
        S::Wrapper::of_version(store, &instance, self.version)
    }

    /// Async version of [`Self::start`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start`].
    #[cfg(feature = "async")]
    pub async fn start_async(&self, data: S::Data) -> Result<S>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        self.start_with_async(data, |_| Ok(())).await
    }

    /// Async version of [`Self::start_with`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start_with`].
    #[cfg(feature = "async")]
    pub async fn start_with_async(
        &self,
        data: S::Data,
        prepare: impl FnOnce(&mut StoreOf<S>) -> wasmtime::Result<()>,
    ) -> Result<S>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        let running = self.generation.as_ref().map(Generation::begin);
        let session = Session::start_in_store_async(&self.loaded, data, async |store| {
            prepare(store)?;
            self.instantiate_async(store).await
        });
        session.await.map(|session| S::from_session(session.counted(running)))
    }

    /// Async version of [`Self::instantiate`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::instantiate`].
    #[cfg(feature = "async")]
    pub async fn instantiate_async(&self, store: &mut StoreOf<S>) -> wasmtime::Result<S::Wrapper>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        refuse_async(&self.loaded)?;
        let instance = async {
            let context = store.as_context_mut();
            let instance = CodeOf::<S>::instantiate_pre_async(&self.linked, context).await?;
            begin_async(&self.loaded, self.is_reactor, &instance, store).await?;
            S::Wrapper::of_version(store, &instance, self.version)
        };
        trace::instantiate(self.loaded.asset()).around(instance).await
    }

    /// Returns the runtime.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        self.loaded.runtime()
    }

    /// Returns the loaded asset.
    #[must_use]
    pub fn loaded(&self) -> &Loaded<CodeOf<S>> {
        &self.loaded
    }
}

impl<S: TypedSession> fmt::Debug for SessionPre<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionPre")
            .field("asset", &self.loaded.asset().name())
            .finish_non_exhaustive()
    }
}
