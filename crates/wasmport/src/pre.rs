//! `SessionPre`: an asset that is linked once and starts many sessions.

use crate::support::OverloadedPre;
use crate::{LoadedModule, Result, Runtime, Session, SessionData, Wrapper, support, trace};
use std::marker::PhantomData;
use std::ops::DerefMut;
use wasmtime::{Instance, InstancePre, Linker, Store};

/// What every generated session type is: a [`Session`] with a method for each export.
pub trait TypedSession: DerefMut<Target = Session<Self::Data, Self::Wrapper>> + Sized {
    /// The program's own data, which host functions reach.
    type Data: 'static;

    /// The typed view of the instance: a [`Wrapper`], or that of a component.
    type Wrapper;

    /// The session with its methods.
    fn from_session(session: Session<Self::Data, Self::Wrapper>) -> Self;

    /// The session below.
    fn into_session(self) -> Session<Self::Data, Self::Wrapper>;
}

/// Session types whose data implements all that the asset imports: it can be linked before there is
/// a session.
#[diagnostic::on_unimplemented(
    message = "what the asset of `{Self}` imports cannot be linked once for many sessions",
    note = "the session's data must implement the `Host` traits of its wrapper",
    note = "memories, tables, globals and tags that are imported belong to one store: start each session with its `new`",
    note = "`SessionPre::with_linker` takes other ways to define functions"
)]
pub trait LinkedSession: TypedSession<Wrapper: Wrapper> {
    /// Defines all that the asset imports.
    ///
    /// # Errors
    ///
    /// Where a name is defined already.
    fn link(
        linker: &mut Linker<SessionData<Self::Data>>,
        module: &LoadedModule,
    ) -> wasmtime::Result<()>;
}

/// An asset that is loaded and linked: what `FooPre` is for stores of the program's own, this is for
/// sessions. Clones share it.
///
/// ```text
/// let pre = SessionPre::<CalcSession>::new(&runtime)?;
/// let mut calc = pre.start(())?;
/// ```
pub struct SessionPre<S: TypedSession> {
    module: LoadedModule,
    linked: Linked<SessionData<S::Data>>,
    session: PhantomData<fn() -> S>,
}

/// With imports that are looked up once, or, where one name has several types, by hand.
enum Linked<T: 'static> {
    Plain(InstancePre<T>),
    Overloaded(OverloadedPre<T>),
}

impl<T: 'static> Clone for Linked<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(pre) => Self::Plain(pre.clone()),
            Self::Overloaded(pre) => Self::Overloaded(pre.clone()),
        }
    }
}

impl<T: 'static> Linked<T> {
    fn instantiate(&self, store: &mut Store<T>) -> wasmtime::Result<Instance> {
        match self {
            Self::Plain(pre) => pre.instantiate(store),
            Self::Overloaded(pre) => pre.instantiate(store),
        }
    }

    #[cfg(feature = "async")]
    async fn instantiate_async(&self, store: &mut Store<T>) -> wasmtime::Result<Instance>
    where
        T: Send,
    {
        match self {
            Self::Plain(pre) => pre.instantiate_async(store).await,
            Self::Overloaded(pre) => pre.instantiate_async(store).await,
        }
    }
}

impl<S: TypedSession> Clone for SessionPre<S> {
    fn clone(&self) -> Self {
        let (module, linked) = (self.module.clone(), self.linked.clone());
        Self { module, linked, session: PhantomData }
    }
}

impl<S: TypedSession<Wrapper: Wrapper>> SessionPre<S> {
    /// Loads the asset and links what it imports with what the session's data implements.
    ///
    /// # Errors
    ///
    /// As [`Runtime::load`].
    pub fn new(runtime: &Runtime) -> Result<Self>
    where
        S: LinkedSession,
    {
        Self::with_linker(runtime, S::link)
    }

    /// Loads the asset and links it with what `define` puts into the linker.
    ///
    /// # Errors
    ///
    /// As [`Runtime::load`], and where an import is missing or of another type.
    pub fn with_linker(
        runtime: &Runtime,
        define: impl FnOnce(&mut Linker<SessionData<S::Data>>, &LoadedModule) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let module = runtime.load(S::Wrapper::ASSET)?;
        let mut linker = Linker::new(runtime.engine());
        define(&mut linker, &module)?;
        let linked = if S::Wrapper::OVERLOADS.is_empty() {
            Linked::Plain(support::pre::<S::Wrapper, _>(&linker, &module)?)
        } else {
            Linked::Overloaded(OverloadedPre::new::<S::Wrapper>(&linker, &module)?)
        };
        Ok(Self { module, linked, session: PhantomData })
    }

    /// A session with an instance of its own.
    ///
    /// # Errors
    ///
    /// Where the start function fails, or the pooling allocator has no place left.
    pub fn start(&self, data: S::Data) -> Result<S> {
        self.start_with(data, |_| Ok(()))
    }

    /// As [`Self::start`], in a store that `prepare` is given before there is an instance: for a
    /// context of WASI that this session alone has.
    ///
    /// # Errors
    ///
    /// The same, and those of `prepare`.
    pub fn start_with(
        &self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<S> {
        let session = Session::instantiate(&self.module, data, |store| {
            prepare(store)?;
            let _span = trace::instantiate(S::Wrapper::ASSET).entered();
            let instance = self.linked.instantiate(store)?;
            support::started(store, instance)
        });
        session.map(S::from_session)
    }

    /// As [`Self::start`], of an asset whose functions may wait.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub async fn start_async(&self, data: S::Data) -> Result<S>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        self.start_with_async(data, |_| Ok(())).await
    }

    /// As [`Self::start_with`], of an asset whose functions may wait.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub async fn start_with_async(
        &self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<S>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        let session = Session::instantiate_async(&self.module, data, async |store| {
            prepare(store)?;
            let instance = async {
                let instance = self.linked.instantiate_async(store).await?;
                support::started_async(store, instance).await
            };
            trace::instantiate(S::Wrapper::ASSET).around(instance).await
        });
        session.await.map(S::from_session)
    }

    /// What it was linked in.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        self.module.runtime()
    }

    /// What was linked.
    #[must_use]
    pub fn module(&self) -> &LoadedModule {
        &self.module
    }
}

impl<S: TypedSession> std::fmt::Debug for SessionPre<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionPre")
            .field("asset", &self.module.asset().name())
            .finish_non_exhaustive()
    }
}
