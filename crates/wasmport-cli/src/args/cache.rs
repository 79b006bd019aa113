//! Arguments of `cache`.

use super::Format;
use clap::{Args, Subcommand};
use std::path::PathBuf;

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
