//! Arguments of the commands for what is delivered: `audit`, `bundle` and `key`.

#[cfg(feature = "audit")]
use super::Format;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bundle`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct BundleArgs {
    /// Take these assets, by their names [default: all]
    #[arg(value_name = "ASSET")]
    pub assets: Vec<String>,
    /// Write the bundle to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Take all that these bundles have, which the same key has signed, instead of the last import; repeatable
    #[arg(long, value_name = "FILE", conflicts_with_all = ["assets", "config"])]
    pub merge: Vec<PathBuf>,
    /// Sign with the secret key in this file [default: that of `WASMPORT_SIGNING_KEY` or `WASMPORT_SIGNING_KEY_FILE`]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Number the bundle: programs refuse those older than they want [default: 0; with `--merge` the highest of the merged]
    #[arg(long, value_name = "N")]
    pub generation: Option<u64>,
    /// Let programs refuse the bundle after so many days [default: never; with `--merge` with the first of the merged]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
    /// Read this settings file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `audit`.
#[cfg(feature = "audit")]
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct AuditArgs {
    /// Audit these files, and all files below these folders: lock files, manifests, bundles, artifacts and programs [default: the project's lock file]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read RustSec's database of advisories from this folder [default: the one that `cargo audit` or `cargo deny` fetched]
    #[arg(long, value_name = "DIR")]
    pub db: Option<PathBuf>,
    /// Read this settings file to find the lock file [default: `wasmport.toml`, if it exists]
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub config: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print assets without advisories, and the database
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands of `cargo wasmport key`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum KeyCommand {
    /// Create a key: a secret one in FILE, which only you can read, and its public key in FILE.pub
    ///
    /// The files have the format of minisign. With the variable `WASMPORT_SIGNING_KEY_PASSWORD`, its value encrypts the secret key. Prints the public key, for `cache.remote.trusted-keys`.
    ///
    /// Exit codes: 0 success, 1 the files exist or cannot be written.
    New {
        /// Write the secret key to this file
        file: PathBuf,
    },
    /// Print the name and the public key of a secret key
    ///
    /// Exit codes: 0 success, 1 there is no key, or it cannot be used.
    Show {
        /// Read the secret key in this file [default: that of `WASMPORT_SIGNING_KEY` or `WASMPORT_SIGNING_KEY_FILE`]
        file: Option<PathBuf>,
    },
}
