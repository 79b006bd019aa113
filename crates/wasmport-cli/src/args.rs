//! Command-line arguments, and the settings that they select.

mod cache;
#[cfg(feature = "bundle")]
mod delivery;
mod diff;
mod import;
mod inspect;
mod language;
mod merge;
mod overview;
mod program;
#[cfg(feature = "oci")]
mod registry;

pub use cache::{CacheArgs, CacheCommand};
#[cfg(feature = "audit")]
pub use delivery::AuditArgs;
#[cfg(feature = "bundle")]
pub use delivery::{BundleArgs, KeyCommand};
pub use diff::{DenyKind, DiffArgs, DiffFormat};
pub use import::{ImportArgs, OptionArgs, ProfileName, RunArgs, SelectionArgs};
pub use inspect::{InspectArgs, ReportArgs};
pub use language::Language;
pub use merge::MergeArgs;
pub use overview::{
    CleanArgs, CompletionsArgs, DoctorArgs, ExpandArgs, ManArgs, NewArgs, ProjectArgs, ShellName,
};
pub(crate) use program::{ColorName, Program, program_command};
#[cfg(feature = "oci")]
pub use registry::{
    AddArgs, FetchArgs, PullArgs, PushArgs, RegistryArgs, RegistryCommand, UpdateArgs,
};

use clap::{Args, Subcommand, ValueEnum};
use std::fmt;
use std::path::{Path, PathBuf};
use wasmport::engine::TargetError;
use wasmport_build::{Error, Settings, Target, WasmFeature, nearest_target};

/// The commands of `cargo wasmport`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Import assets: write artifacts, wrappers and the lock file
    ///
    /// With `--partition K/N`, compile part K of N into the cache, and write nothing else.
    ///
    /// Exit codes: 0 success, 1 an asset failed or differs from the lock file, 2 invalid arguments, settings or lock file, or an output folder or, for a part, a cache that cannot be written, 3 `--reproduce` found a difference.
    Import(ImportArgs),
    /// Import from the results of the jobs that ran `import --partition`, and compile nothing
    ///
    /// The results are in the cache that the jobs share, and in FOLDERs. If one is missing, the command lists all that are missing, and writes nothing. The outputs are those of an import on one machine.
    ///
    /// Exit codes: 0 success, 1 a result is missing, an asset failed or differs from the lock file, 2 invalid arguments, settings or lock file, a FOLDER that is no cache, or an output folder that cannot be written.
    Merge(MergeArgs),
    /// Import assets, and import again when an input changes
    ///
    /// Runs until it is interrupted, and continues after errors. With `--format json`, each import prints
    /// one line. With `--exec`, a command runs after each import without errors.
    ///
    /// Exit codes: 2 invalid arguments, or nothing to watch; 130 interrupted, with `--exec`.
    Watch(WatchArgs),
    /// List the assets of the project: kind, targets, sizes, and whether they are imported
    ///
    /// Exit codes: 0 success, 1 an asset failed, 2 invalid arguments or settings.
    List(SelectionArgs),
    /// Print the wrapper of an asset: the source code that a program compiles
    ///
    /// It is the wrapper of the last import. Without an import it is generated, and no artifact is compiled.
    ///
    /// Exit codes: 0 success, 1 the asset cannot be read or has no wrapper, 2 invalid arguments or settings, or no such asset.
    Expand(ExpandArgs),
    /// Remove the outputs of imports, and nothing else
    ///
    /// Removes the files that the manifest in the output folder names, and the manifest. A file that was changed after its import stays. The lock file and the cache stay too: `cargo wasmport cache clear` empties the cache.
    ///
    /// Exit codes: 0 success, 1 a changed file stays, 2 invalid arguments or settings, a damaged manifest, or a file that cannot be removed.
    Clean(CleanArgs),
    /// Examine this machine, the cargo package, the settings and the outputs, and name what to mend
    ///
    /// Writes nothing, and never uses the network.
    ///
    /// Exit codes: 0 no error was found, 1 errors were found, 2 invalid arguments.
    Doctor(DoctorArgs),
    /// Add wasmport to a cargo package: dependencies, a build script, an asset and an example
    ///
    /// Existing files stay; `Cargo.toml` gets the dependencies that it lacks. What is left to you is printed. A second call changes nothing.
    ///
    /// Exit codes: 0 success, 1 a file cannot be read or written, 2 invalid arguments, or a folder without a package.
    New(NewArgs),
    /// Check that imported output matches the assets; write nothing
    ///
    /// Exit codes: 0 everything is fresh, 1 an asset failed, 2 invalid arguments, settings or lock file, 3 output is stale or differs from the lock file.
    Check(SelectionArgs),
    /// Show the imports, exports and required features of files; with `--html` on a page, with the sizes of functions
    ///
    /// The page is one file, which needs no network. For it the files are imported into a temporary folder, with the settings of the project that they belong to.
    ///
    /// Exit codes: 0 success, 1 a file cannot be read or imported or is not valid, or the page cannot be written, 2 invalid arguments or settings.
    Inspect(InspectArgs),
    /// Show the assets and interfaces of the project as the last import left them: who satisfies imports, sizes, artifacts
    ///
    /// Stale assets are shown as such: `check` fails for them.
    ///
    /// Exit codes: 0 success, 1 an asset failed, or the page cannot be written, 2 invalid arguments or settings.
    Report(ReportArgs),
    /// Show what differs between two files, folders or revisions, and what that means for callers
    ///
    /// A and B are modules, components or artifacts, folders of them, lock files, output folders or their manifests, or bundles. `REV:PATH` names one in a revision of git, which is not checked out. The network is never used.
    ///
    /// Exit codes: 0 compared, 1 a file cannot be read or is not valid, 2 invalid arguments or revision, or sides that cannot be compared, 3 `--deny` found a difference.
    Diff(DiffArgs),
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
    /// Commands that talk with registries.
    #[cfg(feature = "oci")]
    #[command(flatten)]
    Registry(RegistryCommand),
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
    /// Print a script with which a shell completes `cargo wasmport` and `cargo-wasmport`
    ///
    /// Exit codes: 0 success, 2 invalid arguments.
    Completions(CompletionsArgs),
    /// Print the manual page, or write a page for each command
    ///
    /// Exit codes: 0 success, 1 a page cannot be written, 2 invalid arguments.
    Man(ManArgs),
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
    /// Run this command after each import without errors; everything behind it belongs to the command
    ///
    /// If the command still runs, it is ended with all processes that it started, and started again. A single word with
    /// spaces is a line for the shell. The command has no standard input, and with `--format json` prints to standard error.
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true, conflicts_with = "dry_run")]
    pub exec: Vec<std::ffi::OsString>,
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
