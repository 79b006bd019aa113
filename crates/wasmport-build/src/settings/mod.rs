//! `Settings`: what an import is to do, as plain data; the same from code and from `wasmport.toml`.

mod asset;
mod cache;
mod contradictions;
mod explain;
mod file;
mod lock_mode;
#[cfg(feature = "compiler")]
mod pass;
mod stages;

#[cfg(feature = "compiler")]
pub(crate) use asset::world_path;
pub(crate) use asset::{AssetRules, Patterns};
pub use asset::{AssetSettings, Convention, ExternKind, Visibility};
pub use cache::CacheSettings;
pub use explain::{AssetExplanation, Explanation, Origin, Setting};
pub use lock_mode::LockMode;
#[cfg(feature = "compiler")]
pub use pass::Pass;
pub use stages::{
    FastMath, ImportLimits, LegacyExceptions, Optimize, OptimizeLevel, Policy, Preinit, Transform,
};

use crate::error::Error;
use file::SettingsFile;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use wasmport::EngineConfig;
use wasmport::engine::{RequiredFeatures, Target, WasmFeature};

/// What to do with symbolic links below an import root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Symlinks {
    /// Follow those that stay inside the root; one that leaves it is that file's error.
    #[default]
    Inside,
    /// Follow all.
    Follow,
}

/// The programs that stages run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Tools {
    /// Binaryen's optimizer.
    pub wasm_opt: Tool,
}

/// A program that a stage runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Tool {
    /// Where it is. Default: what its environment variable (`WASM_OPT`) says, else the first on the
    /// `PATH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The version that it must be, such as `132`; another is an error, and what another made is
    /// stale. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The project's own passes, in the order in which they run.
#[derive(Clone, Default)]
pub struct Passes {
    #[cfg(feature = "compiler")]
    pub(crate) list: Vec<std::sync::Arc<dyn Pass>>,
}

impl Passes {
    /// Names and versions of those that run for an asset.
    pub(crate) fn of(&self, transform: &Transform) -> Result<Vec<(String, String)>, String> {
        #[cfg(feature = "compiler")]
        return Ok(self
            .selected(transform)?
            .map(|p| (p.name().into(), p.version().into()))
            .collect());
        #[cfg(not(feature = "compiler"))]
        {
            let _ = transform;
            Ok(Vec::new())
        }
    }

    /// Patterns that choose none.
    #[cfg(feature = "compiler")]
    pub(crate) fn unknown<'t>(&self, transform: &'t Transform) -> Vec<&'t str> {
        let is_unknown = |pattern: &&String| {
            let one = Patterns::new(Some(&vec![(*pattern).clone()]));
            one.is_ok_and(|one| !self.list.iter().any(|pass| one.matches(pass.name(), false)))
        };
        transform.passes.iter().flatten().filter(is_unknown).map(String::as_str).collect()
    }

    /// Those that run for an asset.
    #[cfg(feature = "compiler")]
    pub(crate) fn selected(
        &self,
        transform: &Transform,
    ) -> Result<impl Iterator<Item = &dyn Pass>, String> {
        let patterns = Patterns::new(transform.passes.as_ref())?;
        let is_on = transform.enabled.unwrap_or(true);
        let passes = self.list.iter().map(AsRef::as_ref);
        Ok(passes.filter(move |pass| is_on && patterns.matches(pass.name(), true)))
    }
}

impl std::fmt::Debug for Passes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.of(&Transform::default()).unwrap_or_default()).finish()
    }
}

/// Settings of one import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The settings file that they were read from, which a build script watches.
    pub file: Option<PathBuf>,
    /// Folders to search, or single files.
    pub roots: Vec<PathBuf>,
    /// Import or check only what is at or below these paths; none means everything below the roots.
    /// What else was imported stays as it is.
    pub only: Vec<PathBuf>,
    /// Where the output goes.
    pub out_dir: PathBuf,
    /// Globs of files to import, relative to the root; none means all `.wasm` and `.wat` files.
    pub include: Vec<String>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// What to do with symbolic links.
    pub symlinks: Symlinks,
    /// The engine configuration of the project.
    pub engine: EngineConfig,
    /// What to compile for; an empty list generates wrappers without artifacts. Where nothing is
    /// said, an import is for the machine it runs on, and a check accepts what was imported.
    pub targets: Option<Vec<Target>>,
    /// Proposals that assets may use.
    pub features: RequiredFeatures,
    /// Choices for all assets.
    pub defaults: AssetSettings,
    /// Choices for some assets; where several match, later ones win.
    pub assets: Vec<AssetSettings>,
    /// The programs that stages run.
    pub tools: Tools,
    /// The project's own passes: from code alone.
    pub passes: Passes,
    /// Artifacts are part of the program (`include_bytes!`); else it reads them when it runs.
    pub embed: bool,
    /// Threads at most; by default one for each processor.
    pub jobs: Option<usize>,
    /// Memory that the assets which are compiled at once may take together, in MiB, as far as can be
    /// told before; one that takes more is compiled alone. By default little more than what the largest
    /// takes.
    pub memory_mib: Option<u32>,
    /// Where results are kept.
    pub cache: CacheSettings,
    /// What is done with the lock file.
    pub lock: LockMode,
    /// Compile everything, whatever there is, and compare with it instead of writing: nothing that
    /// an earlier import left is used.
    pub reproduce: bool,
    /// The folder for the module after each stage, as text.
    pub emit_stages: Option<PathBuf>,
    /// What paths in choices for assets are relative to: the settings file's folder.
    pub(crate) folder: PathBuf,
    /// What `file` said, to tell where a setting came from.
    pub(crate) origin: Option<SettingsFile>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            file: None,
            roots: vec!["assets".into()],
            only: Vec::new(),
            out_dir: "src/assets".into(),
            include: Vec::new(),
            exclude: Vec::new(),
            symlinks: Symlinks::default(),
            engine: EngineConfig::new(),
            targets: None,
            features: RequiredFeatures::on_by_default(),
            defaults: AssetSettings::default(),
            assets: Vec::new(),
            tools: Tools::default(),
            passes: Passes::default(),
            embed: true,
            jobs: None,
            memory_mib: None,
            cache: CacheSettings::default(),
            lock: LockMode::default(),
            reproduce: false,
            emit_stages: None,
            folder: PathBuf::new(),
            origin: None,
        }
    }
}

/// `wasmport.toml`: every key is optional and replaces the default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    import: ImportTable,
    engine: EngineConfig,
    defaults: AssetSettings,
    asset: Vec<AssetSettings>,
    targets: Option<Vec<Target>>,
    tools: Tools,
    cache: CacheSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ImportTable {
    roots: Option<Vec<PathBuf>>,
    out_dir: Option<PathBuf>,
    include: Vec<String>,
    exclude: Vec<String>,
    symlinks: Symlinks,
    embed: Option<bool>,
    wasm_features: Vec<WasmFeature>,
}

impl Settings {
    /// The settings of the project in `folder`: its `wasmport.toml`, else the defaults.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_file`].
    pub fn of_project(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("wasmport.toml");
        if file.exists() { Self::from_file(&file) } else { Ok(Self::default()) }
    }

    /// Reads `wasmport.toml`; its paths are relative to its folder.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where it cannot be read; [`Error::Settings`] with line and column where a key
    /// is unknown or a value is of no use.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let origin = SettingsFile::read(path)?;
        let file: ConfigFile = origin.parse()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut settings = Self { file: Some(path.into()), engine: file.engine, ..Self::default() };
        let ImportTable { roots, out_dir, include, exclude, symlinks, embed, wasm_features } =
            file.import;
        let roots = roots.unwrap_or(settings.roots);
        settings.roots = roots.iter().map(|root| folder.join(root)).collect();
        settings.out_dir = folder.join(out_dir.unwrap_or(settings.out_dir));
        settings.include = include;
        settings.exclude = exclude;
        settings.symlinks = symlinks;
        settings.embed = embed.unwrap_or(settings.embed);
        settings.features =
            wasm_features.into_iter().fold(settings.features, RequiredFeatures::with);
        settings.targets = file.targets;
        settings.defaults = file.defaults;
        settings.assets = file.asset;
        settings.folder = folder.into();
        settings.tools = file.tools;
        settings.cache = file.cache;
        settings.cache.dir = settings.cache.dir.map(|dir| folder.join(dir));
        // A bare name is looked for on the `PATH`.
        let is_path = |path: &&mut PathBuf| path.components().count() > 1;
        let tool = settings.tools.wasm_opt.path.as_mut();
        tool.filter(is_path).into_iter().for_each(|path| *path = folder.join(&path));
        settings.origin = Some(origin.with_values(explain::file_values(&settings)));
        settings.check()?;
        Ok(settings)
    }

    /// Where the lock file is: beside the settings file and named like it.
    pub(crate) fn lock_file(&self) -> PathBuf {
        let beside = || self.folder.join("wasmport.lock");
        self.file.as_ref().map_or_else(beside, |file| file.with_extension("lock"))
    }

    /// The targets that the settings file names, where it names any.
    pub(crate) fn named_targets(&self) -> Option<&Vec<serde_json::Value>> {
        self.origin.as_ref().and_then(|file| file.value("targets")?.as_array())
    }

    /// Whether the project is for a target: the settings file names it, or no target at all.
    pub(crate) fn may_be_for(&self, target: &str) -> bool {
        let named = self.named_targets();
        named.is_none_or(|named| named.iter().any(|name| name == target))
    }
}
