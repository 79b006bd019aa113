//! The module of medium size: text is passed as `wasm-bindgen` does.

use measure::Result;
use std::path::Path;
use wasmer::sys::NativeEngineExt as _;
use wasmer::{Engine, Function, Imports, Instance, Memory, Module, Store, TypedFunction, imports};

pub(crate) struct Slugs {
    module: Module,
    store: Store,
    memory: Memory,
    malloc: TypedFunction<(u32, u32), u32>,
    free: TypedFunction<(u32, u32, u32), ()>,
    slug: TypedFunction<(u32, u32, u32), ()>,
}

fn host(store: &mut Store) -> Imports {
    imports! {
        "./slugs_bg.js" => {
            "__wbg_log_0e6c5f6cde6a7b21" => Function::new_typed(store, |_: u32, _: u32| {}),
            "__wbg_rename_5a1f20c4f3d3b8e7" => Function::new_typed(store, |_: u32, _: u32, _: u32| {}),
            "__wbg_publish_9b7d1e0a2c4f6d83" => Function::new_typed(store, |_: u32, _: u32, _: u32, _: u32| {}),
        }
    }
}

impl measure::Real for Slugs {
    #[allow(unsafe_code, reason = "the program trusts the file")]
    fn load(folder: &Path) -> Result<Self> {
        let mut store = Store::new(Engine::headless());
        // SAFETY: `serialize_to_file` wrote the file, and nobody has changed it.
        let module = unsafe { Module::deserialize_from_file(&store, folder.join("slugs.wasmu"))? };
        let imports = host(&mut store);
        let instance = Instance::new(&mut store, &module, &imports)?;
        let memory = instance.exports.get_memory("memory")?.clone();
        let malloc = instance.exports.get_typed_function(&store, "__wbindgen_malloc")?;
        let free = instance.exports.get_typed_function(&store, "__wbindgen_free")?;
        let slug = instance.exports.get_typed_function(&store, "slug")?;
        Ok(Self { module, store, memory, malloc, free, slug })
    }

    fn slug(&mut self, title: &str) -> Result<String> {
        let Self { store, memory, malloc, free, slug, .. } = self;
        let len = u32::try_from(title.len())?;
        let pointer = malloc.call(store, len, 1)?;
        memory.view(store).write(pointer.into(), title.as_bytes())?;
        let result = malloc.call(store, 8, 4)?;
        slug.call(store, result, pointer, len)?;
        let view = memory.view(store);
        let mut slice = [0; 8];
        view.read(result.into(), &mut slice)?;
        let [pointer, len] = [0, 4]
            .map(|at| u32::from_le_bytes([slice[at], slice[at + 1], slice[at + 2], slice[at + 3]]));
        let end = u64::from(pointer) + u64::from(len);
        let text = String::from_utf8(view.copy_range_to_vec(pointer.into()..end)?)?;
        free.call(store, pointer, len, 1)?;
        free.call(store, result, 8, 4)?;
        Ok(text)
    }

    fn instantiate(&self) -> Result {
        let mut store = Store::new(self.store.engine().clone());
        let imports = host(&mut store);
        Instance::new(&mut store, &self.module, &imports)?;
        Ok(())
    }
}
