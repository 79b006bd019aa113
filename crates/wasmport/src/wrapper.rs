//! `Wrapper`: the traits of generated wrappers.

use crate::asset::Asset;
use crate::code::Code;
use wasmtime::{AsContextMut, Instance, Module, Result};

/// The typed view of an instance: implemented by the generated wrapper of each asset.
pub trait Wrapper: Sized {
    /// Kind of the asset.
    type Code: Code;

    /// The asset.
    const ASSET: &'static Asset<Self::Code>;

    /// Whether it is a reactor, whose `_initialize` is called after instantiation. Components are not.
    const REACTOR: bool = false;

    /// Imports with a name of their own in linkers, by index: the module imports their name at several
    /// types. Components have none.
    const OVERLOADS: &'static [(usize, &'static str)] = &[];

    /// Returns the wrapper of `instance`, which must be an instance of [`Self::ASSET`].
    ///
    /// # Errors
    ///
    /// Fails if it is an instance of another component. Missing exports of a core module are errors of
    /// the methods that use them.
    fn from_instance(
        store: impl AsContextMut,
        instance: &<Self::Code as Code>::Instance,
    ) -> Result<Self>;
}

/// The wrapper of a core module.
pub trait ModuleWrapper: Wrapper<Code = Module> {
    /// The exports: a line for each, with name and type in the text format.
    const EXPORTS: &'static str = "";

    /// Returns Wasmtime's instance.
    fn wasm_instance(&self) -> Instance;
}
