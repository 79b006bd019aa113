//! `Given`: the imports that an interface gives, by name.

use super::description::Interface;
use super::lines::{entries, fits, overload_name, structural};
use std::collections::HashMap;
use wasmtime::Module;

/// The imports that an interface gives to modules.
pub(crate) struct Given {
    by_name: HashMap<String, Vec<GivenImport>>,
    /// Whether modules may take them from a module of any name.
    is_of_any_module: bool,
    /// Whether sizes of memories and tables count.
    has_sizes: bool,
}

/// An import that an interface gives.
pub(crate) struct GivenImport {
    /// The module that it belongs to.
    pub module: &'static str,
    /// The type as text.
    ty: &'static str,
}

/// Result of the search for an import.
pub(crate) enum Found<'a> {
    /// The import with a fitting type.
    Fitting(&'a GivenImport),
    /// The interface has the name at this type, or at these types, alone.
    AtOtherTypes(String),
    Missing,
}

impl Given {
    /// Finds the imports of an interface: once for each module, and not once for all. A cell in [`Interface`] would
    /// make it a static that constants cannot read, and wrappers compare exports with imports in constants.
    pub fn of(interface: &Interface<Module>) -> Self {
        let mut by_name: HashMap<String, Vec<GivenImport>> = HashMap::new();
        for (module, lines) in interface.imports {
            for entry in entries(lines) {
                let import = GivenImport { module, ty: entry.ty };
                by_name.entry(entry.name).or_default().push(import);
            }
        }
        let options = &interface.options;
        Self { by_name, is_of_any_module: options.any_import_module, has_sizes: options.sizes }
    }

    /// Finds what a module imports at a type. What belongs to the named module is preferred, and an equal type
    /// to one that fits.
    pub fn find(&self, module: &str, name: &str, ty: &str) -> Found<'_> {
        let all = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let own: Vec<&GivenImport> = all.iter().filter(|given| given.module == module).collect();
        let candidates = match own.is_empty() && self.is_of_any_module {
            true => all.iter().collect(),
            false => own,
        };
        let equal = candidates.iter().find(|given| given.ty == ty);
        // An import takes what is given: the host's type has to fit the guest's.
        match equal.or_else(|| candidates.iter().find(|given| fits(ty, given.ty, self.has_sizes))) {
            Some(given) => Found::Fitting(given),
            None if candidates.is_empty() => Found::Missing,
            None => {
                let types: Vec<_> = candidates.iter().map(|given| structural(given.ty)).collect();
                Found::AtOtherTypes(types.join(" or "))
            }
        }
    }

    /// Returns the name that an import has in linkers.
    pub fn name_in_linkers(&self, name: &str, import: &GivenImport) -> String {
        let own = overload_name(name, import.ty);
        let all = self.by_name.get(name).into_iter().flatten();
        let mut others = all.filter(|other| other.module == import.module);
        match others.any(|other| overload_name(name, other.ty) != own) {
            true => own,
            false => name.to_owned(),
        }
    }
}
