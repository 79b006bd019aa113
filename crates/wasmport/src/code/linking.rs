//! `Linking`: the definitions that the imports of a module have in a linker.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use wasmtime::{AsContextMut, Extern, Linker, Module, Result};

/// The imports of a module whose definitions in a linker do not have the imports' own names. Components have none.
///
/// There are two reasons: a linker has one definition for each name, while modules can import a name at several
/// types; and plug-ins may import from a module of any name.
#[derive(Clone, Debug, Default)]
pub struct Linking(Vec<Definition>);

/// The name of an import's definition in a linker.
#[derive(Clone, Debug)]
struct Definition {
    /// The index among the imports.
    index: usize,
    module: String,
    name: String,
}

impl Linking {
    /// Returns the definitions of a module that has other names for these imports, by index.
    pub(crate) fn of_overloads(module: &Module, overloads: &[(usize, &str)]) -> Self {
        let mut linking = Self::default();
        for (index, import) in module.imports().enumerate() {
            if let Some((_, name)) = overloads.iter().find(|(own, _)| *own == index) {
                linking.add(index, import.module(), (*name).to_owned());
            }
        }
        linking
    }

    /// Adds the name of an import's definition.
    pub(super) fn add(&mut self, index: usize, module: &str, name: String) {
        self.0.push(Definition { index, module: module.to_owned(), name });
    }

    /// Returns the module and name of an import's definition, if they are not the import's own.
    #[cfg(feature = "replay")]
    pub(crate) fn definition(&self, index: usize) -> Option<(&str, &str)> {
        self.of(index).map(|own| (own.module.as_str(), own.name.as_str()))
    }

    /// Returns whether all imports have the definitions of their own names.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether imports of one name have several definitions, which no linker can express.
    pub(super) fn is_overloaded(&self, module: &Module) -> bool {
        let mut definitions = HashMap::new();
        module.imports().enumerate().any(|(index, import)| {
            let definition = self.of(index).map(|own| (&own.module, &own.name));
            match definitions.entry((import.module(), import.name())) {
                Entry::Vacant(entry) => {
                    let _ = entry.insert(definition);
                    false
                }
                Entry::Occupied(entry) => *entry.get() != definition,
            }
        })
    }

    /// Returns a linker in which the imports of a module, which is not overloaded, have their own names.
    pub(crate) fn named<'a, T: 'static>(
        &self,
        linker: &'a Linker<T>,
        module: &Module,
    ) -> Cow<'a, Linker<T>> {
        let mut linker = Cow::Borrowed(linker);
        if self.is_empty() {
            return linker;
        }
        for (index, import) in module.imports().enumerate() {
            if let Some(Definition { module, name, .. }) = self.of(index) {
                // It fails if there is no such definition, or one of the import's own name. Resolving the
                // imports finds the latter, and reports the former.
                let _ = linker.to_mut().alias(module, name, import.module(), import.name());
            }
        }
        linker
    }

    /// Returns the definitions of a module's imports.
    ///
    /// # Errors
    ///
    /// Fails if an import has no definition.
    pub(super) fn resolve<T: 'static>(
        &self,
        linker: &Linker<T>,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Vec<Extern>> {
        let imports = module.imports().enumerate().map(|(index, import)| {
            let mut get = |module: &str, name: &str| linker.get(&mut store, module, name);
            match self.of(index) {
                None => get(import.module(), import.name()),
                // A definition can have several types, if one is a subtype of the other.
                Some(own) => get(&own.module, &own.name)
                    .or_else(|missing| get(import.module(), import.name()).or(Err(missing))),
            }
        });
        imports.collect()
    }

    /// Returns the definition of an import. Definitions are in the order of the imports.
    fn of(&self, index: usize) -> Option<&Definition> {
        let found = self.0.binary_search_by_key(&index, |own| own.index).ok()?;
        self.0.get(found)
    }
}
