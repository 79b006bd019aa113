//! `Settings`: what an import is to do, as plain data; the same from code and from `wasmport.toml`.

use crate::asset_settings::AssetSettings;
use crate::error::Error;
use crate::fs;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use wasmport::EngineConfig;
use wasmport::engine::{RequiredFeatures, Target, WasmFeature};

/// What to do with symbolic links below an import root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Symlinks {
    /// Follow those that stay inside the root; one that leaves it is that file's error.
    #[default]
    Inside,
    /// Follow all.
    Follow,
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
    /// Artifacts are part of the program (`include_bytes!`); else it reads them when it runs.
    pub embed: bool,
    /// Threads at most; by default one for each processor.
    pub jobs: Option<usize>,
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
            embed: true,
            jobs: None,
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
        let bytes = fs::read(path)?;
        let invalid = |message: String| Error::Settings {
            message: format!("`{}`: {message}", path.display()),
            help: Some("the settings are listed in docs/settings.md".into()),
        };
        let text = std::str::from_utf8(&bytes).map_err(|e| invalid(e.to_string()))?;
        let file: ConfigFile =
            toml::from_str(text).map_err(|e| invalid(e.to_string().trim_end().into()))?;
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
        Ok(settings)
    }
}
