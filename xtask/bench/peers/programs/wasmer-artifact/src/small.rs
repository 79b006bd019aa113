//! The small module.

use measure::Result;
use std::path::Path;
use wasmer::sys::NativeEngineExt as _;
use wasmer::{
    Engine, Function, FunctionEnv, FunctionEnvMut, Imports, Instance, Module, Store, TypedFunction,
    imports,
};

pub(crate) struct Small {
    module: Module,
    store: Store,
    total: FunctionEnv<i64>,
    add: TypedFunction<(i32, i32), i32>,
    call_host: TypedFunction<i32, ()>,
}

fn host(store: &mut Store) -> (FunctionEnv<i64>, Imports) {
    let total = FunctionEnv::new(store, 0);
    let add = |mut total: FunctionEnvMut<'_, i64>, number: i64| *total.data_mut() += number;
    let add = Function::new_typed_with_env(store, &total, add);
    (total, imports! { "env" => { "add" => add } })
}

impl measure::Small for Small {
    #[allow(unsafe_code, reason = "the program trusts the file")]
    fn load(folder: &Path) -> Result<Self> {
        let mut store = Store::new(Engine::headless());
        // SAFETY: `serialize_to_file` wrote the file, and nobody has changed it.
        let module = unsafe { Module::deserialize_from_file(&store, folder.join("small.wasmu"))? };
        let (total, imports) = host(&mut store);
        let instance = Instance::new(&mut store, &module, &imports)?;
        let add = instance.exports.get_typed_function(&store, "add")?;
        let call_host = instance.exports.get_typed_function(&store, "call_host")?;
        Ok(Self { module, store, total, add, call_host })
    }

    fn add(&mut self, left: i32, right: i32) -> Result<i32> {
        Ok(self.add.call(&mut self.store, left, right)?)
    }

    fn call_host(&mut self, times: i32) -> Result {
        Ok(self.call_host.call(&mut self.store, times)?)
    }

    fn total(&self) -> i64 {
        *self.total.as_ref(&self.store)
    }

    fn instantiate(&self) -> Result {
        let mut store = Store::new(self.store.engine().clone());
        let (_, imports) = host(&mut store);
        Instance::new(&mut store, &self.module, &imports)?;
        Ok(())
    }
}
