//! `OverloadedPre`: linked modules that import one name at several types.

use super::linking::Overloads;
use wasmtime::{AsContextMut, Extern, Instance, Linker, Module, Result};

/// An [`InstancePre`](wasmtime::InstancePre) for assets that import one name at several types, of which
/// a linker can define only one: the others have names of their own in the linker.
pub struct OverloadedPre<T: 'static> {
    linker: Linker<T>,
    module: Module,
    overloads: Overloads,
}

impl<T: 'static> Clone for OverloadedPre<T> {
    fn clone(&self) -> Self {
        let (linker, module) = (self.linker.clone(), self.module.clone());
        Self { linker, module, overloads: self.overloads }
    }
}

impl<T: 'static> OverloadedPre<T> {
    pub(crate) fn link(linker: &Linker<T>, module: &Module, overloads: Overloads) -> Self {
        Self { linker: linker.clone(), module: module.clone(), overloads }
    }

    /// Instantiates the asset.
    ///
    /// # Errors
    ///
    /// Fails if an import is missing or has another type, or the start function fails.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let imports = resolve(&self.linker, &mut store, &self.module, self.overloads)?;
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
        let imports = resolve(&self.linker, &mut store, &self.module, self.overloads)?;
        Instance::new_async(store, &self.module, &imports).await
    }
}

/// Returns the definitions of a module's imports.
pub(super) fn resolve<T: 'static>(
    linker: &Linker<T>,
    mut store: impl AsContextMut<Data = T>,
    module: &Module,
    overloads: Overloads,
) -> Result<Vec<Extern>> {
    let imports = module.imports().enumerate();
    let found = imports.map(|(i, import)| {
        let overload = overloads.iter().find(|(index, _)| *index == i);
        let mut get = |name: &str| linker.get(&mut store, import.module(), name);
        match overload {
            None => get(import.name()),
            // A definition can have several types, if one is a subtype of the other.
            Some((_, name)) => get(name).or_else(|missing| get(import.name()).or(Err(missing))),
        }
    });
    found.collect()
}
