//! `Code`: the kinds of code, core modules and components.

use super::cache::{CodeCache, CodeCaches, Image};
use super::deserialize::Precompiled;
use super::linking::Linking;
use crate::asset::Kind;
use crate::interface::{Difference, Interface};
use std::fmt;
use wasmtime::{Engine, ResourcesRequired, Result, Store, StoreContextMut};

/// A kind of code: a core [`Module`](wasmtime::Module) or, with the feature `component-model`, a
/// [`Component`](wasmtime::component::Component).
///
/// The kind of an [`Asset`](crate::Asset) is the type parameter of everything made from it, so that one
/// API serves both. No other type can implement it.
pub trait Code: Operations + Clone + fmt::Debug + Send + Sync + 'static {
    /// Wasmtime's linker: [`wasmtime::Linker`] or [`wasmtime::component::Linker`].
    type Linker<T: 'static>: Send + Sync;

    /// Wasmtime's instance: [`wasmtime::Instance`] or [`wasmtime::component::Instance`].
    type Instance: Copy + fmt::Debug + Send + Sync + 'static;
}

/// The operations on code of one kind. Private, which seals [`Code`].
pub trait Operations: Kind + Precompiled + Image {
    /// Code with its imports resolved.
    type Pre<T: 'static>: Clone + Send + Sync;

    /// The types of the resources that a host gives. Modules have none.
    type HostResources: Default;

    /// Returns the cache for this kind.
    fn cache(caches: &CodeCaches) -> &CodeCache<Self>;

    /// Compiles WebAssembly with an engine that has a compiler.
    #[cfg(feature = "compile")]
    fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self>;

    /// Returns what one instance needs; none if its imports decide that.
    fn resources_required(&self) -> Option<ResourcesRequired>;

    /// Returns every difference between the code and an interface.
    fn differences(&self, interface: &Interface<Self>) -> Vec<Difference>
    where
        Self: Sized;

    /// Returns whether the code has an export of that name.
    fn has_export(&self, name: &str) -> bool;

    /// Returns the names of the exports; of a component they include those of interfaces.
    fn export_names(&self) -> Vec<String>;

    /// Returns whether instances need [`initialize`](Self::initialize) before any other call.
    fn is_reactor(&self) -> bool;

    /// Calls the initialization that a reactor exports. Components have none.
    fn initialize<T: 'static>(
        instance: &Self::Instance,
        store: StoreContextMut<'_, T>,
    ) -> Result<()>
    where
        Self: Code;

    /// Returns the module and the instance whose state a snapshot has. Components have none.
    #[cfg(feature = "snapshot")]
    fn saved(&self, instance: &Self::Instance) -> Option<(&wasmtime::Module, wasmtime::Instance)>
    where
        Self: Code;

    /// Calls the function by which a restored instance drops segments, if it has one.
    #[cfg(feature = "snapshot")]
    fn resume<T: 'static>(instance: &Self::Instance, store: StoreContextMut<'_, T>) -> Result<()>
    where
        Self: Code;

    /// Async version of [`resume`](Self::resume).
    #[cfg(all(feature = "snapshot", feature = "async"))]
    fn resume_async<T: Send + 'static>(
        instance: &Self::Instance,
        store: StoreContextMut<'_, T>,
    ) -> impl Future<Output = Result<()>> + Send
    where
        Self: Code;

    /// Returns the definitions that imports have in linkers, if these have other names, by index.
    fn linking_of_overloads(&self, overloads: &[(usize, &str)]) -> Linking;

    /// Returns the definitions that imports have in linkers with the imports of an interface.
    fn linking(&self, interface: &Interface<Self>) -> Linking
    where
        Self: Sized;

    /// Defines all imports in an empty linker: functions return zeros or trap, and the others are zero. Resources
    /// that are among those of the host have their types.
    fn define_stubs<T: 'static>(
        &self,
        linker: &mut Self::Linker<T>,
        store: &mut Store<T>,
        is_zero: bool,
        resources: &Self::HostResources,
    ) -> Result<Linking>
    where
        Self: Code;

    fn new_linker<T: 'static>(engine: &Engine) -> Self::Linker<T>
    where
        Self: Code;

    /// Resolves the imports once, for many instances in any stores.
    fn link<T: 'static>(&self, linker: &Self::Linker<T>, linking: &Linking) -> Result<Self::Pre<T>>
    where
        Self: Code;

    /// Resolves the imports for one instance in one store.
    fn instantiate<T: 'static>(
        &self,
        linker: &Self::Linker<T>,
        store: StoreContextMut<'_, T>,
        linking: &Linking,
    ) -> Result<Self::Instance>
    where
        Self: Code;

    fn instantiate_pre<T: 'static>(
        pre: &Self::Pre<T>,
        store: StoreContextMut<'_, T>,
    ) -> Result<Self::Instance>
    where
        Self: Code;

    /// Async version of [`initialize`](Self::initialize).
    #[cfg(feature = "async")]
    fn initialize_async<T: Send + 'static>(
        instance: &Self::Instance,
        store: StoreContextMut<'_, T>,
    ) -> impl Future<Output = Result<()>> + Send
    where
        Self: Code;

    /// Async version of [`instantiate`](Self::instantiate).
    #[cfg(feature = "async")]
    fn instantiate_async<T: Send + 'static>(
        &self,
        linker: &Self::Linker<T>,
        store: StoreContextMut<'_, T>,
        linking: &Linking,
    ) -> impl Future<Output = Result<Self::Instance>> + Send
    where
        Self: Code;

    /// Async version of [`instantiate_pre`](Self::instantiate_pre).
    #[cfg(feature = "async")]
    fn instantiate_pre_async<T: Send + 'static>(
        pre: &Self::Pre<T>,
        store: StoreContextMut<'_, T>,
    ) -> impl Future<Output = Result<Self::Instance>> + Send
    where
        Self: Code;
}
