//! `Wrapper`: the traits of generated wrappers.

use crate::asset::Asset;
use crate::code::{Code, Linking, Operations};
use crate::error::Result;
use crate::interface::Interface;
use crate::runtime::{InterfaceVersion, Loaded, VersionSet, Versions};
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

    /// Number of the versions of its interface.
    #[doc(hidden)]
    const VERSIONS: usize = 1;

    /// Checks that code has the interface, in one of the versions `accepted`. Returns the index of the version.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`](crate::Error::Interface) if the code has another interface, and with
    /// [`Error::Version`](crate::Error::Version) if it is of another version.
    #[doc(hidden)]
    fn check_version(loaded: &Loaded<Self::Code>, accepted: VersionSet) -> Result<usize> {
        let _ = accepted;
        loaded.check_interface(Self::INTERFACE)?;
        Ok(0)
    }

    /// Checks the exports of code alone. Returns the index of its version.
    ///
    /// # Errors
    ///
    /// Fails like [`check_version`](Self::check_version).
    #[doc(hidden)]
    fn check_exports(loaded: &Loaded<Self::Code>) -> Result<usize> {
        loaded.check_exports(Self::INTERFACE)?;
        Ok(0)
    }

    /// Version of [`linking`](Self::linking) for code of a version.
    #[doc(hidden)]
    #[must_use]
    fn linking_of(loaded: &Loaded<Self::Code>, version: usize) -> Linking {
        let _ = version;
        Self::linking(loaded)
    }

    /// Version of [`host_resources`](Self::host_resources) for code of a version.
    #[doc(hidden)]
    #[must_use]
    fn host_resources_of(version: usize) -> <Self::Code as Operations>::HostResources {
        let _ = version;
        Self::host_resources()
    }

    /// Version of [`from_instance`](Self::from_instance) for an instance of code of a version.
    ///
    /// # Errors
    ///
    /// Fails like [`from_instance`](Self::from_instance).
    #[doc(hidden)]
    fn of_version(
        store: impl AsContextMut,
        instance: &<Self::Code as Code>::Instance,
        version: usize,
    ) -> wasmtime::Result<Self> {
        let _ = version;
        Self::from_instance(store, instance)
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

/// The wrapper of an interface that has several versions.
pub trait VersionedWrapper: Wrapper {
    /// The versions.
    type Version: InterfaceVersion<Code = Self::Code>;

    /// The imports and exports of all versions, and the way to detect the version of code.
    const VERSIONED: &'static Versions<Self::Version>;

    /// Returns the version of the code below.
    fn version(&self) -> Self::Version;
}

/// The wrapper of a core module.
pub trait ModuleWrapper: Wrapper<Code = Module> {
    /// Returns Wasmtime's instance.
    fn wasm_instance(&self) -> Instance;
}
