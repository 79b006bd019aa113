//! Components as a kind of code.

use super::cache::{CodeCache, CodeCaches, Image};
use super::component_stubs::{self, HostResources};
use super::kind::{Code, Operations};
use super::linking::Linking;
use crate::interface::{ComponentItems, Difference, Interface, component};
use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::{Engine, ResourcesRequired, Result, Store, StoreContextMut};

impl Code for Component {
    type Linker<T: 'static> = Linker<T>;
    type Instance = Instance;
}

impl Image for Component {
    #[cfg(feature = "compile")]
    fn image_bytes(&self) -> u64 {
        let image = self.image_range();
        image.end.addr().saturating_sub(image.start.addr()) as u64
    }
}

impl Operations for Component {
    type Pre<T: 'static> = InstancePre<T>;
    type HostResources = HostResources;

    fn cache(caches: &CodeCaches) -> &CodeCache<Self> {
        &caches.components
    }

    #[cfg(feature = "compile")]
    fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self> {
        Self::from_binary(engine, wasm)
    }

    fn resources_required(&self) -> Option<ResourcesRequired> {
        self.resources_required()
    }

    fn differences(&self, interface: &Interface<Self>) -> Vec<Difference> {
        component::differences(&interface.items(), &ComponentItems::of(self), &interface.options)
    }

    fn has_export(&self, name: &str) -> bool {
        self.get_export_index(None, name).is_some()
    }

    fn export_names(&self) -> Vec<String> {
        let ty = self.component_type();
        ty.exports(self.engine()).map(|(name, _)| name.to_owned()).collect()
    }

    fn is_reactor(&self) -> bool {
        false
    }

    fn initialize<T: 'static>(_: &Instance, _: StoreContextMut<'_, T>) -> Result<()> {
        Ok(())
    }

    #[cfg(feature = "snapshot")]
    fn saved(&self, _: &Instance) -> Option<(&wasmtime::Module, wasmtime::Instance)> {
        None
    }

    #[cfg(feature = "snapshot")]
    fn resume<T: 'static>(_: &Instance, _: StoreContextMut<'_, T>) -> Result<()> {
        Ok(())
    }

    #[cfg(all(feature = "snapshot", feature = "async"))]
    async fn resume_async<T: Send + 'static>(
        _: &Instance,
        _: StoreContextMut<'_, T>,
    ) -> Result<()> {
        Ok(())
    }

    fn linking_of_overloads(&self, _: &[(usize, &str)]) -> Linking {
        Linking::default()
    }

    fn linking(&self, _: &Interface<Self>) -> Linking {
        Linking::default()
    }

    fn define_stubs<T: 'static>(
        &self,
        linker: &mut Linker<T>,
        _: &mut Store<T>,
        _: bool,
        resources: &HostResources,
    ) -> Result<Linking> {
        component_stubs::define(self, linker, resources)?;
        Ok(Linking::default())
    }

    fn new_linker<T: 'static>(engine: &Engine) -> Linker<T> {
        Linker::new(engine)
    }

    fn link<T: 'static>(&self, linker: &Linker<T>, _: &Linking) -> Result<InstancePre<T>> {
        linker.instantiate_pre(self)
    }

    fn instantiate<T: 'static>(
        &self,
        linker: &Linker<T>,
        store: StoreContextMut<'_, T>,
        _: &Linking,
    ) -> Result<Instance> {
        linker.instantiate(store, self)
    }

    fn instantiate_pre<T: 'static>(
        pre: &InstancePre<T>,
        store: StoreContextMut<'_, T>,
    ) -> Result<Instance> {
        pre.instantiate(store)
    }

    #[cfg(feature = "async")]
    async fn initialize_async<T: Send + 'static>(
        _: &Instance,
        _: StoreContextMut<'_, T>,
    ) -> Result<()> {
        Ok(())
    }

    #[cfg(feature = "async")]
    async fn instantiate_async<T: Send + 'static>(
        &self,
        linker: &Linker<T>,
        store: StoreContextMut<'_, T>,
        _: &Linking,
    ) -> Result<Instance> {
        linker.instantiate_async(store, self).await
    }

    #[cfg(feature = "async")]
    async fn instantiate_pre_async<T: Send + 'static>(
        pre: &InstancePre<T>,
        store: StoreContextMut<'_, T>,
    ) -> Result<Instance> {
        pre.instantiate_async(store).await
    }
}
