//! Arguments of `inspect` and `report`.

#[cfg(feature = "page")]
use super::target;
use super::{Format, SelectionArgs};
use clap::Args;
use std::path::PathBuf;
#[cfg(feature = "page")]
use wasmport_build::Target;

/// Arguments of `inspect`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct InspectArgs {
    /// Inspect these files: modules or components, binary or text
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Write a page for a browser to OUT: imports and who satisfies them, exports with their Rust signatures, sizes by function
    #[cfg(feature = "page")]
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
    /// Show on the page the sizes of the code for this target, such as `portable` or `native`; repeatable
    #[cfg(feature = "page")]
    #[arg(long = "target", value_name = "TARGET", value_parser = target, requires = "html")]
    pub targets: Vec<Target>,
    /// Show on the page the machine code of this function beside its wasm: a name, an export or an index; in a component `MODULE:INDEX`
    ///
    /// Without `--target` the code is that for this machine.
    #[cfg(feature = "page")]
    #[arg(long, value_name = "FUNCTION", requires = "html")]
    pub code: Option<String>,
    /// Read this settings file for the page [default: `wasmport.toml`, if it exists]
    #[cfg(feature = "page")]
    #[arg(long, value_name = "FILE", requires = "html")]
    pub config: Option<PathBuf>,
    /// Print results in this format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `report`.
#[derive(Args, Debug)]
#[non_exhaustive]
pub struct ReportArgs {
    /// The selection of assets.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Write a page for a browser to OUT
    #[cfg(feature = "page")]
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
    /// Run the stages again in a temporary folder, so that the sizes before and after each are known; what the cache has is not computed again
    #[arg(long)]
    pub stages: bool,
}
