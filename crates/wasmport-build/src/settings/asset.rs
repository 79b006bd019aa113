//! `[defaults]` and `[[asset]]`: choices for all assets and for some.

use super::table::{Field as _, Mark, settings_table};
use super::version::{Version, natural, world_path};
use super::{
    Convention, Detect, ExternKind, ImportLimits, ImportModules, LegacyExceptions, Optimize,
    Policy, Preinit, Transform, Visibility,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

settings_table! {
    /// Choices for one asset. A choice that is left open comes from an earlier rule, at last from the
    /// defaults.
    ///
    /// Patterns are globs over names, in which `*` matches everything and `?` one character. Patterns
    /// of imports match `module/name`.
    pub struct AssetSettings {
        /// Source files that the choices are for, as a glob over paths relative to the import root.
        pub(crate) pattern as "match": Option<String>, Selector;
        /// Name of the interface, and of its Rust module.
        pub name: Option<String>, Interface;
        /// World that components of the interface implement: `path/to/wit#name`, relative to the settings file.
        pub wit: Option<String>, Interface;
        /// Module with the imports and exports of the interface, relative to the settings file. It need not do
        /// anything: code and data are ignored.
        pub module: Option<String>, Interface;
        /// Asset whose imports and exports the interface has, relative to the settings file.
        pub like: Option<String>, Interface;
        /// Versions of the interface, each with its world `path/to/wit#name` or its module `path/to/module.wat`,
        /// relative to the settings file. They have the order of their names, in which numbers count as numbers:
        /// `v2` is older than `v10`. A pre-release is older than its release: `1.0.0-rc.1` than `1.0.0`.
        pub versions: Option<BTreeMap<String, String>>, Interface;
        /// The way to know the version of code.
        pub detect: Detect, Interface;
        /// Exports that code may lack, as glob patterns over names. Each matches an export of at least one version.
        /// Default: none.
        pub optional: Option<Vec<String>>, Interface, Patterns;
        /// Exports of which code has exactly one, by name. Each version has at least one of them. Default: none.
        pub one_of: Option<Vec<String>>, Interface;
        /// Modules from which code may take the imports: those of the interface, or any.
        pub import_module: Option<ImportModules> = ImportModules::Named, Module, Interface;
        /// Demand memories and tables at least as large as those of the interface.
        pub sizes: Option<bool> = false, Module, Interface;
        /// Name of the wrapper's type. Default: the file's name in upper camel case.
        pub type_name: Option<String>;
        /// Visibility of the wrapper.
        pub visibility: Option<Visibility> = Visibility::Public;
        /// Exports that get methods, as glob patterns. Default: all.
        pub exports: Option<Vec<String>>, Module, Patterns;
        /// Exports that get no methods, as glob patterns. Default: none.
        pub exclude_exports: Option<Vec<String>>, Module, Patterns;
        /// Kinds of exports that get methods. Default: all.
        pub kinds: Option<Vec<ExternKind>>, Module;
        /// Largest number of exports that get methods.
        pub max_exports: Option<usize> = 4_000, Module;
        /// Prefix of the methods' names. Default: none.
        pub prefix: Option<String>, Module;
        /// Write the trait `FooCalls`, with which a handle calls the functions of its session.
        pub handle: Option<bool> = false;
        /// Functions that a handle calls again if the session failed: glob patterns over names of exports;
        /// for a component over names of functions, those of interfaces like `demo:app/store#open`. Default: none.
        pub idempotent: Option<Vec<String>>, Patterns;
        /// Make calls `async`, so that the guest can wait for host functions and can yield.
        pub asynchronous as "async": Option<bool> = false;
        /// Imports with `async` host functions: glob patterns over `module/name`; for a component the
        /// names of functions, resources, interfaces or packages, such as `demo:app/store.open`, or
        /// `*`. Default: none.
        pub async_imports: Option<Vec<String>>, Patterns;
        /// Imports with host functions that cannot fail and return no `Result`, as glob patterns.
        /// Default: none.
        pub infallible_imports: Option<Vec<String>>, Module, Patterns;
        /// Imports that trap unless the program implements them, as glob patterns. Default: none.
        pub trap_imports: Option<Vec<String>>, Module, Patterns;
        /// Imports with host functions that return a `Result` whose error ends the guest's call: names
        /// of functions, resources, interfaces or packages, or `*`. Default: none.
        pub trappable_imports: Option<Vec<String>>, Component;
        /// Imports with host functions that receive the store, for example to create a stream: names of
        /// functions, resources, interfaces or packages, or `*`. Default: the functions that are `async`
        /// in WIT.
        pub store_imports: Option<Vec<String>>, Component;
        /// WIT error types, each with the Rust type that host functions return in its place, such as
        /// `{ "demo:app/store.problem" = "crate::Problem" }`.
        pub trappable_errors: Option<BTreeMap<String, String>>, Component;
        /// World that the component must implement: `path/to/wit#name`, relative to the settings file.
        /// Default: any.
        pub world: Option<String>, Component, Artifact;
        /// Imports that other components satisfy, each with the file of the component, relative to the
        /// settings file, such as `{ "demo:math/add" = "assets/adder.wasm" }`. Default: none.
        pub compose: Option<BTreeMap<String, String>>, Component, Artifact;
        /// Let the `wasi` feature of the `wasmport` crate provide imports from WASI; if false, the
        /// program implements a `Host` trait for them. `true` in an interface lets code import WASI though
        /// the interface does not.
        pub wasi: Option<bool> = true;
        /// Import modules that use the host trait of another wrapper, each with the path of that
        /// trait's module, such as `{ env = "crate::assets::host::env" }`; for a component interfaces
        /// and resources, with the Rust modules and types that replace them.
        pub with: Option<BTreeMap<String, String>>;
        /// Derives for the structs of `api`, besides `Debug`, `Clone`, `Copy` and `PartialEq`; for a
        /// component those of its records, variants and enums. Default: none.
        pub derives: Option<Vec<String>>;
        /// Signatures beyond numbers, in Rust syntax; described in the chapter "Signatures".
        pub api: Option<String>, Module;
        /// Convention by which values in the guest's memory are passed.
        pub convention: Convention, Module;
        /// Reaction if a target cannot run the asset.
        pub unsupported: Option<Policy> = Policy::Fail, Artifact;
        /// Bounds on the asset and on its import.
        pub limits: ImportLimits;
        /// Treatment of exceptions from before the standard.
        pub legacy_exceptions: Option<LegacyExceptions> = LegacyExceptions::Refuse, Artifact;
        /// Initialization while the asset is imported.
        pub preinit: Preinit, Artifact;
        /// The project's own passes.
        pub transform: Transform, Artifact;
        /// Optimization with `wasm-opt`.
        pub optimize: Optimize, Artifact;
        /// Export the module's state under reserved names, so that sessions of it can be saved and start from what was
        /// saved. Components and modules with threads are refused.
        pub snapshot: Option<bool> = false, Artifact;
        /// Custom sections to remove, as glob patterns over names such as `name`, `producers`,
        /// `.debug_*`. The wrapper keeps the names from before. Default: none.
        pub strip: Option<Vec<String>>, Patterns, Artifact;
        /// Levels of zstd compression from 1 to 22, by glob patterns over targets; the longest matching
        /// pattern decides, and 0 is no compression. Default: no compression.
        pub compress: Option<BTreeMap<String, i32>>, Artifact;
    }
}

/// The key that selects the assets of a rule.
pub(super) const MATCH: &str = "match";

/// The marks of choices that interfaces do not have.
pub(super) const OF_ASSETS: &[Mark] = &[Mark::Selector, Mark::Artifact];

/// Returns the marks of the choices that a table of the settings file does not have, if it has choices.
pub(super) fn refused_marks(table: &str) -> Option<&'static [Mark]> {
    match table.split('.').collect::<Vec<_>>()[..] {
        ["defaults"] => Some(&[Mark::Selector, Mark::Interface]),
        ["asset", _] => Some(&[Mark::Interface]),
        ["interface", _] => Some(OF_ASSETS),
        _ => None,
    }
}

impl AssetSettings {
    /// Returns choices, all open yet, for the assets whose source files match the glob `pattern`.
    #[must_use]
    pub fn matching(pattern: impl Into<String>) -> Self {
        Self { pattern: Some(pattern.into()), ..Self::default() }
    }

    /// Returns the interface `name`, whose imports and exports are those of the module at `path`, relative to the
    /// settings file. The module need not do anything: code and data are ignored.
    #[must_use]
    pub fn interface(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: Some(name.into()), module: Some(path.into()), ..Self::default() }
    }

    /// Returns the interface `name` of components that implement the world `path/to/wit#name`, relative to the
    /// settings file.
    #[must_use]
    pub fn interface_of_world(name: impl Into<String>, world: impl Into<String>) -> Self {
        Self { name: Some(name.into()), wit: Some(world.into()), ..Self::default() }
    }

    /// Returns the interface `name`, whose imports and exports are those of the asset at `path`, relative to the
    /// settings file.
    #[must_use]
    pub fn interface_like(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: Some(name.into()), like: Some(path.into()), ..Self::default() }
    }

    /// Returns the interface `name` with these versions: each has a name, and a world `path/to/wit#name` or a module
    /// `path/to/module.wat`, relative to the settings file. Their order is that of their names, in which numbers
    /// count as numbers.
    #[must_use]
    pub fn interface_with_versions(
        name: impl Into<String>,
        versions: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let versions = Some(versions.into_iter().collect());
        Self { name: Some(name.into()), versions, ..Self::default() }
    }

    /// Returns the versions of an interface, oldest first; none if it has no versions.
    pub(crate) fn all_versions(&self) -> Vec<Version> {
        let versions = self.versions.iter().flatten();
        let mut versions: Vec<Version> =
            versions.map(|(name, description)| Version::new(name, description)).collect();
        versions.sort_by(|one, other| natural(&one.name, &other.name));
        versions
    }

    /// Returns whether these are the choices of an interface.
    pub(crate) fn is_interface(&self) -> bool {
        self.name.is_some()
    }

    /// Returns these choices with those of `other` laid over them.
    #[must_use]
    pub fn overridden_by(self, other: &Self) -> Self {
        self.merged_with(other)
    }

    /// Returns the choices that outputs depend on: without the bounds on time and memory.
    pub(crate) fn without_bounds(&self) -> Self {
        let mut settings = self.clone();
        (settings.limits.max_seconds, settings.limits.max_memory_mib) = (None, None);
        settings
    }

    /// Returns the files that the choices name, relative paths below `folder`; files of the
    /// initialization are in [`Preinit::inputs`].
    pub(crate) fn inputs(&self, folder: &Path) -> Vec<PathBuf> {
        let world = self.world.as_deref().map(|world| world_path(world).0);
        let others = self.compose.iter().flat_map(BTreeMap::values).map(String::as_str);
        let versions = self.all_versions();
        let versions = versions.iter().map(Version::path);
        world.into_iter().chain(others).chain(versions).map(|path| folder.join(path)).collect()
    }

    pub(crate) fn max_exports(&self) -> usize {
        self.chosen(|settings| settings.max_exports)
    }

    /// Returns whether WASI is provided.
    pub(crate) fn wasi(&self) -> bool {
        self.chosen(|settings| settings.wasi)
    }

    /// Returns whether code of the interface may import WASI, whatever the interface imports.
    pub(crate) fn grants_wasi(&self) -> bool {
        self.is_interface() && self.wasi == Some(true)
    }

    /// Returns whether calls are `async`: chosen, or because host functions are.
    pub(crate) fn is_async(&self) -> bool {
        self.chosen(|settings| settings.asynchronous)
            || self.async_imports.as_ref().is_some_and(|patterns| !patterns.is_empty())
    }
}
