//! Arguments of the commands that talk with registries.

use super::Format;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;
use wasmport_build::registry::{Reference, RegistryOptions};

/// The commands that talk with registries.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum RegistryCommand {
    /// Push a module, a component or a bundle to a registry
    ///
    /// A bundle refers to the module or component at the reference. Uses the network, and the credentials of `docker login` or of the variables `WASMPORT_REGISTRY` with the host, `WASMPORT_REGISTRY_USERNAME` and `WASMPORT_REGISTRY_PASSWORD`.
    ///
    /// Exit codes: 0 success, 1 the registry fails or the file cannot be read, 2 invalid arguments, or another kind of file.
    Push(PushArgs),
    /// Pull the newest bundle of a module or component that a trusted key has signed, or the source itself
    ///
    /// Uses the network.
    ///
    /// Exit codes: 0 success, 1 no bundle counts, the registry fails or the file cannot be written, 2 invalid arguments or settings, or no key is trusted.
    Pull(PullArgs),
    /// Add a module or component from a registry to the assets, and pin it in the lock file
    ///
    /// Lists what it wants of the system and of the program, its imports and its exports, and asks. Uses the network; imports never do.
    ///
    /// Exit codes: 0 success, 1 it was declined or is not valid, the registry fails, or a file cannot be written, 2 invalid arguments, settings or lock file, or nobody could be asked.
    Add(AddArgs),
    /// Fetch the pinned files that are missing, and verify all
    ///
    /// They come from the cache, else over the network.
    ///
    /// Exit codes: 0 success, 1 a file cannot be fetched or was changed, 2 invalid arguments, settings or lock file.
    Fetch(FetchArgs),
    /// Show what the references of pinned files name now, and pin it anew
    ///
    /// Lists added capabilities first, then changed imports and exports, and asks. A reference with a digest never moves. Uses the network.
    ///
    /// Exit codes: 0 success, 1 a registry or a file fails, 2 invalid arguments, settings or lock file, or nobody could be asked, 3 `--check` found something newer.
    Update(UpdateArgs),
}

/// Arguments that all of them share.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct RegistryArgs {
    /// Use plain HTTP also with registries on other machines; with those on this machine it is the default
    #[arg(long)]
    pub insecure: bool,
    /// Give up an operation with a registry after so many seconds, such as the download of a file
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: u32,
    /// Refuse contents larger than this
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_mib: u32,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl RegistryArgs {
    /// Returns how the registry is reached.
    pub(crate) fn options(&self) -> RegistryOptions {
        RegistryOptions::new()
            .insecure(self.insecure)
            .timeout(Duration::from_secs(self.timeout.into()))
            .max_bytes(u64::from(self.max_mib) << 20)
    }
}

/// Arguments of `push`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct PushArgs {
    /// Push to this reference, such as `ghcr.io/owner/name:tag`; of a bundle, what its artifacts were compiled from
    pub reference: Reference,
    /// Push this file: a module, a component or a bundle
    pub file: PathBuf,
    /// Name this time in the configuration, such as `2026-01-01T00:00:00Z` [default: the beginning of 1970, so that the same file gives the same digests]
    #[arg(long, value_name = "TIME")]
    pub created: Option<String>,
    /// The registry, and the format of results.
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// Arguments of `pull`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct PullArgs {
    /// Pull the bundle of this reference, such as `ghcr.io/owner/name:tag` or `ghcr.io/owner/name@sha256:…`
    pub reference: Reference,
    /// Write it to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Pull the module or component itself
    #[arg(long, conflicts_with_all = ["trusted_keys", "minimum_generation", "wasmtime"])]
    pub source: bool,
    /// Accept bundles that this public key has signed; repeatable [default: `cache.remote.trusted-keys` of the settings]
    #[arg(long = "trusted-key", value_name = "KEY")]
    pub trusted_keys: Vec<String>,
    /// Refuse bundles of a lower generation
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub minimum_generation: u64,
    /// Pull a bundle with artifacts of this major version of Wasmtime [default: that of this program]
    #[arg(long, value_name = "MAJOR")]
    pub wasmtime: Option<u32>,
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The registry, and the format of results.
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// Arguments of `add`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct AddArgs {
    /// Add the module or component of this reference, such as `ghcr.io/owner/name:tag` or `ghcr.io/owner/name@sha256:…`
    pub reference: Reference,
    /// Write it to this file or folder below an import root [default: the name of the repository below the first import root]
    #[arg(long, value_name = "PATH")]
    pub to: Option<PathBuf>,
    /// Let git ignore the file, so that each machine fetches it
    #[arg(long)]
    pub cached: bool,
    /// Accept it without a question
    #[arg(long, short)]
    pub yes: bool,
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The registry, and the format of results.
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// Arguments of `fetch`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct FetchArgs {
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The registry, and the format of results.
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// Arguments of `update`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct UpdateArgs {
    /// Update these files, by path or by name without ending [default: all that the lock file pins]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Only say what is newer
    #[arg(long)]
    pub check: bool,
    /// Accept all without a question
    #[arg(long, short, conflicts_with = "check")]
    pub yes: bool,
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The registry, and the format of results.
    #[command(flatten)]
    pub registry: RegistryArgs,
}
