//! `Baseline`: a fresh instance of a module, whose state sessions begin with.

use crate::code::Operations as _;
use crate::error::SnapshotError;
use crate::limits::disable_deadline;
use wasmtime::{AsContextMut as _, Instance, Linker, Module, Result, Store};

/// A fresh instance with imports that do nothing. No function of the guest has run in it: the importer removes the start
/// function, and refuses modules whose segments depend on imports.
pub(super) struct Baseline {
    pub store: Store<()>,
    pub instance: Instance,
}

impl Baseline {
    /// Instantiates a module.
    ///
    /// # Errors
    ///
    /// Fails if an import has no value, or the pooling allocator has no space left.
    pub fn of(module: &Module) -> Result<Self, SnapshotError> {
        let mut store = Store::new(module.engine(), ());
        // Wasmtime compiles the initialization of tables and globals as a function, which needs both. There is fuel if the
        // engine counts it.
        let _ = store.set_fuel(u64::MAX);
        disable_deadline(&mut store);
        match instance(module, &mut store) {
            Ok(instance) => Ok(Self { store, instance }),
            Err(error) => Err(SnapshotError::Fresh(format!("{error:#}"))),
        }
    }
}

fn instance(module: &Module, store: &mut Store<()>) -> Result<Instance> {
    let mut linker = Linker::new(module.engine());
    let linking = module.define_stubs(&mut linker, store, false, &())?;
    module.instantiate(&linker, store.as_context_mut(), &linking)
}
