//! `Session`: the easy path, which owns store, instance and wrapper.

use crate::limits::{Alarm, Watch, ended, unbound};
use crate::load::Loaded;
use crate::typed::Exception;
#[cfg(feature = "wasi")]
use crate::wasi::WasiCtx;
use crate::{Asset, Error, Exit, LoadedModule, Result, Runtime, support, trace};
use std::sync::Arc;
use wasmtime::{Instance, Linker, Store, StoreLimits, StoreLimitsBuilder};

/// What every generated wrapper implements: the typed view of an instance of one asset.
pub trait Wrapper: Sized {
    /// The asset.
    const ASSET: &'static Asset;

    /// What it exports: a line for each, with name and type in the text format.
    const EXPORTS: &'static str = "";

    /// Whether it is a reactor: its `_initialize` is called when it has been instantiated.
    const REACTOR: bool = false;

    /// Imports that are in linkers under names of their own, because the module imports their name
    /// at several types.
    const OVERLOADS: &'static [(usize, &'static str)] = &[];

    /// The wrapper of `instance`, which must be one of [`Self::ASSET`]; exports that it lacks are
    /// errors when they are first used.
    fn from_instance(instance: Instance) -> Self;

    /// Wasmtime's instance.
    fn wasm_instance(&self) -> Instance;
}

/// The data of a session's store: the user's, and the session's bounds.
#[derive(Debug)]
pub struct SessionData<T> {
    data: T,
    limits: StoreLimits,
    #[cfg(feature = "wasi")]
    wasi: Option<Box<WasiCtx>>,
}

impl<T> SessionData<T> {
    /// The user's data.
    pub fn get(&self) -> &T {
        &self.data
    }

    /// The user's data.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// What the guest sees of the system: that of an empty [`Wasi`](crate::wasi::Wasi) where it was
    /// given none.
    #[cfg(feature = "wasi")]
    pub fn wasi(&mut self) -> &mut WasiCtx {
        self.wasi.get_or_insert_default()
    }

    /// Changes what the guest sees of the system: before it is instantiated, as of all that it has
    /// opened nothing is left.
    #[cfg(feature = "wasi")]
    pub fn set_wasi(&mut self, wasi: WasiCtx) {
        self.wasi = Some(Box::new(wasi));
    }
}

/// Whether a session goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// A call failed half-way.
    Poisoned,
    /// The guest has ended itself.
    Exited(Exit),
}

/// A store with one instance of an asset in it. Each wrapper has its own session type around this,
/// with a method for each export; a module without a wrapper has [`Session::of`].
///
/// What the guest may take is bounded by [`Limits`](crate::Limits): memories and tables always, fuel
/// and time where the engine counts fuel or checks epochs and a bound is set, there or here. After a
/// call that failed the session refuses further calls, and so it does when the guest has
/// [exited](Exit).
pub struct Session<T: 'static, W = Instance> {
    pub(crate) store: Store<SessionData<T>>,
    wrapper: W,
    pub(crate) asset: Arc<Asset>,
    state: State,
    /// What bounds the time of calls, where anything does.
    pub(crate) watch: Option<Arc<Watch>>,
    /// Where the engine checks epochs.
    pub(crate) alarm: Option<Arc<Alarm>>,
}

impl<T: 'static, W: Wrapper> Session<T, W> {
    /// Loads the asset and instantiates it with the imports that `define` puts into the linker.
    ///
    /// # Errors
    ///
    /// As [`Runtime::load`], and where an import is missing, the start function fails, or it takes more
    /// than [`Limits`](crate::Limits) allow.
    pub fn start(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
            &LoadedModule,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let module = runtime.load(W::ASSET)?;
        Self::instantiate(&module, data, |store| {
            let mut linker = Linker::new(runtime.engine());
            define(&mut linker, store, &module)?;
            support::instantiate(store, &linker, &module)
        })
    }

    /// The exported function of that name: for exports without a method. It is to be called within
    /// [`Self::call`], which bounds its time and knows when it has failed.
    ///
    /// # Errors
    ///
    /// Where there is none, or one of another type.
    pub fn typed_func<P: wasmtime::WasmParams, R: wasmtime::WasmResults>(
        &mut self,
        name: &str,
    ) -> wasmtime::Result<wasmtime::TypedFunc<P, R>> {
        self.wrapper.wasm_instance().get_typed_func(&mut self.store, name)
    }
}

impl<T: 'static, W> Session<T, W> {
    /// A session with what `instantiate` makes in its store.
    pub(crate) fn instantiate<C>(
        loaded: &Loaded<C>,
        data: T,
        instantiate: impl FnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<W>,
    ) -> Result<Self> {
        let (runtime, asset) = (loaded.runtime(), loaded.shared_asset());
        let mut store = new_store(runtime, data)?;
        let watch = new_watch(runtime, asset, &mut store);
        let running = watch.as_deref().map(Watch::begin).transpose()?;
        let wrapper = instantiate(&mut store);
        drop(running);
        let wrapper = wrapper.map_err(|error| failed(asset, &mut store, error).0)?;
        Ok(Self::new(loaded, store, wrapper, watch))
    }

    fn new<C>(
        loaded: &Loaded<C>,
        store: Store<SessionData<T>>,
        wrapper: W,
        watch: Option<Arc<Watch>>,
    ) -> Self {
        let asset = Arc::clone(loaded.shared_asset());
        let alarm = loaded.runtime().alarm().cloned();
        Self { store, wrapper, asset, state: State::Ready, watch, alarm }
    }

    /// Runs a call; a failure poisons the session, but for exceptions of the guest.
    ///
    /// # Errors
    ///
    /// The call's, or [`Error::Poisoned`] after an earlier failure. What ended a guest that took too
    /// much is [`Error::OutOfFuel`], [`Error::TimedOut`] or [`Error::Interrupted`]; a call that does not
    /// begin because its [`Group`](crate::Group) has ended poisons nothing.
    #[inline]
    pub fn call<R>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        if self.state != State::Ready {
            return Err(refusal(&self.asset, self.state));
        }
        let running = match &self.watch {
            Some(watch) => Some(watch.begin()?),
            None => None,
        };
        let _span = trace::call(&self.asset, &call).entered();
        // A host function that panics leaves half a call behind too.
        self.state = State::Poisoned;
        let result = call(&self.wrapper, &mut self.store);
        drop(running);
        match result {
            Ok(result) => {
                self.state = State::Ready;
                Ok(result)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    #[cold]
    fn failed(&mut self, error: wasmtime::Error) -> wasmtime::Error {
        let (error, state) = failed(&self.asset, &mut self.store, error);
        self.state = state;
        error
    }

    /// The wrapper and the store at once.
    pub fn parts(&mut self) -> (&W, &mut Store<SessionData<T>>) {
        (&self.wrapper, &mut self.store)
    }

    /// The wrapper, whose methods take a store.
    pub fn wrapper(&self) -> &W {
        &self.wrapper
    }

    /// The user's data.
    pub fn data(&self) -> &T {
        self.store.data().get()
    }

    /// The user's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut().get_mut()
    }

    /// The store.
    pub fn store_mut(&mut self) -> &mut Store<SessionData<T>> {
        &mut self.store
    }

    /// Ends the session; the user's data.
    pub fn into_data(self) -> T {
        self.store.into_data().data
    }

    /// What it is a session of.
    pub fn asset(&self) -> &Asset {
        &self.asset
    }

    /// Whether an earlier call failed half-way, or the guest has exited.
    pub fn is_poisoned(&self) -> bool {
        self.state != State::Ready
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: Wrapper + Sync> Session<T, W> {
    /// As [`Self::start`], of an asset whose functions may wait.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn start_async(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
            &LoadedModule,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let module = runtime.load(W::ASSET)?;
        let instantiate = async |store: &mut Store<SessionData<T>>| {
            let mut linker = Linker::new(runtime.engine());
            define(&mut linker, store, &module)?;
            support::instantiate_async(store, &linker, &module).await
        };
        Self::instantiate_async(&module, data, instantiate).await
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: Sync> Session<T, W> {
    /// As [`Self::instantiate`], of an asset whose functions may wait.
    pub(crate) async fn instantiate_async<C>(
        loaded: &Loaded<C>,
        data: T,
        instantiate: impl AsyncFnOnce(&mut Store<SessionData<T>>) -> wasmtime::Result<W>,
    ) -> Result<Self> {
        let (runtime, asset) = (loaded.runtime(), loaded.shared_asset());
        let mut store = new_store(runtime, data)?;
        let watch = new_watch(runtime, asset, &mut store);
        let instance = instantiate(&mut store);
        let wrapper = match &watch {
            Some(watch) => watch.pace(instance).await,
            None => instance.await,
        };
        let wrapper = wrapper.map_err(|error| failed(asset, &mut store, error).0)?;
        Ok(Self::new(loaded, store, wrapper, watch))
    }

    /// As [`Self::call`], of a call that may wait. One that is dropped before it ends poisons the
    /// session.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn call_async<R>(
        &mut self,
        call: impl AsyncFnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        if self.state != State::Ready {
            return Err(refusal(&self.asset, self.state));
        }
        if let Some(watch) = &self.watch {
            watch.check()?;
        }
        let span = trace::call(&self.asset, &call);
        self.state = State::Poisoned;
        let call = span.around(call(&self.wrapper, &mut self.store));
        let result = match &self.watch {
            Some(watch) => watch.pace(call).await,
            None => call.await,
        };
        match result {
            Ok(result) => {
                self.state = State::Ready;
                Ok(result)
            }
            Err(error) => Err(self.failed(error)),
        }
    }
}

fn new_store<T: 'static>(runtime: &Runtime, data: T) -> Result<Store<SessionData<T>>> {
    let bounds = runtime.limits();
    let limits = StoreLimitsBuilder::new()
        .memory_size(bounds.memory_bytes)
        .table_elements(bounds.table_elements)
        .memories(bounds.memories)
        .tables(bounds.tables)
        .instances(bounds.instances)
        .build();
    let mut store = Store::new(
        runtime.engine(),
        SessionData {
            data,
            limits,
            #[cfg(feature = "wasi")]
            wasi: None,
        },
    );
    store.limiter(|data| &mut data.limits);
    // Wasmtime's stores begin without fuel and at a deadline that has passed.
    if runtime.config().fuel {
        store.set_fuel(bounds.fuel.unwrap_or(u64::MAX))?;
    }
    if runtime.config().epoch_interruption {
        unbound(&mut store);
    }
    Ok(store)
}

/// What bounds the time of a new session, where the runtime's limits do.
fn new_watch<T: 'static>(
    runtime: &Runtime,
    asset: &Arc<Asset>,
    store: &mut Store<T>,
) -> Option<Arc<Watch>> {
    let limit = runtime.limits().time?;
    let watch = Arc::new(Watch::new(asset, runtime.alarm()?, Some(limit)));
    watch.install(store);
    Some(watch)
}

/// The error of a call that failed, and what it leaves behind. An exception is the guest's own way to
/// end a call, after which it goes on.
#[cold]
fn failed<T: 'static>(
    asset: &Asset,
    store: &mut Store<SessionData<T>>,
    error: wasmtime::Error,
) -> (wasmtime::Error, State) {
    let error = ended(asset, store, error);
    if let Some(exit) = exit_of(&error) {
        let state = State::Exited(exit);
        return (refusal(asset, state), state);
    }
    let state = if error.is::<Exception>() { State::Ready } else { State::Poisoned };
    (error, state)
}

/// How the guest ended itself, where it did.
pub(crate) fn exit_of(error: &wasmtime::Error) -> Option<Exit> {
    // That of components is Wasmtime's.
    #[cfg(feature = "wasi")]
    if let Some(exit) = crate::wasi::exit_of(error) {
        return Some(exit);
    }
    error.downcast_ref().copied()
}

/// Why a session refuses a call.
#[cold]
fn refusal(asset: &Asset, state: State) -> wasmtime::Error {
    let asset = asset.name().into();
    wasmtime::Error::new(match state {
        State::Exited(exit) => Error::Exited { asset, code: exit.code() },
        State::Ready | State::Poisoned => Error::Poisoned { asset },
    })
}
