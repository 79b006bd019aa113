//! `AssetSettings`: what may be chosen for each asset, and the rules that say which asset gets what.

use super::stages::{
    FastMath, ImportLimits, LegacyExceptions, Optimize, Policy, Preinit, Transform,
};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// More exports than this get no methods, unless more are asked for.
const MAX_EXPORTS: usize = 4_000;

/// Choices for one asset. Those left out are taken from the rules before, at last from the defaults.
///
/// Patterns are globs over names; those of imports are over `module/name`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct AssetSettings {
    /// The source files that the choices are for: a glob over paths relative to the import root.
    #[serde(rename = "match", skip_serializing)]
    pub(crate) pattern: Option<String>,
    /// The wrapper's type. Default: the file's name in upper camel case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Who sees the wrapper. Default: everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Patterns of the exports that get methods. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exports: Option<Vec<String>>,
    /// Patterns of exports that get none. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_exports: Option<Vec<String>>,
    /// The kinds of exports that get methods. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<ExternKind>>,
    /// How many exports get methods at most. Default: 4,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_exports: Option<usize>,
    /// What the methods' names begin with. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Whether calls are `async`: guests can wait for host functions, and yield. Default: no.
    #[serde(rename = "async", skip_serializing_if = "Option::is_none")]
    pub asynchronous: Option<bool>,
    /// Patterns of the imports whose host functions are `async`. Of a component: functions, resources,
    /// interfaces or packages, such as `demo:app/store.open`, or `*`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub async_imports: Option<Vec<String>>,
    /// Patterns of the imports whose host functions cannot fail. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infallible_imports: Option<Vec<String>>,
    /// Patterns of the imports that trap where the program does not implement them. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trap_imports: Option<Vec<String>>,
    /// Of a component: the imports whose host functions give a `Result`, whose error ends the guest's
    /// call: functions, resources, interfaces or packages, or `*`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trappable_imports: Option<Vec<String>>,
    /// Of a component: the imports whose host functions are given the store, as one does that makes a
    /// stream: functions, resources, interfaces or packages, or `*`. Default: those that are `async` in
    /// WIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_imports: Option<Vec<String>>,
    /// Of a component: error types of WIT and the Rust types that host functions give in their place,
    /// such as `"demo:app/store.problem" = "crate::Problem"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trappable_errors: Option<BTreeMap<String, String>>,
    /// Of a component: the world that it must implement, as `path/to/wit#name`, relative to the settings
    /// file. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// Of a component: its imports that other components satisfy, and their files, relative to the
    /// settings file, such as `"demo:math/add" = "assets/adder.wasm"`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose: Option<BTreeMap<String, String>>,
    /// Whether what it imports from WASI is given by the `wasi` feature of the `wasmport` crate, and not
    /// by a `Host` trait for the program to implement. Default: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasi: Option<bool>,
    /// Import modules whose host trait is that of another wrapper: the path of its module, such as
    /// `env = "crate::assets::host::env"`. Of a component: interfaces and resources, and the Rust modules
    /// and types that stand for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<BTreeMap<String, String>>,
    /// Derives for the structs of [`api`](Self::api), besides `Clone` and `Copy`; of a component for
    /// its records, variants and enums.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derives: Option<Vec<String>>,
    /// Signatures beyond numbers, as Rust: see the chapter on them in the book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// How the guest wants memory to be allocated for what is passed to it. Default: as its exports
    /// show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub convention: Option<Convention>,
    /// The export that allocates. Default: the convention's, such as `malloc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malloc: Option<String>,
    /// The export that frees. Default: the convention's, such as `free`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<String>,
    /// What happens where a target cannot run the asset. Default: fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<Policy>,
    /// What the asset may be and its import may take.
    #[serde(skip_serializing_if = "ImportLimits::is_empty")]
    pub limits: ImportLimits,
    /// What to do with exceptions of before the standard. Default: refuse them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legacy_exceptions: Option<LegacyExceptions>,
    /// Running the module while it is imported.
    #[serde(skip_serializing_if = "Preinit::is_empty")]
    pub preinit: Preinit,
    /// The project's own passes.
    #[serde(skip_serializing_if = "Transform::is_empty")]
    pub transform: Transform,
    /// Optimizing with `wasm-opt`.
    #[serde(skip_serializing_if = "Optimize::is_empty")]
    pub optimize: Optimize,
    /// Patterns of custom sections to remove, such as `name`, `producers`, `.debug_*`. The wrapper
    /// keeps the names it was generated with. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strip: Option<Vec<String>>,
    /// How hard artifacts are compressed with zstd, from 1 to 22, by patterns over targets; of those
    /// that match, the longest decides, and 0 is not at all. Default: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compress: Option<BTreeMap<String, i32>>,
}

/// Who sees a wrapper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Visibility {
    /// Everyone.
    #[default]
    Public,
    /// The crate that includes it.
    Crate,
}

/// A kind of import or export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the specification's names say it all")]
pub enum ExternKind {
    Func,
    Global,
    Memory,
    Table,
    Tag,
}

/// Who allocates and frees what is passed between host and guest, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Convention {
    /// `malloc` and `free`: the caller owns what it passes, the caller frees what it is given.
    C,
    /// `__wbindgen_malloc` and `__wbindgen_free`: the guest owns what it is passed, the host frees
    /// what it is given.
    WasmBindgen,
    /// `__new`, `__pin` and `__unpin`: objects of AssemblyScript's runtime.
    #[serde(rename = "assemblyscript")]
    AssemblyScript,
    /// `cabi_realloc`, as the component model's canonical ABI has it.
    CabiRealloc,
}

impl AssetSettings {
    /// No choices yet, for the assets whose source files match the glob `pattern`.
    #[must_use]
    pub fn matching(pattern: impl Into<String>) -> Self {
        Self { pattern: Some(pattern.into()), ..Self::default() }
    }

    /// What holds where nothing is chosen, of what can be said without looking at the asset.
    pub(crate) fn defaults() -> Self {
        Self {
            visibility: Some(Visibility::Public),
            max_exports: Some(MAX_EXPORTS),
            asynchronous: Some(false),
            wasi: Some(true),
            unsupported: Some(Policy::Fail),
            limits: ImportLimits::defaults(),
            legacy_exceptions: Some(LegacyExceptions::Refuse),
            preinit: Preinit::defaults(),
            transform: Transform::new().on_failure(Policy::Fail),
            optimize: Optimize::new().fast_math(FastMath::No).on_failure(Policy::Fail),
            ..Self::default()
        }
    }

    /// These choices, and those of `other` where there are any.
    #[must_use]
    pub fn overridden_by(self, other: &Self) -> Self {
        macro_rules! merge {
            ($($field:ident)*) => {
                Self {
                    $($field: other.$field.clone().or(self.$field),)*
                    limits: self.limits.overridden_by(&other.limits),
                    preinit: self.preinit.overridden_by(&other.preinit),
                    transform: self.transform.overridden_by(&other.transform),
                    optimize: self.optimize.overridden_by(&other.optimize),
                }
            };
        }
        merge! {
            pattern type_name visibility exports exclude_exports kinds max_exports prefix asynchronous
            async_imports infallible_imports trap_imports trappable_imports store_imports trappable_errors world compose wasi with derives api convention malloc free
            unsupported legacy_exceptions strip compress
        }
    }

    /// What the outputs depend on: not how long they may take to make.
    pub(crate) fn without_bounds(&self) -> Self {
        let mut settings = self.clone();
        (settings.limits.max_seconds, settings.limits.max_memory_mib) = (None, None);
        settings
    }

    /// The files that it names besides those of its initialization. Paths are relative to `folder`.
    pub(crate) fn inputs(&self, folder: &Path) -> Vec<PathBuf> {
        let world = self.world.as_deref().map(|world| world_path(world).0);
        let others = self.compose.iter().flat_map(BTreeMap::values).map(String::as_str);
        world.into_iter().chain(others).map(|path| folder.join(path)).collect()
    }

    pub(crate) fn max_exports(&self) -> usize {
        self.max_exports.unwrap_or(MAX_EXPORTS)
    }

    /// Whether WASI is given.
    pub(crate) fn wasi(&self) -> bool {
        self.wasi.unwrap_or(true)
    }

    /// Whether calls wait: asked for, or because imports do.
    pub(crate) fn is_async(&self) -> bool {
        self.asynchronous.unwrap_or_default()
            || self.async_imports.as_ref().is_some_and(|patterns| !patterns.is_empty())
    }
}

/// The path and the name in `path/to/wit#name`.
pub(crate) fn world_path(world: &str) -> (&str, Option<&str>) {
    match world.rsplit_once('#') {
        Some((path, name)) => (path, Some(name)),
        None => (world, None),
    }
}

/// Patterns over names.
pub(crate) struct Patterns(Option<GlobSet>);

impl Patterns {
    /// Nothing where there are no patterns at all.
    pub fn new(patterns: Option<&Vec<String>>) -> Result<Self, String> {
        let Some(patterns) = patterns else { return Ok(Self(None)) };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(glob(pattern)?);
        }
        set.build().map(|set| Self(Some(set))).map_err(|e| e.to_string())
    }

    /// Whether one of them matches; `default` where there are none.
    pub fn matches(&self, name: &str, default: bool) -> bool {
        self.0.as_ref().map_or(default, |set| set.is_match(name))
    }
}

/// Names are no paths: `*` matches everything.
fn glob(pattern: &str) -> Result<Glob, String> {
    GlobBuilder::new(pattern)
        .literal_separator(false)
        .backslash_escape(true)
        .build()
        .map_err(|e| format!("the pattern `{pattern}`: {}", e.kind()))
}

/// A pattern over source files.
pub(super) fn source_glob(pattern: &str) -> Result<Glob, String> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_err(|e| e.kind().to_string())
}

/// The rules of a run, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct AssetRules {
    rules: Vec<(globset::GlobMatcher, AssetSettings)>,
    defaults: AssetSettings,
}

impl AssetRules {
    /// The rules of settings that were [checked](super::Settings::check): what has no pattern is for
    /// no asset.
    pub fn new(settings: &super::Settings) -> Self {
        let rules = settings.assets.iter().filter_map(|rule| {
            let glob = source_glob(rule.pattern.as_deref()?).ok()?;
            Some((glob.compile_matcher(), rule.clone()))
        });
        Self { rules: rules.collect(), defaults: settings.defaults.clone() }
    }

    /// The indices of the rules that match the source file `source`.
    pub fn matching(&self, source: &str) -> Vec<usize> {
        let rules = self.rules.iter().enumerate().filter(|(_, (glob, _))| glob.is_match(source));
        rules.map(|(index, _)| index).collect()
    }

    /// What is chosen for the source file `source`: later rules win.
    pub fn of(&self, source: &str) -> AssetSettings {
        let matching = self.rules.iter().filter(|(glob, _)| glob.is_match(source));
        let chosen = matching
            .fold(self.defaults.clone(), |settings, (_, rule)| settings.overridden_by(rule));
        AssetSettings { pattern: None, ..chosen }
    }

    /// The patterns that match none of `sources`.
    pub fn unused<'a>(&self, sources: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let globs = self.rules.iter().map(|(glob, _)| glob);
        let unused = globs.filter(|glob| !sources.clone().any(|source| glob.is_match(source)));
        unused.map(|glob| glob.glob().glob().to_owned()).collect()
    }
}
