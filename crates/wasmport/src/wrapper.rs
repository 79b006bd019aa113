//! `Wrapper`: the traits of generated wrappers.

use crate::asset::Asset;
use crate::code::{Code, Linking};
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

    /// Whether instances are initialized: `_initialize` is called if it is exported and `_start` is not.
    /// Components are not.
    const REACTOR: bool = false;

    /// Imports with a name of their own in linkers, by index: the module imports their name at several
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

    /// Returns what is known about the imports of code that is linked for the wrapper.
    #[doc(hidden)]
    #[must_use]
    fn linking() -> Linking<Self::Code> {
        Linking::new(Self::OVERLOADS, Self::INTERFACE)
    }

    /// Defines the types of the resources that the host gives, without functions. Modules have none.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    #[doc(hidden)]
    fn define_resources<T: 'static>(
        _: &mut <Self::Code as Code>::Linker<T>,
    ) -> wasmtime::Result<()> {
        Ok(())
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
    fn linking_of(version: usize) -> Linking<Self::Code> {
        let _ = version;
        Self::linking()
    }

    /// Version of [`define_resources`](Self::define_resources) for code of a version.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    #[doc(hidden)]
    fn define_resources_of<T: 'static>(
        linker: &mut <Self::Code as Code>::Linker<T>,
        version: usize,
    ) -> wasmtime::Result<()> {
        let _ = version;
        Self::define_resources(linker)
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
