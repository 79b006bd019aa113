//! Arguments of the commands that select assets: `import`, `check` and `config`.

use super::{Format, settings, target, wasm_feature};
use crate::text::quoted;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use wasmport_build::{
    Error, Importer, LockMode, Partition, Profile, RequiredFeatures, Settings, Target, WasmFeature,
};

/// The purpose of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum ProfileName {
    /// A program that others run
    #[default]
    Release,
    /// Development
    Debug,
}

impl From<ProfileName> for Profile {
    fn from(profile: ProfileName) -> Self {
        match profile {
            ProfileName::Release => Self::Release,
            ProfileName::Debug => Self::Debug,
        }
    }
}

/// Arguments of `import`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ImportArgs {
    /// The selection of assets, and their settings.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The way to import.
    #[command(flatten)]
    pub run: RunArgs,
    /// Compile part K of N into the cache, and write nothing else; `merge` imports from the results of all parts
    #[arg(long, value_name = "K/N", conflicts_with_all = ["no_cache", "reproduce"])]
    pub partition: Option<Partition>,
    /// Neither read nor write the cache
    #[arg(long, conflicts_with = "trust_cache")]
    pub no_cache: bool,
    /// Write the module after each stage to this folder, as numbered text files
    #[arg(long, value_name = "DIR")]
    pub emit_stages: Option<PathBuf>,
    /// Compile everything again without writing, and compare with the existing output and the lock file
    #[arg(long)]
    pub reproduce: bool,
    /// Show what would be imported and removed, and why; compile and write nothing
    #[arg(long, conflicts_with_all = ["reproduce", "partition", "emit_stages"])]
    pub dry_run: bool,
}

/// Arguments that `import` and `merge` share.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct RunArgs {
    /// Import for development with `debug`: with the engine settings of `[profile.debug]`, which take less time to compile; the lock file is not written
    #[arg(long, value_enum, default_value_t)]
    pub profile: ProfileName,
    /// Use at most N threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Limit the estimated memory of assets that are compiled at the same time, in MiB [default: little more than the largest asset needs]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: Option<u32>,
    /// Use results that others wrote into the cache, and a cache folder that others can change
    #[arg(long)]
    pub trust_cache: bool,
    /// Run programs outside of the project that the settings file names
    #[arg(long)]
    pub allow_tools: bool,
    /// Import in this process; limits of time and memory per asset then have no effect
    #[arg(long)]
    pub no_helper: bool,
}

/// Arguments that `import`, `check` and `config` share.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct SelectionArgs {
    /// Take only these assets, or other folders and files [default: all files below the roots of the settings, else below `assets`]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub options: OptionArgs,
}

/// Arguments that replace settings.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct OptionArgs {
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write the output to this folder [default: the folder in the settings, else `src/assets`]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Compile for this target, such as `x86_64-unknown-linux-gnu+v3`, `portable` or `native`; repeatable [default: the baseline of this machine]
    #[arg(long = "target", value_name = "TARGET", value_parser = target)]
    pub targets: Vec<Target>,
    /// Accept a proposal that Wasmtime does not enable by default; repeatable
    #[arg(long = "wasm-feature", value_name = "NAME", value_parser = wasm_feature)]
    pub wasm_features: Vec<WasmFeature>,
    /// Do not embed artifacts: programs read them from files at run time
    #[arg(long)]
    pub no_embed: bool,
    /// Fail if anything differs from the lock file, `wasmport.lock` beside the settings file
    #[arg(long)]
    pub locked: bool,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print unchanged assets, artifacts and stages
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl ImportArgs {
    /// Creates the importer for these arguments.
    ///
    /// # Errors
    ///
    /// Fails with [`Error`] if the settings have errors, or contradict the arguments.
    pub(crate) fn importer(&self, default_config: Option<&Path>) -> Result<Importer, Error> {
        let mut importer = self.run.apply(self.selection.importer(default_config)?);
        if self.no_cache {
            importer = importer.no_cache();
        }
        if let Some(dir) = &self.emit_stages {
            importer = importer.emit_stages(dir);
        }
        if self.reproduce {
            importer = importer.reproduce();
        }
        if let Some(partition) = self.partition {
            importer = importer.partition(partition);
        }
        Ok(importer)
    }
}

impl RunArgs {
    /// Applies these arguments.
    pub(crate) fn apply(&self, importer: Importer) -> Importer {
        let mut importer = importer.profile(self.profile.into());
        if let Some(jobs) = self.jobs {
            importer = importer.jobs(jobs.into());
        }
        if let Some(memory) = self.memory {
            importer = importer.memory_mib(memory);
        }
        if self.trust_cache {
            importer = importer.trust_cache();
        }
        if self.allow_tools {
            importer = importer.allow_tools();
        }
        importer
    }
}

impl SelectionArgs {
    /// Creates the importer for these arguments.
    ///
    /// # Errors
    ///
    /// Fails with [`Error`] if the settings have errors, or contradict the arguments.
    pub(crate) fn importer(&self, default_config: Option<&Path>) -> Result<Importer, Error> {
        self.settings(default_config).map(Importer::new)
    }

    /// Reads the settings and applies these arguments, which override the settings file.
    ///
    /// # Errors
    ///
    /// Fails with [`Error`] if the settings have errors, or contradict the arguments.
    pub(crate) fn settings(&self, default_config: Option<&Path>) -> Result<Settings, Error> {
        self.options.settings(&self.paths, default_config)
    }

    /// Returns the command that imports with these arguments and writes the lock file.
    pub(crate) fn import_command(&self) -> String {
        let mut words = vec!["cargo wasmport import".to_owned()];
        words.extend(self.options.words());
        words.extend(self.paths.iter().map(|path| quoted(&path.display().to_string())));
        words.join(" ")
    }
}

impl OptionArgs {
    /// Creates the arguments that replace nothing.
    #[cfg(feature = "page")]
    pub(crate) fn of_config(config: Option<&Path>) -> Self {
        Self {
            config: config.map(Into::into),
            out_dir: None,
            targets: Vec::new(),
            wasm_features: Vec::new(),
            no_embed: false,
            locked: false,
            format: Format::default(),
            quiet: false,
            verbose: 0,
        }
    }

    /// Reads the settings and applies these arguments, which override the settings file.
    ///
    /// # Errors
    ///
    /// Fails with [`Error`] if the settings have errors, or contradict the arguments.
    pub(crate) fn settings(
        &self,
        paths: &[PathBuf],
        default_config: Option<&Path>,
    ) -> Result<Settings, Error> {
        let mut settings = settings(self.config.as_deref(), default_config)?;
        settings.lock = if self.locked { LockMode::Locked } else { LockMode::Update };
        self.select(paths, &mut settings)?;
        if let Some(out_dir) = &self.out_dir {
            settings.out_dir.clone_from(out_dir);
        }
        if !self.targets.is_empty() {
            settings.targets = Some(self.targets.clone());
        }
        settings.features =
            self.wasm_features.iter().copied().fold(settings.features, RequiredFeatures::with);
        settings.embed &= !self.no_embed;
        Ok(settings)
    }

    /// Returns these arguments as words of a shell.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |option: &str, value: &str| {
            words.extend([option, &quoted(value)].map(ToOwned::to_owned));
        };
        let config = self.config.iter().map(|path| ("--config", path.display().to_string()));
        let out_dir = self.out_dir.iter().map(|path| ("--out-dir", path.display().to_string()));
        let targets = self.targets.iter().map(|target| ("--target", target.to_string()));
        let features = self.wasm_features.iter().map(|f| ("--wasm-feature", f.name().to_owned()));
        let options = config.chain(out_dir).chain(targets).chain(features);
        options.for_each(|(option, value)| add(option, &value));
        words.extend(self.no_embed.then(|| "--no-embed".to_owned()));
        words
    }

    /// Applies the paths. Paths below the roots select assets of the project. Other paths are roots
    /// themselves; they need an output folder of their own if there is a settings file.
    fn select(&self, paths: &[PathBuf], settings: &mut Settings) -> Result<(), Error> {
        // Discovery reports a missing path, with the nearest name.
        if let Some(missing) = paths.iter().find(|path| !path.exists()) {
            settings.roots = vec![missing.clone()];
            return Ok(());
        }
        let is_below = |path: &PathBuf| settings.roots.iter().any(|root| is_below(path, root));
        if paths.iter().all(is_below) {
            settings.only = paths.to_vec();
            return Ok(());
        }
        if settings.file.is_some() && self.out_dir.is_none() {
            return Err(Error::Arguments {
                message: "a path lies outside of the import roots of the settings file".into(),
                help: "add it to `roots`, or set its output folder with `--out-dir`".into(),
            });
        }
        if self.out_dir.is_some() {
            // The project's lock file does not cover other roots.
            settings.lock = LockMode::Ignore;
        }
        if self.locked && settings.lock == LockMode::Ignore {
            return Err(Error::Arguments {
                message: "paths outside of the import roots have no lock file".into(),
                help: "write a settings file with these roots, and pass it with `--config`".into(),
            });
        }
        settings.roots = paths.to_vec();
        Ok(())
    }
}

/// Returns whether both paths exist and `path` is `root` or lies below it.
fn is_below(path: &Path, root: &Path) -> bool {
    match (path.canonicalize(), root.canonicalize()) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        _ => false,
    }
}
