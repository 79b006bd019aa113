//! The module of medium size: text is passed as `wasm-bindgen` does.

use measure::Result;
use std::path::Path;
use wasmi::{Engine, Linker, Memory, Module, Store, TypedFunc};

pub(crate) struct Slugs {
    linker: Linker<()>,
    module: Module,
    store: Store<()>,
    memory: Memory,
    malloc: TypedFunc<(u32, u32), u32>,
    free: TypedFunc<(u32, u32, u32), ()>,
    slug: TypedFunc<(u32, u32, u32), ()>,
}

impl measure::Real for Slugs {
    fn load(_: &Path) -> Result<Self> {
        let engine = Engine::default();
        let wasm = include_bytes!("../../../../../../fixtures/assets/guests/slugs.wasm");
        let module = Module::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        let imports = "./slugs_bg.js";
        linker.func_wrap(imports, "__wbg_log_0e6c5f6cde6a7b21", |_: u32, _: u32| {})?;
        linker.func_wrap(imports, "__wbg_rename_5a1f20c4f3d3b8e7", |_: u32, _: u32, _: u32| {})?;
        let publish = |_: u32, _: u32, _: u32, _: u32| {};
        linker.func_wrap(imports, "__wbg_publish_9b7d1e0a2c4f6d83", publish)?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory").ok_or("no memory")?;
        let malloc = instance.get_typed_func(&store, "__wbindgen_malloc")?;
        let free = instance.get_typed_func(&store, "__wbindgen_free")?;
        let slug = instance.get_typed_func(&store, "slug")?;
        Ok(Self { linker, module, store, memory, malloc, free, slug })
    }

    fn slug(&mut self, title: &str) -> Result<String> {
        let Self { store, memory, malloc, free, slug, .. } = self;
        let len = u32::try_from(title.len())?;
        let pointer = malloc.call(&mut *store, (len, 1))?;
        memory.write(&mut *store, pointer as usize, title.as_bytes())?;
        let result = malloc.call(&mut *store, (8, 4))?;
        slug.call(&mut *store, (result, pointer, len))?;
        let mut slice = [0; 8];
        memory.read(&mut *store, result as usize, &mut slice)?;
        let [pointer, len] = [0, 4]
            .map(|at| u32::from_le_bytes([slice[at], slice[at + 1], slice[at + 2], slice[at + 3]]));
        let bytes = memory.data(&*store).get(pointer as usize..).ok_or("out of bounds")?;
        let bytes = bytes.get(..len as usize).ok_or("out of bounds")?;
        let text = str::from_utf8(bytes)?.to_owned();
        free.call(&mut *store, (pointer, len, 1))?;
        free.call(&mut *store, (result, 8, 4))?;
        Ok(text)
    }

    fn instantiate(&self) -> Result {
        let mut store = Store::new(self.module.engine(), ());
        self.linker.instantiate_and_start(&mut store, &self.module)?;
        Ok(())
    }
}
