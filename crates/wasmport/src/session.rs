//! `Session`: the easy path, which owns store, instance and wrapper.

use crate::{Asset, Error, Result, Runtime};
use wasmtime::{Instance, Linker, Store, StoreLimits, StoreLimitsBuilder};

/// What every generated wrapper implements: the typed view of an instance of one asset.
pub trait Wrapper: Sized {
    /// The asset.
    const ASSET: &'static Asset;

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
}

/// A store with one instance of an asset in it. Each wrapper has its own session type around this,
/// with a method for each export.
///
/// The guest's memories and tables are bounded by [`Limits`](crate::Limits). Where the engine counts
/// fuel or checks epochs, a session starts without a bound; set one through
/// [`store_mut`](Self::store_mut). After a call that failed the session refuses further calls.
pub struct Session<T: 'static, W> {
    store: Store<SessionData<T>>,
    wrapper: W,
    poisoned: bool,
}

impl<T: 'static, W: Wrapper> Session<T, W> {
    /// Loads the asset and instantiates it with the imports that `define` puts into the linker.
    ///
    /// # Errors
    ///
    /// As [`Runtime::load`], and where an import is missing or the start function fails.
    pub fn start(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let module = runtime.load(W::ASSET)?;
        let mut store = new_store(runtime, data)?;
        let mut linker = Linker::new(runtime.engine());
        define(&mut linker, &mut store)?;
        let instance = linker.instantiate(&mut store, module.module())?;
        Ok(Self { store, wrapper: W::from_instance(instance), poisoned: false })
    }

    /// Runs a call; a failure poisons the session.
    ///
    /// # Errors
    ///
    /// The call's, or [`Error::Poisoned`] after an earlier failure.
    #[inline]
    pub fn call<R>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> wasmtime::Result<R> {
        if self.poisoned {
            return Err(poisoned(W::ASSET));
        }
        // A host function that panics leaves half a call behind too.
        self.poisoned = true;
        let result = call(&self.wrapper, &mut self.store);
        self.poisoned = result.is_err();
        result
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

    /// Whether an earlier call failed half-way.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

fn new_store<T: 'static>(runtime: &Runtime, data: T) -> Result<Store<SessionData<T>>> {
    let bounds = runtime.options().limits;
    let limits = StoreLimitsBuilder::new()
        .memory_size(bounds.memory_bytes)
        .table_elements(bounds.table_elements)
        .memories(bounds.memories)
        .tables(bounds.tables)
        .instances(bounds.instances)
        .build();
    let mut store = Store::new(runtime.engine(), SessionData { data, limits });
    store.limiter(|data| &mut data.limits);
    // Wasmtime's stores begin without fuel and at a deadline that has passed.
    if runtime.config().fuel {
        store.set_fuel(u64::MAX)?;
    }
    if runtime.config().epoch_interruption {
        store.set_epoch_deadline(u64::MAX >> 1);
    }
    Ok(store)
}

#[cold]
fn poisoned(asset: &Asset) -> wasmtime::Error {
    wasmtime::Error::new(Error::Poisoned { asset: asset.name().into() })
}
