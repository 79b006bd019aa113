//! The two sides of a measurement: each an instance of `assets/bench.wat` in a store of its own.

use crate::Result;
use crate::assets::bench::{Bench, env};
use wasmport::{Access, Runtime};
use wasmtime::{Linker, Store, TypedFunc, WasmParams, WasmResults};

/// The host state: what the guest has added up.
pub(crate) struct Counter(pub i64);

impl<T: 'static> env::Host<T> for Counter {
    fn add(host: &mut Access<'_, T, Self>, number: i64) -> wasmtime::Result<()> {
        host.get().0 += number;
        Ok(())
    }
}

pub(crate) struct Side {
    pub store: Store<Counter>,
    pub bench: Bench,
}

impl Side {
    /// Two alike.
    pub fn two() -> Result<(Self, Self)> {
        Ok((Self::with_host_trait()?, Self::with_host_trait()?))
    }

    /// One with the imports of its wrapper's `Host` trait.
    pub fn with_host_trait() -> Result<Self> {
        Self::new(|linker| Bench::add_to_linker(linker, |host| host))
    }

    /// One with the imports that `define` puts into the linker.
    pub fn new(define: impl FnOnce(&mut Linker<Counter>) -> wasmtime::Result<()>) -> Result<Self> {
        let runtime = runtime()?;
        let mut linker = Linker::new(runtime.engine());
        define(&mut linker)?;
        let mut store = Store::new(runtime.engine(), Counter(0));
        let bench = Bench::instantiate(&mut store, &linker, &Bench::load(&runtime)?)?;
        Ok(Self { store, bench })
    }

    /// An exported function as one gets it without a wrapper.
    pub fn func<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> Result<TypedFunc<P, R>> {
        Ok(self.bench.instance().get_typed_func(&mut self.store, name)?)
    }
}

pub(crate) fn runtime() -> Result<Runtime> {
    Ok(Runtime::new(&crate::assets::ENGINE)?)
}
