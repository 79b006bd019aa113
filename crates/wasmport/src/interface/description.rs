//! `Interface`: the description of an interface in generated code.

#[cfg(feature = "component-model")]
use super::component::ComponentItems;
use super::lines::entries;
use super::options::Options;
use std::fmt;
use std::marker::PhantomData;
use wasmtime::Module;

/// What a wrapper expects of code: the exports that it calls, and the imports that its host gives. `C` is the
/// kind of the code.
///
/// Each wrapper has one as its `INTERFACE`: that of an `[[interface]]` in `wasmport.toml` for code that arrives
/// while the program runs, and that of an asset for its own code and any other with the same imports and
/// exports. [`check`](Self::check) compares loaded code with it.
pub struct Interface<C = Module> {
    name: &'static str,
    /// The modules or interfaces from which imports can come, each with a line for each import: its name and its
    /// type as text.
    pub(super) imports: &'static [(&'static str, &'static str)],
    /// The exports, as lines likewise: those of a module under the empty name, those of a component under the
    /// interface that they belong to.
    exports: &'static [(&'static str, &'static str)],
    /// A line for each long type of a component: the name that stands for it, and the type.
    definitions: &'static str,
    pub(crate) options: Options,
    kind: PhantomData<fn() -> C>,
}

impl<C> Interface<C> {
    pub(crate) const fn new(
        name: &'static str,
        imports: &'static [(&'static str, &'static str)],
        exports: &'static [(&'static str, &'static str)],
        definitions: &'static str,
    ) -> Self {
        let options = Options {
            sizes: false,
            wasi: false,
            any_import_module: false,
            optional: &[],
            one_of: &[],
        };
        Self { name, imports, exports, definitions, options, kind: PhantomData }
    }

    /// Demands memories and tables of the sizes in the interface.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_sizes(mut self) -> Self {
        self.options.sizes = true;
        self
    }

    /// Allows the imports that WASI satisfies.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_wasi(mut self) -> Self {
        self.options.wasi = true;
        self
    }

    /// Allows code to take imports from a module of any name.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_any_import_module(mut self) -> Self {
        self.options.any_import_module = true;
        self
    }

    /// Allows code to lack these exports.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_optional(mut self, exports: &'static [&'static str]) -> Self {
        self.options.optional = exports;
        self
    }

    /// Demands exactly one of these exports.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_one_of(mut self, exports: &'static [&'static str]) -> Self {
        self.options.one_of = exports;
        self
    }

    /// Returns the name, which is also that of the wrapper's Rust module.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl Interface<Module> {
    /// Returns the exports: a line for each, with its name and its type in the text format.
    #[must_use]
    pub const fn exports(&self) -> &'static str {
        match self.exports {
            [(_, lines), ..] => lines,
            [] => "",
        }
    }
}

impl Interface<Module> {
    /// Returns the imports: module and name.
    pub(crate) fn imports_by_module(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = self.imports.iter();
        all.flat_map(|(module, lines)| entries(lines).map(|entry| (*module, entry.name)))
    }

    /// Returns whether code that imports `name` from the module `from` gets the import of that name from the
    /// interface's `module`.
    pub(crate) fn gives(&self, module: &str, name: &str, from: &str) -> bool {
        if module == from {
            return true;
        }
        let mut own = self.imports_by_module();
        // The first module that gives a name comes last.
        let of_name = self.names_of_imports().filter(|(own, _)| own == name);
        self.options.any_import_module
            && !own.any(|own| own.0 == from && own.1 == name)
            && of_name.last().is_some_and(|(_, first)| first == module)
    }

    /// Returns the names of the imports, each with the first module from which it comes.
    pub(crate) fn names_of_imports(&self) -> impl Iterator<Item = (String, &'static str)> {
        let all = self.imports.iter().rev();
        all.flat_map(|(module, lines)| entries(lines).map(|entry| (entry.name, *module)))
    }
}

#[cfg(feature = "component-model")]
impl Interface<wasmtime::component::Component> {
    /// Returns the imports and exports.
    #[must_use]
    pub fn items(&self) -> ComponentItems {
        ComponentItems::parse(self.imports, self.exports, self.definitions)
    }
}

impl<C> fmt::Debug for Interface<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interface")
            .field("name", &self.name)
            .field("imports", &self.imports)
            .field("exports", &self.exports)
            .field("definitions", &self.definitions)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
