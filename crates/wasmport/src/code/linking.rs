//! `Linking`: what a wrapper knows about the imports of code that is linked for it.

use crate::interface::Interface;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use wasmtime::{Linker, Module, Result};

/// Imports with a name of their own in the linker, by index: the module imports their name at several
/// types, of which a linker can define only one. Components have none.
pub(crate) type Overloads = &'static [(usize, &'static str)];

/// What a wrapper knows about the imports of code that is linked for it.
pub struct Linking<C: 'static> {
    /// Imports whose name has several types.
    pub(super) overloads: Overloads,
    /// The imports that are taken from a module of any name.
    pub(super) interface: Option<&'static Interface<C>>,
}

impl<C> Linking<C> {
    /// Code without a wrapper.
    pub(crate) const UNTYPED: Self = Self { overloads: &[], interface: None };

    /// Code of a wrapper that has these overloads and this interface.
    pub(crate) fn new(overloads: Overloads, interface: &'static Interface<C>) -> Self {
        let is_any = interface.options.any_import_module;
        Self { overloads, interface: is_any.then_some(interface) }
    }
}

impl Linking<Module> {
    /// Returns a linker in which the imports of a module have the names of the modules from which it takes
    /// them.
    ///
    /// # Errors
    ///
    /// Fails if `linker` lacks an import of the interface.
    pub(crate) fn named<'a, T: 'static>(
        &self,
        linker: &'a Linker<T>,
        module: &Module,
    ) -> Result<Cow<'a, Linker<T>>> {
        let mut linker = Cow::Borrowed(linker);
        let Some(interface) = self.interface else { return Ok(linker) };
        let given: BTreeMap<String, &str> = interface.names_of_imports().collect();
        let own: BTreeSet<(&str, String)> = interface.imports_by_module().collect();
        let mut named = BTreeSet::new();
        for import in module.imports() {
            let (from, name) = (import.module(), import.name());
            let Some(module) = given.get(name) else { continue };
            if !own.contains(&(from, name.to_owned())) && named.insert((from, name)) {
                let _ = linker.to_mut().alias(module, name, from, name)?;
            }
        }
        Ok(linker)
    }
}
