//! `OverloadedPre`: linked modules that import one name at several types.

use super::linking::Linking;
use std::sync::Arc;
use wasmtime::{AsContextMut, Instance, Linker, Module, Result};

/// An [`InstancePre`](wasmtime::InstancePre) for assets that import one name at several types, of which
/// a linker can define only one: the others have names of their own in the linker.
pub struct OverloadedPre<T: 'static> {
    linker: Linker<T>,
    module: Module,
    linking: Arc<Linking>,
}

impl<T: 'static> Clone for OverloadedPre<T> {
    fn clone(&self) -> Self {
        let (linker, module) = (self.linker.clone(), self.module.clone());
        Self { linker, module, linking: Arc::clone(&self.linking) }
    }
}

impl<T: 'static> OverloadedPre<T> {
    pub(crate) fn link(linker: &Linker<T>, module: &Module, linking: Linking) -> Self {
        Self { linker: linker.clone(), module: module.clone(), linking: Arc::new(linking) }
    }

    /// Instantiates the asset.
    ///
    /// # Errors
    ///
    /// Fails if an import is missing or has another type, or the start function fails.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let imports = self.linking.resolve(&self.linker, &mut store, &self.module)?;
        Instance::new(store, &self.module, &imports)
    }

    /// Async version of [`Self::instantiate`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::instantiate`].
    #[cfg(feature = "async")]
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
    ) -> Result<Instance>
    where
        T: Send,
    {
        let imports = self.linking.resolve(&self.linker, &mut store, &self.module)?;
        Instance::new_async(store, &self.module, &imports).await
    }
}
