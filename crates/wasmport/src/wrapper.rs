//! `Wrapper`: the traits of generated wrappers.

use crate::asset::Asset;
use crate::code::{Code, Linking, Operations};
use crate::error::Result;
use crate::interface::Interface;
use crate::runtime::Loaded;
use wasmtime::{AsContextMut, Instance, Module};

/// The typed view of an instance: implemented by each generated wrapper.
pub trait Wrapper: Sized {
    /// Kind of the code.
    type Code: Code;

    /// The imports and exports that the wrapper is for: those of its asset, and of all other code that it can
    /// serve.
    const INTERFACE: &'static Interface<Self::Code>;

    /// Whether `FooPre` initializes instances: `_initialize` is called if it is exported and `_start` is not.
    /// Components are not initialized.
    const REACTOR: bool = false;

    /// Imports of the asset with a name of their own in linkers, by index: the asset imports their name at several
    /// types. Components have none.
    const OVERLOADS: &'static [(usize, &'static str)] = &[];

    /// Checks that the wrapper is one for this code.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::WrongAsset`](crate::Error::WrongAsset) if the wrapper is that of an asset and the
    /// code another, and with [`Error::Interface`](crate::Error::Interface) if the wrapper is that of an
    /// interface that the code does not have.
    fn check(loaded: &Loaded<Self::Code>) -> Result<()>;

    /// Returns the definitions that the imports of loaded code have in linkers.
    #[doc(hidden)]
    #[must_use]
    fn linking(loaded: &Loaded<Self::Code>) -> Linking {
        let options = &Self::INTERFACE.options;
        if Self::OVERLOADS.is_empty() && !options.any_import_module {
            return Linking::default();
        }
        // Wrappers of interfaces have no overloads, and to check an asset's is to compare its digest.
        if !Self::OVERLOADS.is_empty() && Self::check(loaded).is_ok() {
            return loaded.code().linking_of_overloads(Self::OVERLOADS);
        }
        loaded.code().linking(Self::INTERFACE)
    }

    /// Returns the types of the resources that the host gives. Modules have none.
    #[doc(hidden)]
    #[must_use]
    fn host_resources() -> <Self::Code as Operations>::HostResources {
        Default::default()
    }

    /// Returns the wrapper of `instance`, which must be an instance of code that passes
    /// [`check`](Self::check), or has the [`INTERFACE`](Self::INTERFACE).
    ///
    /// # Errors
    ///
    /// Fails if it is an instance of another component. Missing exports of a core module are errors of
    /// the methods that use them.
    fn from_instance(
        store: impl AsContextMut,
        instance: &<Self::Code as Code>::Instance,
    ) -> wasmtime::Result<Self>;
}

/// The wrapper of an asset.
pub trait AssetWrapper: Wrapper {
    /// The asset.
    const ASSET: &'static Asset<Self::Code>;
}

/// The wrapper of a core module.
pub trait ModuleWrapper: Wrapper<Code = Module> {
    /// Returns Wasmtime's instance.
    fn wasm_instance(&self) -> Instance;
}
