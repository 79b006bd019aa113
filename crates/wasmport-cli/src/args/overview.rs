//! Arguments of the commands about a project as a whole: `expand`, `clean`, `doctor`, `new`, `completions` and `man`.

use super::{Format, settings};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use wasmport_build::{Error, Importer};

/// Arguments of commands that need the settings and the output folder alone.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ProjectArgs {
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The output is in this folder [default: the folder in the settings, else `src/assets`]
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
}

impl ProjectArgs {
    /// Creates the importer for these arguments.
    ///
    /// # Errors
    ///
    /// Fails with [`Error`] if the settings have errors.
    pub(crate) fn importer(&self, default_config: Option<&Path>) -> Result<Importer, Error> {
        let importer = Importer::new(settings(self.config.as_deref(), default_config)?);
        Ok(self.out_dir.iter().fold(importer, Importer::out_dir))
    }
}

/// Arguments of `expand`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ExpandArgs {
    /// Name of the asset, its Rust module such as `assets::shapes::wide`, or the path of its file
    pub asset: String,
    /// The settings.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// Arguments of `clean`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct CleanArgs {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The settings.
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print only errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `doctor`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct DoctorArgs {
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print only warnings and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `new`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct NewArgs {
    /// Folder of the cargo package
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Import with `cargo wasmport import` and commit the output, instead of importing in a build script
    #[arg(long)]
    pub checked_in: bool,
    /// Depend on the crates in this folder of wasmport's own sources, instead of published versions
    #[arg(long, value_name = "PATH")]
    pub source: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum ShellName {
    /// Bash: `source <(cargo wasmport completions bash)`
    Bash,
    /// Elvish, for `cargo-wasmport` alone
    Elvish,
    /// Fish: `cargo wasmport completions fish | source`
    Fish,
    /// PowerShell, for `cargo-wasmport` alone
    #[value(name = "powershell")]
    PowerShell,
    /// Zsh: write it to `_cargo-wasmport` in a folder of `fpath`
    Zsh,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct CompletionsArgs {
    /// Print the script for this shell
    #[arg(value_enum)]
    pub shell: ShellName,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ManArgs {
    /// Write a page for each command to this folder [default: print that of `cargo wasmport`]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
