//! Command-line arguments, and the settings that they select.

#[cfg(feature = "bundle")]
mod delivery;
mod language;

#[cfg(feature = "audit")]
pub use delivery::AuditArgs;
#[cfg(feature = "bundle")]
pub use delivery::{BundleArgs, KeyCommand};
pub use language::Language;

use clap::{Args, Subcommand, ValueEnum};
use std::fmt;
use std::path::{Path, PathBuf};
use wasmport::engine::TargetError;
use wasmport_build::{
    Error, Importer, LockMode, Profile, RequiredFeatures, Settings, Target, WasmFeature,
    nearest_target,
};

/// The commands of `cargo wasmport`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Import assets: write artifacts, wrappers and the lock file
    ///
    /// Exit codes: 0 success, 1 an asset failed or differs from the lock file, 2 invalid arguments, settings or lock file, or an output folder that cannot be written, 3 `--reproduce` found a difference.
    Import(ImportArgs),
    /// Import assets, and import again when an input changes
    ///
    /// Runs until it is interrupted, and continues after errors. With `--format json`, each import prints
    /// one line.
    ///
    /// Exit codes: 2 invalid arguments, or nothing to watch.
    Watch(WatchArgs),
    /// Check that imported output matches the assets; write nothing
    ///
    /// Exit codes: 0 everything is fresh, 1 an asset failed, 2 invalid arguments, settings or lock file, 3 output is stale or differs from the lock file.
    Check(SelectionArgs),
    /// Show the imports, exports and required features of a file
    ///
    /// Exit codes: 0 success, 1 the file cannot be read or is not valid, 2 invalid arguments.
    Inspect(InspectArgs),
    /// Print a skeleton of a module's `api`, the signatures beyond numbers, for `wasmport.toml`
    ///
    /// Exit codes: 0 success, 1 the file cannot be read, is not valid or is a component, 2 invalid arguments.
    Api(ApiArgs),
    /// Print the guest's side of an interface, for those who write plug-ins
    ///
    /// Exit codes: 0 success, 1 the file cannot be read or is not valid, or the language is for the other kind of code, 2 invalid arguments or settings.
    Guest(GuestArgs),
    /// Compile plug-ins into a cache folder, for programs that load them while they run
    ///
    /// Prints for each file the digest by which a program loads the code without its source. The program opens the folder with the same key, and has the engine configuration of the settings file.
    ///
    /// Exit codes: 0 success, 1 a file cannot be read or compiled, 2 invalid arguments, settings or key.
    Precompile(PrecompileArgs),
    /// Write the artifacts of the last import to one file that a key signs
    ///
    /// A program opens it with `wasmport::Bundle` and loads the assets without a compiler. The same artifacts, options and key give the same bytes.
    ///
    /// Exit codes: 0 success, 1 there is no key or a file cannot be read or written, 2 invalid arguments or settings, 3 the import is not current.
    #[cfg(feature = "bundle")]
    Bundle(BundleArgs),
    /// Show which artifacts were compiled by a Wasmtime that has advisories
    ///
    /// Every advisory about Wasmtime and Cranelift counts, because few say whether they are about generated code. Reads RustSec's database from a folder, and never uses the network.
    ///
    /// Exit codes: 0 no artifact is affected, 1 a file cannot be read or there is no database, 2 invalid arguments or settings, 3 some are affected.
    #[cfg(feature = "audit")]
    Audit(AuditArgs),
    /// Create a key that signs, or show its public key
    #[cfg(feature = "bundle")]
    #[command(subcommand)]
    Key(KeyCommand),
    /// List the targets, which of them this machine runs, and which this build compiles for
    ///
    /// Exit codes: 0 success, 2 invalid arguments or settings.
    Targets(TargetsArgs),
    /// Show, verify or prune the cache of earlier results
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Show the settings of the project and of each asset, and the origin of each value
    ///
    /// With `--quiet`, defaults are left out.
    ///
    /// Exit codes: 0 success, 2 invalid arguments or settings.
    Config(ConfigArgs),
}

/// A format of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// Text for people
    #[default]
    Human,
    /// One JSON document on standard output
    Json,
}

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
    /// Import for development with `debug`: with the engine settings of `[profile.debug]`, which take less time to compile; the lock file is not written
    #[arg(long, value_enum, default_value_t)]
    pub profile: ProfileName,
    /// Use at most N threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Limit the estimated memory of assets that are compiled at the same time, in MiB [default: little more than the largest asset needs]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: Option<u32>,
    /// Neither read nor write the cache
    #[arg(long)]
    pub no_cache: bool,
    /// Use results that others wrote into the cache, and a cache folder that others can change
    #[arg(long, conflicts_with = "no_cache")]
    pub trust_cache: bool,
    /// Run programs outside of the project that the settings file names
    #[arg(long)]
    pub allow_tools: bool,
    /// Import in this process; limits of time and memory per asset then have no effect
    #[arg(long)]
    pub no_helper: bool,
    /// Write the module after each stage to this folder, as numbered text files
    #[arg(long, value_name = "DIR")]
    pub emit_stages: Option<PathBuf>,
    /// Compile everything again without writing, and compare with the existing output and the lock file
    #[arg(long)]
    pub reproduce: bool,
}

/// Arguments of `watch`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct WatchArgs {
    /// The selection of assets, and their settings.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Wait until nothing has changed for MS milliseconds
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub debounce: u32,
    /// Poll file times and sizes once a second, for file systems without change events
    #[arg(long)]
    pub poll: bool,
}

/// Arguments that `import`, `check` and `config` share.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct SelectionArgs {
    /// Import only these assets, or other folders and files [default: all files below the roots of the settings, else below `assets`]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
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
    /// Inspect this file
    pub file: PathBuf,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `api`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ApiArgs {
    /// Print the skeleton of this file
    pub file: PathBuf,
}

/// Arguments of `guest`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct GuestArgs {
    /// Name of the interface, or of an asset
    pub name: String,
    /// Print source code in this language
    #[arg(long, value_enum)]
    pub lang: Language,
    /// Print that of this version of the interface [default: the newest]
    #[arg(long, value_name = "NAME")]
    pub version: Option<String>,
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `precompile`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct PrecompileArgs {
    /// Compile these files: modules or components, binary or text
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Write the code to this folder, which the program opens with `ModuleCache`
    #[arg(long, value_name = "DIR")]
    pub cache: PathBuf,
    /// Authenticate the code with the key in this file: 64 hexadecimal digits, which the program has too
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// Compile for this target, such as `x86_64-unknown-linux-gnu+v3` or `portable`; repeatable [default: the baseline of this machine]
    ///
    /// A program looks for the baseline and the levels of its CPU. Code for `native` or for single CPU features, such as
    /// `+v2+avx`, is found by its digest, or by a program with that target in its `RuntimeOptions`.
    #[arg(long = "target", value_name = "TARGET", value_parser = target)]
    pub targets: Vec<Target>,
    /// Read this settings file for the engine configuration [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The commands of `cargo wasmport cache`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum CacheCommand {
    /// Show the folder and content of the cache
    ///
    /// Exit codes: 0 success, 2 invalid arguments or settings, or a folder that cannot be read.
    Stats(CacheArgs),
    /// Verify every entry, and move damaged ones to the quarantine
    ///
    /// Exit codes: 0 all entries are intact, 1 some were damaged, 2 invalid arguments or settings, or a folder that cannot be read.
    Verify(CacheArgs),
    /// Remove the least recently used entries
    ///
    /// Entries that a running import uses stay.
    ///
    /// Exit codes: 0 success, 2 invalid arguments or settings, or an entry that cannot be removed.
    Prune {
        /// Keep at most this many MiB [default: the limit in the settings, else 4,096]
        #[arg(long, value_name = "MIB")]
        max_mib: Option<u32>,
        /// The cache, and the format of results.
        #[command(flatten)]
        args: CacheArgs,
    },
    /// Remove all entries
    ///
    /// Exit codes: 0 success, 2 invalid arguments or settings, or an entry that cannot be removed.
    Clear(CacheArgs),
}

/// Arguments of `cache`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct CacheArgs {
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `targets`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct TargetsArgs {
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
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

    /// Returns the command that imports with these arguments and writes the lock file.
    pub(crate) fn import_command(&self) -> String {
        let mut words = vec!["cargo wasmport import".to_owned()];
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
        words.extend(self.paths.iter().map(|path| quoted(&path.display().to_string())));
        words.join(" ")
    }

    /// Applies the paths. Paths below the roots select assets of the project. Other paths are roots
    /// themselves; they need an output folder of their own if there is a settings file.
    fn select(&self, settings: &mut Settings) -> Result<(), Error> {
        // Discovery reports a missing path, with the nearest name.
        if let Some(missing) = self.paths.iter().find(|path| !path.exists()) {
            settings.roots = vec![missing.clone()];
            return Ok(());
        }
        let is_below = |path: &PathBuf| settings.roots.iter().any(|root| is_below(path, root));
        if self.paths.iter().all(is_below) {
            settings.only.clone_from(&self.paths);
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
        settings.roots.clone_from(&self.paths);
        Ok(())
    }
}

/// Reads the settings of `config`, else of `default_config`, else of the current folder.
///
/// # Errors
///
/// Fails with [`Error`] if the file cannot be read or has errors.
pub(crate) fn settings(
    config: Option<&Path>,
    default_config: Option<&Path>,
) -> Result<Settings, Error> {
    match config.or(default_config) {
        Some(path) => Settings::from_file(path),
        None => Settings::of_project(Path::new("")),
    }
}

/// Quotes an argument for a shell if it holds more than letters, digits and common punctuation.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+:=@,\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns whether both paths exist and `path` is `root` or lies below it.
fn is_below(path: &Path, root: &Path) -> bool {
    match (path.canonicalize(), root.canonicalize()) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        _ => false,
    }
}

/// Text that is not a target, with the nearest name.
#[derive(Debug)]
struct NotATarget(TargetError, Option<&'static str>);

impl fmt::Display for NotATarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error, nearest) = self;
        write!(f, "{error}")?;
        nearest.map_or(Ok(()), |nearest| write!(f, "\n\n  help: did you mean `{nearest}`?"))
    }
}

impl std::error::Error for NotATarget {}

fn target(text: &str) -> Result<Target, NotATarget> {
    text.parse().map_err(|error| NotATarget(error, nearest_target(text)))
}

/// A name that is not a wasm feature.
#[derive(Debug)]
struct UnknownFeature;

impl fmt::Display for UnknownFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = WasmFeature::ALL.iter().map(|feature| feature.name()).collect();
        write!(f, "known features are {}", names.join(", "))
    }
}

impl std::error::Error for UnknownFeature {}

fn wasm_feature(name: &str) -> Result<WasmFeature, UnknownFeature> {
    WasmFeature::ALL.iter().copied().find(|feature| feature.name() == name).ok_or(UnknownFeature)
}
