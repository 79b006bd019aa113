//! Core modules: initialized and snapshotted by Wizer.

use super::preview_1;
use super::run::{Guest, Order};
use super::state::{GuestState, ready};
use wasmtime::{
    Engine, Instance, Linker, Module, Result, Store, TypedFunc, Val, error::Context as _,
};
use wasmtime_wasi::p1;
use wasmtime_wizer::{InstanceState, SnapshotVal, Wizer};

impl Guest for Module {
    const NAME: &str = "module";
    type Instance = Instance;

    fn compile(engine: &Engine, order: &Order) -> Result<Self> {
        let (_, instrumented) = wizer(order).instrument(&order.wasm)?;
        #[expect(clippy::disallowed_methods, reason = "the module runs during the import")]
        Module::new(engine, &instrumented)
    }

    fn initialize(&self, store: &mut Store<GuestState>, order: &Order) -> Result<Instance> {
        let mut linker = Linker::new(store.engine());
        if order.has_wasi() {
            p1::add_to_linker_sync(&mut linker, |state: &mut GuestState| &mut state.wasi)?;
            preview_1::replace(&mut linker)?;
        }
        // An initialization need not call them.
        linker.define_unknown_imports_as_traps(self)?;
        let instance = linker.instantiate(&mut *store, self)?;
        let init = &order.init;
        if init != "_initialize"
            && let Ok(reactor) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize")
        {
            reactor.call(&mut *store, ()).context("calling `_initialize`")?;
        }
        let func: TypedFunc<(), ()> = instance
            .get_typed_func(&mut *store, init)
            .with_context(|| format!("the export `{init}` cannot initialize the module"))?;
        func.call(&mut *store, ()).with_context(|| format!("calling `{init}`"))?;
        Ok(instance)
    }

    fn snapshot(order: &Order, store: Store<GuestState>, instance: Instance) -> Result<Vec<u8>> {
        let wizer = wizer(order);
        let (context, _) = wizer.instrument(&order.wasm)?;
        ready(wizer.snapshot(&context, &mut Instantiated { store, instance }))?
    }
}

fn wizer(order: &Order) -> Wizer {
    let mut wizer = Wizer::new();
    wizer.init_func(&order.init).keep_init_func(order.keeps_init());
    for (new, old) in order.settings.rename.iter().flatten() {
        wizer.func_rename(new, old);
    }
    wizer
}

/// The view of an instance that Wizer snapshots.
struct Instantiated {
    store: Store<GuestState>,
    instance: Instance,
}

impl InstanceState for Instantiated {
    #[expect(
        clippy::panic,
        reason = "Wizer reads only the exports that it added, which have these types"
    )]
    async fn global_get(&mut self, name: &str, _: wasmtime_wizer::ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut self.store, name);
        match global.map(|global| global.get(&mut self.store)) {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            other => panic!("global `{name}` is {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        if let Some(memory) = self.instance.get_memory(&mut self.store, name) {
            contents(memory.data(&self.store));
        }
    }
}
