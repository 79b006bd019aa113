//! What the user said, and what it means.

use clap::{Args, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use wasmport_build::{Error, Importer, LockMode, RequiredFeatures, Settings, Target, WasmFeature};

/// The commands of `cargo wasmport`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Import assets: write their artifacts and wrappers, and the lock file
    ///
    /// Exit codes: 0 done, 1 some asset failed or differs from the lock file, 2 usage, configuration, an unusable lock file, or an output folder that cannot be written, 3 `--verify` found a difference.
    Import(ImportArgs),
    /// Import assets, and again whenever something changes that an import depends on
    ///
    /// Runs until it is interrupted; errors are shown, and it waits for them to be mended. With
    /// `--format json` each import is one line.
    ///
    /// Exit codes: 2 usage, or there is nothing to watch.
    Watch(WatchArgs),
    /// Check that what was imported belongs to the assets; writes nothing
    ///
    /// Exit codes: 0 all fresh, 1 some asset failed, 2 usage, configuration or an unusable lock file, 3 something is stale or differs from the lock file.
    Check(SelectionArgs),
    /// Show what a file imports, exports and needs
    Inspect(InspectArgs),
    /// List what can be compiled for, and what of it this machine runs
    Targets(TargetsArgs),
    /// Look at the cache of results of earlier imports, or make it smaller
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Show the settings of the project and of each asset, and the origin of each value
    ///
    /// `--quiet` leaves out defaults.
    Config(ConfigArgs),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document on standard output.
    Json,
}

/// Arguments of `import`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ImportArgs {
    /// What to import and how.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Threads at most [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Memory that assets which are compiled at once may take together, in MiB, as far as can be told before [default: little more than what the largest takes]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: Option<u32>,
    /// Neither look for results in the cache nor keep any there
    #[arg(long)]
    pub no_cache: bool,
    /// Import in this process: nothing then ends an asset that takes too much time or memory
    #[arg(long)]
    pub no_helper: bool,
    /// Compile everything again, write nothing, and compare with what there is and the lock file
    #[arg(long)]
    pub verify: bool,
}

/// Arguments of `watch`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct WatchArgs {
    /// What to import and how.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Wait until nothing changed for so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub debounce: u32,
    /// Look at times and sizes of files once a second: for file systems that tell of no changes
    #[arg(long)]
    pub poll: bool,
}

/// Arguments that `import` and `check` share.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct SelectionArgs {
    /// Assets to select, or other folders and files to import [default: everything below the roots of the settings, else `assets`]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Settings file [default: `wasmport.toml` where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the output goes [default: that of the settings, else `src/assets`]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Compile for this target, such as `x86_64-unknown-linux-gnu+v3`, `portable` or `native`; repeatable [default: this machine's baseline]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// Accept a proposal that Wasmtime does not enable by default; repeatable
    #[arg(long = "wasm-feature", value_name = "NAME", value_parser = wasm_feature)]
    pub wasm_features: Vec<WasmFeature>,
    /// Programs read the artifacts when they run, instead of carrying them
    #[arg(long)]
    pub no_embed: bool,
    /// Refuse what differs from the lock file, `wasmport.lock` beside the settings file, and do not write it
    #[arg(long)]
    pub locked: bool,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Arguments of `config`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ConfigArgs {
    /// The settings to show.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Print the JSON schema of `wasmport.toml` instead
    #[arg(long)]
    pub schema: bool,
}

/// Arguments of `inspect`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct InspectArgs {
    /// The file
    pub file: PathBuf,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum CacheCommand {
    /// Say where it is and what it holds
    Stats(CacheArgs),
    /// Read every entry, and put aside what is damaged
    ///
    /// Exit codes: 0 all good, 1 something was damaged.
    Verify(CacheArgs),
    /// Remove what was not used for longest; nothing that a running import uses
    Prune {
        /// How much may be left, in MiB [default: that of the settings, else 4,096]
        #[arg(long, value_name = "MIB")]
        max_mib: Option<u32>,
        /// Which cache, and how results are printed.
        #[command(flatten)]
        args: CacheArgs,
    },
    /// Remove everything
    Clear(CacheArgs),
}

/// Arguments of `cache`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct CacheArgs {
    /// Settings file [default: `wasmport.toml` where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `targets`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct TargetsArgs {
    /// Settings file [default: `wasmport.toml` where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl SelectionArgs {
    /// The importer for these arguments.
    pub(crate) fn importer(&self, default_config: Option<&Path>) -> Result<Importer, Error> {
        self.settings(default_config).map(Importer::new)
    }

    /// The settings for these arguments; they go before the settings file, which goes before the
    /// defaults.
    pub(crate) fn settings(&self, default_config: Option<&Path>) -> Result<Settings, Error> {
        let mut settings = settings(self.config.as_deref(), default_config)?;
        settings.lock = if self.locked { LockMode::Locked } else { LockMode::Update };
        self.select(&mut settings)?;
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

    /// Paths below the roots select among the project's assets. Other paths are roots themselves, in
    /// a project whose settings name none or with an output folder of their own.
    fn select(&self, settings: &mut Settings) -> Result<(), Error> {
        let is_below = |path: &PathBuf| settings.roots.iter().any(|root| is_below(path, root));
        if self.paths.iter().all(is_below) {
            settings.only.clone_from(&self.paths);
            return Ok(());
        }
        if settings.file.is_some() && self.out_dir.is_none() {
            return Err(Error::Arguments {
                message: "a path lies outside of the import roots of the settings file".into(),
                help: "add it to `roots`, or name its output folder with `--out-dir`".into(),
            });
        }
        if self.out_dir.is_some() {
            // An import beside the project's own: its lock file says nothing about that.
            settings.lock = LockMode::Ignore;
        }
        if self.locked && settings.lock == LockMode::Ignore {
            return Err(Error::Arguments {
                message: "other folders with an output folder of their own have no lock file"
                    .into(),
                help: "write a settings file that names them, and lock with it".into(),
            });
        }
        settings.roots.clone_from(&self.paths);
        Ok(())
    }
}

/// Those of the file that is named, else of the default one, else of the current folder.
pub(crate) fn settings(
    config: Option<&Path>,
    default_config: Option<&Path>,
) -> Result<Settings, Error> {
    match config.or(default_config) {
        Some(path) => Settings::from_file(path),
        None => Settings::of_project(Path::new("")),
    }
}

/// Whether both exist and one lies below the other, or is it.
fn is_below(path: &Path, root: &Path) -> bool {
    match (path.canonicalize(), root.canonicalize()) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        _ => false,
    }
}

fn wasm_feature(name: &str) -> Result<WasmFeature, String> {
    WasmFeature::ALL.iter().copied().find(|feature| feature.name() == name).ok_or_else(|| {
        let names: Vec<&str> = WasmFeature::ALL.iter().map(|f| f.name()).collect();
        format!("there are {}", names.join(", "))
    })
}
