//! The imports and exports of loaded assets, before there is an instance.

#[cfg(feature = "component-model")]
use super::loaded::LoadedComponent;
use super::loaded::LoadedModule;
use crate::code::{PREVIEW_1, START, exports_procedure};
#[cfg(feature = "component-model")]
use wasmtime::component::types::ComponentItem;
use wasmtime::{ExportType, ImportType};

impl LoadedModule {
    /// Returns its imports with their types, in the module's order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.module().imports()
    }

    /// Returns its exports with their types, in the module's order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.module().exports()
    }

    /// Returns whether it imports WASI preview 1, so that its sessions need a `Wasi`.
    pub fn needs_wasi(&self) -> bool {
        self.imports().any(|import| import.module() == PREVIEW_1)
    }

    /// Returns whether it is a command, which exports `_start` and runs with
    /// [`Session::run`](crate::Session::run).
    pub fn is_command(&self) -> bool {
        exports_procedure(self.module(), START)
    }
}

#[cfg(feature = "component-model")]
impl LoadedComponent {
    /// Returns the names of its imports with their types.
    pub fn imports(&self) -> Vec<(String, ComponentItem)> {
        let ty = self.component().component_type();
        let imports = ty.imports(self.runtime().engine());
        imports.map(|(name, item)| (name.to_owned(), item.ty)).collect()
    }

    /// Returns the names of its exports with their types.
    pub fn exports(&self) -> Vec<(String, ComponentItem)> {
        let ty = self.component().component_type();
        let exports = ty.exports(self.runtime().engine());
        exports.map(|(name, item)| (name.to_owned(), item.ty)).collect()
    }

    /// Returns whether it imports WASI, so that its sessions need a `Wasi`.
    pub fn needs_wasi(&self) -> bool {
        let ty = self.component().component_type();
        ty.imports(self.runtime().engine()).any(|(name, _)| name.starts_with("wasi:"))
    }
}
