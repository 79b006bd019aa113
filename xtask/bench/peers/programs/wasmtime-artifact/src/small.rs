//! The small module.

use measure::Result;
use std::path::Path;
use wasmtime::{Caller, Engine, InstancePre, Linker, Module, Store, TypedFunc};

pub(crate) struct Small {
    pre: InstancePre<i64>,
    store: Store<i64>,
    add: TypedFunc<(i32, i32), i32>,
    call_host: TypedFunc<i32, ()>,
}

impl measure::Small for Small {
    #[allow(unsafe_code, reason = "the program trusts the file")]
    fn load(folder: &Path) -> Result<Self> {
        let engine = Engine::default();
        // SAFETY: `precompile_module` wrote the file, and nobody has changed it.
        let module = unsafe { Module::deserialize_file(&engine, folder.join("small.cwasm"))? };
        let mut linker = Linker::new(&engine);
        linker.func_wrap("env", "add", |mut caller: Caller<'_, i64>, number: i64| {
            *caller.data_mut() += number;
        })?;
        let pre = linker.instantiate_pre(&module)?;
        let mut store = Store::new(&engine, 0);
        let instance = pre.instantiate(&mut store)?;
        let add = instance.get_typed_func(&mut store, "add")?;
        let call_host = instance.get_typed_func(&mut store, "call_host")?;
        Ok(Self { pre, store, add, call_host })
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
        let mut store = Store::new(self.pre.module().engine(), 0);
        self.pre.instantiate(&mut store)?;
        Ok(())
    }
}
