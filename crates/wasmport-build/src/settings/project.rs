//! `Settings`: the settings of one import, from code or from `wasmport.toml`.

use super::concurrency::{self, Concurrency, EngineTable};
use super::file::SettingsFile;
use super::profile::{DebugProfile, Profile, ProfileTables};
use super::project_value::ProjectValue;
use super::table::{Field as _, Row, first, values};
use super::{AssetSettings, CacheSettings, LockMode, Merge, Passes, Symlinks, Tools};
use crate::error::Error;
use crate::partition::Partition;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::EngineConfig;
use wasmport::engine::{RequiredFeatures, Target};

/// Declares [`Settings`], and from the same rows the settings file with its table `[import]`.
///
/// A row is `name as "key": Type = default;` after its documentation; the key may be left out. Rows
/// below `code` are set from code alone, or are tables of their own in the file.
macro_rules! project_settings {
    (
        $(#[doc = $doc:literal])*
        pub struct Settings {
            root {$(
                $(#[doc = $root_doc:literal])*
                $root:ident: $root_ty:ty = $root_default:expr;
            )*}
            import {$(
                $(#[doc = $row_doc:literal])*
                $field:ident $(as $key:literal)?: $ty:ty = $default:expr;
            )*}
            code {$(
                $(#[doc = $code_doc:literal])*
                $visibility:vis $code:ident: $code_ty:ty = $code_default:expr;
            )*}
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Settings {
            $($(#[doc = $root_doc])* pub $root: $root_ty,)*
            $($(#[doc = $row_doc])* pub $field: $ty,)*
            $($(#[doc = $code_doc])* $visibility $code: $code_ty,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    $($root: $root_default,)*
                    $($field: $default,)*
                    $($code: $code_default,)*
                }
            }
        }

        /// `wasmport.toml`: every key is optional and replaces the default.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        struct ConfigFile {
            $($root: Option<<$root_ty as ProjectValue>::Written>,)*
            import: ImportTable,
            engine: EngineTable,
            profile: ProfileTables,
            defaults: AssetSettings,
            asset: Vec<AssetSettings>,
            interface: Vec<AssetSettings>,
            tools: Tools,
            cache: CacheSettings,
        }

        /// The table `[import]`.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        struct ImportTable {
            $($(#[serde(rename = $key)])? $field: Option<<$ty as ProjectValue>::Written>,)*
        }

        /// The declarations of the table `[import]`.
        pub(super) const IMPORT: &[Row] = &[
            $(Row {
                renamed: first(&[$($key)?]),
                ..Row::new(stringify!($field), concat!($($row_doc),*))
            },)*
        ];

        /// The declarations of the settings of the project; `[engine]` is declared by [`EngineConfig`].
        pub(super) const PROJECT: &[Row] = &[
            $(Row::new(stringify!($root), concat!($($root_doc),*)),)*
            Row { below: Some(IMPORT), ..Row::new("import", "Selection of assets, and their output.") },
            Row { below: Some(Tools::ROWS), ..Row::new("tools", Tools::DOC) },
            Row { below: Some(CacheSettings::ROWS), ..Row::new("cache", CacheSettings::DOC) },
        ];

        impl Settings {
            /// Takes over a settings file that stands in `folder`.
            fn read(&mut self, file: ConfigFile, folder: &Path) {
                let defaults = Self::default();
                $(self.$root = defaults.$root.read(file.$root, folder);)*
                $(self.$field = defaults.$field.read(file.import.$field, folder);)*
                self.engine = file.engine.engine;
                self.concurrency = file.engine.concurrency;
                self.debug_profile = file.profile.debug;
                self.defaults = file.defaults;
                self.assets = file.asset;
                self.interfaces = file.interface;
                self.tools = file.tools;
                self.cache = file.cache;
            }

            /// Returns the values outside of tables and those of `[import]`, as the file writes them.
            fn written(&self) -> [Vec<Value>; 2] {
                [vec![$(self.$root.written()),*], vec![$(self.$field.written()),*]]
            }

            /// Returns the types of the values outside of tables and of those of `[import]`.
            #[cfg(feature = "schema")]
            pub(super) fn schemas(
                generator: &mut schemars::SchemaGenerator,
            ) -> [Vec<super::table::Typed>; 2] {
                let defaults = Self::default();
                [
                    vec![$((<$root_ty>::schema(generator), defaults.$root.written_default())),*],
                    vec![$((<$ty>::schema(generator), defaults.$field.written_default())),*],
                ]
            }
        }
    };
}

project_settings! {
    /// Settings of one import.
    pub struct Settings {
        root {
            /// Targets to compile for. An empty list generates wrappers without artifacts. Default: an
            /// import compiles for the machine it runs on, a check accepts the targets that were
            /// imported.
            targets: Option<Vec<Target>> = None;
        }
        import {
            /// Folders to search, or single files.
            roots: Vec<PathBuf> = vec!["assets".into()];
            /// Output folder.
            out_dir: PathBuf = "src/assets".into();
            /// Files to import, as globs relative to the root. Default: all `.wasm` and `.wat` files. Hidden
            /// files, and files in hidden folders, are imported only if an `include` or `match` glob names
            /// them with the dot, such as `.cache/**` or `.*`.
            include: Vec<String> = Vec::new();
            /// Files to leave out, as globs relative to the root. Default: none.
            exclude: Vec<String> = Vec::new();
            /// Treatment of symbolic links below the roots.
            symlinks: Symlinks = Symlinks::Inside;
            /// Embed the artifacts in the program (`include_bytes!`); if false, the program reads the
            /// files at run time.
            embed: bool = true;
            /// Path of the `wasmport` crate in generated code, for programs that rename the dependency or
            /// get it through another crate: `wp`, `framework::wasmport` or `crate::deps::wasmport`.
            crate_path: String = super::crate_path::DEFAULT.into();
            /// Proposals that assets may use besides those that Wasmtime enables by default. Default:
            /// none.
            features as "wasm-features": RequiredFeatures = RequiredFeatures::on_by_default();
        }
        code {
            /// The settings file, which a build script watches.
            pub file: Option<PathBuf> = None;
            /// Paths to select: only assets at or below one of them are imported or checked, and
            /// earlier output of the others stays. If empty, all assets are selected.
            pub only: Vec<PathBuf> = Vec::new();
            /// The engine configuration of the project.
            pub engine: EngineConfig = EngineConfig::new();
            /// The purpose of the import. Default: in a build script what cargo builds for, else
            /// [`Profile::Release`].
            pub profile: Option<Profile> = None;
            /// The settings that development imports replace in the engine configuration.
            pub debug_profile: DebugProfile = DebugProfile::default();
            /// The decision on the engine's support for concurrent calls of components.
            pub concurrency: Concurrency = Concurrency::Auto;
            /// Choices for all assets.
            pub defaults: AssetSettings = AssetSettings::default();
            /// Choices for some assets; if several match, later ones win.
            pub assets: Vec<AssetSettings> = Vec::new();
            /// Interfaces of code that arrives while the program runs, with their choices.
            pub interfaces: Vec<AssetSettings> = Vec::new();
            /// External programs that stages run.
            pub tools: Tools = Tools::default();
            /// Run programs outside of the project that a settings file names in `tools`.
            pub allow_tools: bool = false;
            /// The project's own passes.
            pub passes: Passes = Passes::default();
            /// Largest number of threads. Default: one for each processor.
            pub jobs: Option<usize> = None;
            /// Bound on the estimated memory of the assets that are compiled at the same time, in MiB;
            /// an asset that needs more is compiled alone. Default: little more than the largest asset
            /// needs.
            pub memory_mib: Option<u32> = None;
            /// The store of earlier results.
            pub cache: CacheSettings = CacheSettings::default();
            /// Use of the lock file.
            pub lock: LockMode = LockMode::default();
            /// Compile everything without earlier results, and compare with the output instead of
            /// writing it.
            pub reproduce: bool = false;
            /// Compile only the items of this part, and write no output: the results stay in the store.
            pub partition: Option<Partition> = None;
            /// Take the artifacts that other jobs have compiled.
            pub merge: Option<Merge> = None;
            /// The folder for the module after each stage, as text.
            pub emit_stages: Option<PathBuf> = None;
            /// Whether the import may use the network: in build scripts it never does.
            pub(crate) has_network: bool = true;
            /// Whether the engine configuration is that of development imports alone.
            pub(crate) is_development: bool = false;
            /// The folder of the settings file; paths in choices for assets are relative to it.
            pub(crate) folder: PathBuf = PathBuf::new();
            /// The settings file, for the origin of values.
            pub(crate) origin: Option<SettingsFile> = None;
        }
    }
}

impl Settings {
    /// Reads the settings of the project in `folder`: its `wasmport.toml`, else the defaults.
    ///
    /// # Errors
    ///
    /// Fails like [`Settings::from_file`].
    pub fn of_project(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("wasmport.toml");
        if file.exists() { Self::from_file(&file) } else { Ok(Self::default()) }
    }

    /// Reads `wasmport.toml`; its paths are relative to its folder.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read, with [`Error::Settings`] if a key is
    /// unknown, a value is invalid, or settings contradict each other.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let origin = SettingsFile::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut settings =
            Self { file: Some(path.into()), folder: folder.into(), ..Self::default() };
        settings.read(origin.parse()?, folder);
        settings.cache.resolve(folder);
        settings.tools.resolve(folder);
        settings.origin = Some(origin.with_values(settings.file_values()));
        settings.check()?;
        Ok(settings)
    }

    /// Returns the path of the lock file: beside the settings file, with the same name.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        let beside = || self.folder.join("wasmport.lock");
        self.file.as_ref().map_or_else(beside, |file| file.with_extension("lock"))
    }

    /// Returns the path of the `wasmport` crate, if it is not the default.
    pub(crate) fn other_crate_path(&self) -> Option<String> {
        (self.crate_path != super::crate_path::DEFAULT).then(|| self.crate_path.clone())
    }

    /// Returns the targets that the settings file names, if it names any.
    pub(crate) fn named_targets(&self) -> Option<&Vec<Value>> {
        self.origin.as_ref().and_then(|file| file.value("targets")?.as_array())
    }

    /// Returns whether the settings file names `target`, or no target at all.
    pub(crate) fn may_be_for(&self, target: &str) -> bool {
        let named = self.named_targets();
        named.is_none_or(|named| named.iter().any(|name| name == target))
    }

    /// Returns the values of the project's settings by dotted key, with defaults.
    pub(super) fn project_values(&self) -> BTreeMap<String, Value> {
        let [root, import] = self.written();
        let import = IMPORT.iter().map(Row::key).zip(import).collect::<Value>();
        let tables = [
            ("import", import),
            ("tools", json(&Tools::defaults().merged_with(&self.tools))),
            ("cache", json(&CacheSettings::defaults().merged_with(&self.cache))),
        ];
        let root = PROJECT.iter().map(Row::key).zip(root);
        let tables = tables.into_iter().map(|(key, table)| (key.to_owned(), table));
        let mut project = values(PROJECT, &root.chain(tables).collect::<Value>());
        if let Value::Object(engine) = json(&self.engine) {
            let engine = engine.into_iter();
            project.extend(engine.map(|(key, value)| (format!("engine.{key}"), value)));
            project.insert(
                format!("engine.{}", concurrency::KEY),
                self.concurrency.written(&self.engine),
            );
        }
        if let Value::Object(debug) = json(&self.debug_profile) {
            let debug = debug.into_iter();
            project.extend(debug.map(|(key, value)| (format!("profile.debug.{key}"), value)));
        }
        project
    }

    /// Makes the engine configuration that of the profile: the chosen one, else `default`.
    #[cfg(feature = "compiler")]
    pub(crate) fn apply_profile(&mut self, default: Profile) {
        let profile = *self.profile.get_or_insert(default);
        let engine = self.debug_profile.applied_to(self.engine);
        if profile == Profile::Debug && engine != self.engine {
            self.engine = engine;
            self.is_development = true;
            // The lock file is of what others run.
            if self.lock == LockMode::Update {
                self.lock = LockMode::Ignore;
            }
        }
    }
}

fn json(table: &impl serde::Serialize) -> Value {
    // Strings, numbers and maps with string keys: nothing that JSON lacks.
    serde_json::to_value(table).unwrap_or_default()
}
