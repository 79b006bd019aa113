//! Overloads: names that are imported at several types.

use super::items::kind_of;
use crate::interface::{ExternType, Import, Interface};
use std::collections::{HashMap, HashSet};
use wasmport::interface::overload_name;

/// Names that are imported at several types, while a linker has one definition for each name.
pub(super) struct Overloads<'a> {
    names: HashSet<(&'a str, &'a str)>,
    interface: &'a Interface,
}

impl<'a> Overloads<'a> {
    /// The overloads among the imports.
    pub fn of(interface: &'a Interface) -> Self {
        let mut names: HashMap<(&str, &str), String> = HashMap::new();
        let mut overloads = HashSet::new();
        for import in &interface.imports {
            let key = (&*import.module, &*import.name);
            let name = overload(import);
            if names.insert(key, name.clone()).is_some_and(|other| other != name) {
                overloads.insert(key);
            }
        }
        Self { names: overloads, interface }
    }

    /// The import's name in linkers.
    pub fn link_name(&self, import: &Import) -> String {
        if self.names.contains(&(&*import.module, &*import.name)) {
            overload(import)
        } else {
            import.name.clone()
        }
    }

    /// The indices of the imports that the host implements together with `import`.
    pub fn same_as(&self, import: &Import) -> Vec<usize> {
        let is_same = |other: &Import| {
            // Names first: comparing types writes them out.
            (&other.module, &other.name) == (&import.module, &import.name)
                && self.link_name(other) == self.link_name(import)
        };
        let imports = self.interface.imports.iter().enumerate();
        imports.filter(|(_, other)| is_same(other)).map(|(index, _)| index).collect()
    }

    /// The name of the host's method, with the types if the name has several.
    pub fn method_name(&self, import: &Import) -> String {
        if !self.names.contains(&(&*import.module, &*import.name)) {
            return import.name.clone();
        }
        let types: Vec<String> = match &import.ty {
            ExternType::Func(ty) => ty.types().map(ToString::to_string).collect(),
            ExternType::Global { ty, .. } => vec![ty.to_string()],
            other => vec![format!("{:?}", kind_of(other))],
        };
        format!("{}-{}", import.name, types.join("-"))
    }

    /// The index and the linker's name of each import whose own name has several types.
    pub fn list(&self) -> Vec<(usize, String)> {
        let imports = self.interface.imports.iter().enumerate();
        imports
            .filter(|(_, i)| self.names.contains(&(&*i.module, &*i.name)))
            .map(|(index, import)| (index, self.link_name(import)))
            .collect()
    }
}

/// The name of an import in linkers if its own occurs at several types.
fn overload(import: &Import) -> String {
    overload_name(&import.name, &import.ty.without_names().to_string())
}
