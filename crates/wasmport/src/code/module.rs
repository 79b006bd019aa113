//! Core modules as a kind of code.

use super::cache::{CodeCache, CodeCaches, Image};
use super::kind::{Code, Operations};
use super::linking::Linking;
use super::module_stubs;
use super::names::{INITIALIZE, PREVIEW_1, START};
use super::overloads::OverloadedPre;
use crate::interface::{self, Difference, Found, Given, Interface};
use crate::reserved;
use wasmtime::{
    Engine, ExternType, Instance, InstancePre, Linker, Module, ResourcesRequired, Result, Store,
    StoreContextMut, TypedFunc,
};

impl Code for Module {
    type Linker<T: 'static> = Linker<T>;
    type Instance = Instance;
}

/// A linked module.
pub enum ModulePre<T: 'static> {
    /// Its imports are resolved.
    Resolved(InstancePre<T>),
    /// Its imports are resolved for each instance, because some share a name.
    Overloaded(OverloadedPre<T>),
}

impl<T: 'static> Clone for ModulePre<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Resolved(pre) => Self::Resolved(pre.clone()),
            Self::Overloaded(pre) => Self::Overloaded(pre.clone()),
        }
    }
}

/// Returns whether a module exports a function of that name without parameters and results.
pub(crate) fn exports_procedure(module: &Module, name: &str) -> bool {
    match module.get_export(name) {
        Some(ExternType::Func(ty)) => ty.params().len() == 0 && ty.results().len() == 0,
        _ => false,
    }
}

/// Returns the functions that initialize an instance, in their order: the start function, if the importer has made it an
/// export, and that of a reactor.
fn initialization<T: 'static>(
    instance: &Instance,
    store: &mut StoreContextMut<'_, T>,
) -> [Option<TypedFunc<(), ()>>; 2] {
    let start = procedure(instance, store, reserved::START);
    match procedure(instance, store, START) {
        Some(_) => [start, None],
        None => [start, procedure(instance, store, INITIALIZE)],
    }
}

/// Returns an exported function without parameters and results, if there is one.
fn procedure<T: 'static>(
    instance: &Instance,
    store: &mut StoreContextMut<'_, T>,
    name: &str,
) -> Option<TypedFunc<(), ()>> {
    instance.get_func(&mut *store, name)?.typed(store).ok()
}

impl Image for Module {
    #[cfg(feature = "compile")]
    fn image_bytes(&self) -> u64 {
        let image = self.image_range();
        image.end.addr().saturating_sub(image.start.addr()) as u64
    }
}

impl Operations for Module {
    type Pre<T: 'static> = ModulePre<T>;
    type HostResources = ();

    fn cache(caches: &CodeCaches) -> &CodeCache<Self> {
        &caches.modules
    }

    #[cfg(feature = "compile")]
    fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self> {
        Self::from_binary(engine, wasm)
    }

    fn resources_required(&self) -> Option<ResourcesRequired> {
        Some(self.resources_required())
    }

    fn differences(&self, interface: &Interface) -> Vec<Difference> {
        let imports = self.imports().map(|import| {
            (import.module().to_owned(), import.name().to_owned(), (&import.ty()).into())
        });
        let exports = self.exports().map(|e| (e.name().to_owned(), (&e.ty()).into()));
        interface::differences(interface, imports, exports, |module| module == PREVIEW_1)
    }

    fn has_export(&self, name: &str) -> bool {
        self.get_export_index(name).is_some()
    }

    fn export_names(&self) -> Vec<String> {
        let names = self.exports().map(|export| export.name());
        names.filter(|name| !name.starts_with(reserved::PREFIX)).map(Into::into).collect()
    }

    fn is_reactor(&self) -> bool {
        !exports_procedure(self, START) && exports_procedure(self, INITIALIZE)
            || exports_procedure(self, reserved::START)
    }

    fn initialize<T: 'static>(
        instance: &Instance,
        mut store: StoreContextMut<'_, T>,
    ) -> Result<()> {
        for func in initialization(instance, &mut store).into_iter().flatten() {
            func.call(&mut store, ())?;
        }
        Ok(())
    }

    #[cfg(feature = "snapshot")]
    fn saved(&self, instance: &Instance) -> Option<(&Module, Instance)> {
        Some((self, *instance))
    }

    #[cfg(feature = "snapshot")]
    fn resume<T: 'static>(instance: &Instance, mut store: StoreContextMut<'_, T>) -> Result<()> {
        match procedure(instance, &mut store, reserved::DROP) {
            Some(drop) => drop.call(store, ()),
            None => Ok(()),
        }
    }

    #[cfg(all(feature = "snapshot", feature = "async"))]
    async fn resume_async<T: Send + 'static>(
        instance: &Instance,
        mut store: StoreContextMut<'_, T>,
    ) -> Result<()> {
        match procedure(instance, &mut store, reserved::DROP) {
            Some(drop) => drop.call_async(store, ()).await,
            None => Ok(()),
        }
    }

    fn linking_of_overloads(&self, overloads: &[(usize, &str)]) -> Linking {
        Linking::of_overloads(self, overloads)
    }

    fn linking(&self, interface: &Interface) -> Linking {
        let mut linking = Linking::default();
        let given = Given::of(interface);
        for (index, import) in self.imports().enumerate() {
            let ty = interface::ExternType::from(&import.ty()).to_string();
            if let Found::Fitting(found) = given.find(import.module(), import.name(), &ty) {
                let name = given.name_in_linkers(import.name(), found);
                if (found.module, name.as_str()) != (import.module(), import.name()) {
                    linking.add(index, found.module, name);
                }
            }
        }
        linking
    }

    fn define_stubs<T: 'static>(
        &self,
        linker: &mut Linker<T>,
        store: &mut Store<T>,
        is_zero: bool,
        (): &(),
    ) -> Result<Linking> {
        module_stubs::define(self, linker, store, is_zero)
    }

    fn new_linker<T: 'static>(engine: &Engine) -> Linker<T> {
        Linker::new(engine)
    }

    fn link<T: 'static>(&self, linker: &Linker<T>, linking: &Linking) -> Result<ModulePre<T>> {
        if linking.is_overloaded(self) {
            return Ok(ModulePre::Overloaded(OverloadedPre::link(linker, self, linking.clone())));
        }
        linking.named(linker, self).instantiate_pre(self).map(ModulePre::Resolved)
    }

    fn instantiate<T: 'static>(
        &self,
        linker: &Linker<T>,
        mut store: StoreContextMut<'_, T>,
        linking: &Linking,
    ) -> Result<Instance> {
        if linking.is_empty() {
            return linker.instantiate(store, self);
        }
        let imports = linking.resolve(linker, &mut store, self)?;
        Instance::new(store, self, &imports)
    }

    fn instantiate_pre<T: 'static>(
        pre: &ModulePre<T>,
        store: StoreContextMut<'_, T>,
    ) -> Result<Instance> {
        match pre {
            ModulePre::Resolved(pre) => pre.instantiate(store),
            ModulePre::Overloaded(pre) => pre.instantiate(store),
        }
    }

    #[cfg(feature = "async")]
    async fn initialize_async<T: Send + 'static>(
        instance: &Instance,
        mut store: StoreContextMut<'_, T>,
    ) -> Result<()> {
        for func in initialization(instance, &mut store).into_iter().flatten() {
            func.call_async(&mut store, ()).await?;
        }
        Ok(())
    }

    #[cfg(feature = "async")]
    async fn instantiate_async<T: Send + 'static>(
        &self,
        linker: &Linker<T>,
        mut store: StoreContextMut<'_, T>,
        linking: &Linking,
    ) -> Result<Instance> {
        if linking.is_empty() {
            return linker.instantiate_async(store, self).await;
        }
        let imports = linking.resolve(linker, &mut store, self)?;
        Instance::new_async(store, self, &imports).await
    }

    #[cfg(feature = "async")]
    async fn instantiate_pre_async<T: Send + 'static>(
        pre: &ModulePre<T>,
        store: StoreContextMut<'_, T>,
    ) -> Result<Instance> {
        match pre {
            ModulePre::Resolved(pre) => pre.instantiate_async(store).await,
            ModulePre::Overloaded(pre) => pre.instantiate_async(store).await,
        }
    }
}
