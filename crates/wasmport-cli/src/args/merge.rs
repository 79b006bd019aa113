//! Arguments of `merge`.

use super::{OptionArgs, RunArgs};
use clap::Args;
use std::path::{Path, PathBuf};
use wasmport_build::{Error, Importer, Merge};

/// Arguments of `merge`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct MergeArgs {
    /// Take over the results in these folders, which jobs had as their cache folders [default: the results are in the cache that the jobs share]
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Name for each missing result its part of N, the number of parts of the jobs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub parts: Option<u32>,
    /// Compile missing results here
    #[arg(long)]
    pub compile_missing: bool,
    /// The settings, which are those of the jobs.
    #[command(flatten)]
    pub options: OptionArgs,
    /// The way to import.
    #[command(flatten)]
    pub run: RunArgs,
}

impl MergeArgs {
    /// Creates the importer for these arguments.
    ///
    /// # Errors
    ///
    /// Fails with [`Error`] if the settings have errors, or contradict the arguments.
    pub(crate) fn importer(&self, default_config: Option<&Path>) -> Result<Importer, Error> {
        let settings = self.options.settings(&[], default_config)?;
        let merge = self.folders.iter().fold(Merge::new(), Merge::folder);
        let merge = self.parts.into_iter().fold(merge, Merge::parts);
        let merge = if self.compile_missing { merge.compile_missing() } else { merge };
        Ok(self.run.apply(Importer::new(settings)).merge(merge))
    }
}
