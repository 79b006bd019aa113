//! Components: initialized and snapshotted by Wizer.

use super::linker::linker;
use super::run::{Guest, Order};
use super::state::{GuestState, ready};
use crate::component::{modules, without_export};
use std::collections::HashMap;
use wasmparser::{Parser, Payload};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, WasmList,
};
use wasmtime::{Engine, Error, Result, Store, Trap, ensure, error::Context as _};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

const NO_SNAPSHOT: &str = "the component cannot be snapshotted";

const FULL_MEMORY: &str =
    "one of its memories is at its maximum, and the snapshot needs one more page";

impl Guest for Component {
    const NAME: &str = "component";
    type Instance = Instance;

    fn compile(engine: &Engine, order: &Order) -> Result<Self> {
        let instrumented =
            check(&order.wasm).and_then(|()| wizer().instrument_component(&order.wasm));
        let (_, instrumented) = instrumented.context(NO_SNAPSHOT)?;
        Component::new(engine, &instrumented)
    }

    fn initialize(&self, store: &mut Store<GuestState>, order: &Order) -> Result<Instance> {
        let init = &order.init;
        let index = exported(self, init)
            .with_context(|| format!("the component does not export the function `{init}`"))?;
        let instance = linker(self, order.has_wasi())?.instantiate(&mut *store, self)?;
        let func = instance.get_typed_func::<(), ()>(&mut *store, index).and_then(|func| {
            ensure!(!func.func().ty(&*store).async_(), "it is `async`");
            Ok(func)
        });
        let func =
            func.with_context(|| format!("the export `{init}` cannot initialize the component"))?;
        func.call(&mut *store, ()).with_context(|| format!("calling `{init}`"))?;
        Ok(instance)
    }

    fn snapshot(
        order: &Order,
        mut store: Store<GuestState>,
        instance: Instance,
    ) -> Result<Vec<u8>> {
        // Wizer grows each memory for its own data, and passes it on whole.
        store.data_mut().memory.most = usize::MAX;
        store.set_hostcall_fuel(usize::MAX);
        let (context, _) = wizer().instrument_component(&order.wasm)?;
        let mut state = Instantiated { store, instance, memories: HashMap::new(), error: None };
        let wasm = ready(wizer().snapshot_component(&context, &mut state))??;
        if let Some(error) = state.error {
            let is_full = error.downcast_ref() == Some(&Trap::UnreachableCodeReached);
            let error = if is_full { Error::msg(FULL_MEMORY) } else { error };
            return Err(error.context(NO_SNAPSHOT));
        }
        if order.keeps_init() {
            return Ok(wasm);
        }
        Ok(without_export(&wasm, &order.init)?)
    }
}

/// Refuses components that Wizer would turn into invalid ones.
fn check(component: &[u8]) -> Result<()> {
    for module in modules(component)? {
        let (mut has_state, mut has_exports) = (false, false);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::MemorySection(memories) => {
                    has_state = true;
                    for memory in memories {
                        let memory = memory?;
                        ensure!(!memory.memory64, "64-bit memories are not supported");
                        ensure!(!memory.shared, "shared memories are not supported");
                    }
                }
                Payload::GlobalSection(globals) => {
                    for global in globals {
                        has_state |= global?.ty.mutable;
                    }
                }
                Payload::ExportSection(_) => has_exports = true,
                _ => {}
            }
        }
        ensure!(has_exports || !has_state, "a core module with globals or memory exports nothing");
    }
    Ok(())
}

/// Creates a Wizer that removes no export: it would also remove the export from core modules inside that
/// the component refers to.
fn wizer() -> Wizer {
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    wizer
}

/// Finds an exported function, or `interface.function` of an exported interface.
fn exported(component: &Component, name: &str) -> Option<ComponentExportIndex> {
    component.get_export_index(None, name).or_else(|| {
        let (interface, function) = name.rsplit_once('.')?;
        let interface = component.get_export_index(None, interface)?;
        component.get_export_index(Some(&interface), function)
    })
}

/// The view of an instance that Wizer snapshots.
struct Instantiated {
    store: Store<GuestState>,
    instance: Instance,
    /// The memories, because Wizer reads each twice and its accessor grows it each time.
    memories: HashMap<String, WasmList<u8>>,
    /// The first error of an accessor.
    error: Option<Error>,
}

impl Instantiated {
    fn get<R: Lift + Send + Sync + 'static>(&mut self, instance: &str, func: &str) -> Option<R>
    where
        (R,): ComponentNamedList + Lift,
    {
        let Self { store, instance: component, error, .. } = self;
        let mut get = || -> Result<R> {
            let missing = || format!("Wizer added no `{func}`");
            let instance =
                component.get_export_index(&mut *store, None, instance).with_context(missing)?;
            let func = component
                .get_export_index(&mut *store, Some(&instance), func)
                .with_context(missing)?;
            let func = component.get_typed_func::<(), (R,)>(&mut *store, func)?;
            Ok(func.call(&mut *store, ())?.0)
        };
        match get() {
            Ok(value) => Some(value),
            Err(failed) => {
                error.get_or_insert(failed);
                None
            }
        }
    }
}

impl ComponentInstanceState for Instantiated {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        if !self.memories.contains_key(func)
            && let Some(memory) = self.get(instance, func)
        {
            self.memories.insert(func.into(), memory);
        }
        match self.memories.get(func) {
            Some(memory) => contents(memory.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.get(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.get(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.get(instance, func).map(f32::to_bits).unwrap_or_default()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.get(instance, func).map(f64::to_bits).unwrap_or_default()
    }
}
