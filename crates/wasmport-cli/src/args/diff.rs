//! Arguments of `diff`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use wasmport_build::diff::Denial;

/// Arguments of `diff`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct DiffArgs {
    /// Compare with this earlier file, folder, lock file, manifest or bundle; `REV:PATH` names one of a git revision, such as `HEAD~1:assets`
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// Compare this later file, folder, lock file, manifest or bundle, or `REV:PATH`
    #[arg(value_name = "B")]
    pub after: PathBuf,
    /// Fail with exit code 3 if there are such differences; a list with commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    pub deny: Vec<DenyKind>,
    /// Do not compare sizes by section and function
    #[arg(long)]
    pub no_sizes: bool,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: DiffFormat,
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print all differences of each asset, and the assets without differences
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// A format of the results of `diff`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum DiffFormat {
    /// Text for people
    #[default]
    Human,
    /// One JSON document on standard output
    Json,
    /// A table in Markdown of at most 60 kB, for a comment on a pull request
    Markdown,
}

/// A kind of difference that `diff` can deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum DenyKind {
    /// Changed assets that break programs, and removed assets
    Breaking,
    /// Assets that want further parts of the system, added assets included
    NewCapabilities,
    /// Assets with further imports, added assets included
    NewImports,
    /// Assets and artifacts that are larger than before
    Larger,
}

impl From<DenyKind> for Denial {
    fn from(kind: DenyKind) -> Self {
        match kind {
            DenyKind::Breaking => Self::Breaking,
            DenyKind::NewCapabilities => Self::NewCapabilities,
            DenyKind::NewImports => Self::NewImports,
            DenyKind::Larger => Self::Larger,
        }
    }
}
