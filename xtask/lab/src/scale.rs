//! Measures how the cache and imports grow with the number of assets: `docs/scale.md` has the tables.

mod cache;
mod imports;
mod process;

use process::Process;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Numbers of results in a cache
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,1000000")]
    results: Vec<u64>,
    /// Numbers of assets of an import
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000")]
    imports: Vec<u64>,
    /// Do this alone, in this process, and print what it took
    #[arg(long, hide = true)]
    process: Option<Process>,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    if let Some(process) = &args.process {
        return process.run();
    }
    if !args.results.is_empty() {
        cache::measure(&args.results)?;
    }
    if !args.imports.is_empty() {
        imports::measure(&args.imports)?;
    }
    Ok(())
}
