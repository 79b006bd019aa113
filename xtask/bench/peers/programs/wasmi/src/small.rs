//! The small module.

use measure::Result;
use std::path::Path;
use wasmi::{Caller, Engine, Linker, Module, Store, TypedFunc};

pub(crate) struct Small {
    linker: Linker<i64>,
    module: Module,
    store: Store<i64>,
    add: TypedFunc<(i32, i32), i32>,
    call_host: TypedFunc<i32, ()>,
}

impl measure::Small for Small {
    fn load(_: &Path) -> Result<Self> {
        let engine = Engine::default();
        let module = Module::new(&engine, include_bytes!("../../../modules/small.wasm"))?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("env", "add", |mut caller: Caller<'_, i64>, number: i64| {
            *caller.data_mut() += number;
        })?;
        let mut store = Store::new(&engine, 0);
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let add = instance.get_typed_func(&store, "add")?;
        let call_host = instance.get_typed_func(&store, "call_host")?;
        Ok(Self { linker, module, store, add, call_host })
    }

    fn add(&mut self, left: i32, right: i32) -> Result<i32> {
        Ok(self.add.call(&mut self.store, (left, right))?)
    }

    fn call_host(&mut self, times: i32) -> Result {
        Ok(self.call_host.call(&mut self.store, times)?)
    }

    fn total(&self) -> i64 {
        *self.store.data()
    }

    fn instantiate(&self) -> Result {
        let mut store = Store::new(self.module.engine(), 0);
        self.linker.instantiate_and_start(&mut store, &self.module)?;
        Ok(())
    }
}
