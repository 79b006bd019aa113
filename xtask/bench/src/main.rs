//! Measures wasmport against plain Wasmtime; `cargo xtask bench` builds it optimized and runs it.

mod bench;
mod call;
mod cargo;
mod cold;
mod component;
mod consumers;
mod contract;
mod corpus;
mod edit;
mod exports;
mod files;
mod host;
mod hosting;
mod incremental;
mod instance;
mod load;
mod load_corpus;
mod measure;
mod meter;
mod noop;
mod partition;
mod preinit;
mod process;
mod record;
mod remote;
mod rustc;
mod sandboxed_c;
mod side;
mod snapshot;
mod strings;
mod values;
mod virtual_files;
mod wasm;

/// What `build.rs` imports.
mod assets {
    ::wasmport::include_assets!();
}

use bench::{BENCHES, Bench};
use clap::Parser;
use std::process::ExitCode;

/// A measurement's result; the message of an error is all there is to tell.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A measurement cannot run on this machine; the reason.
#[derive(Debug)]
struct Skipped(&'static str);

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Skipped {}

/// Measure wasmport against plain Wasmtime.
///
/// Prints a line `name<TAB>value<TAB>unit` for each measurement; all else goes to stderr.
///
/// Ours and the equivalent without wasmport run in turns, many times, and of each the fastest run
/// counts: what else the machine does only ever adds time. A `ratio` is ours divided by theirs, an
/// extra in `ns` or `us` is ours minus theirs per call. Sizes and processor times of whole builds,
/// which hardly vary, are taken once.
///
/// `sandboxed_c` measures a C library against the same library as native code: a ratio is the time in the sandbox divided
/// by the native one.
///
/// `remote_hit` needs a store: `cargo xtask remote radosgw -- cargo xtask bench remote_hit` starts one.
///
/// Those of the corpus need the variable `WASMPORT_CORPUS`: a folder with wasm files at any depth.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Args {
    /// Only the measurements whose names begin with this
    #[arg(default_value = "", hide_default_value = true)]
    prefix: String,
    /// Print names, units and goals instead of measuring
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let selected: Vec<&Bench> =
        BENCHES.iter().filter(|bench| bench.name.starts_with(&args.prefix)).collect();
    if selected.is_empty() {
        eprintln!("error: no measurement begins with `{}`; `--list` shows all", args.prefix);
        return ExitCode::FAILURE;
    }
    let mut all_ran = true;
    for bench in selected {
        if args.list {
            println!("{}\t{}\t{}", bench.name, bench.unit, bench.goal_text());
        } else if let Err(error) = bench.measure() {
            eprintln!("error: {}: {error}", bench.name);
            all_ran = false;
        }
    }
    if all_ran { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
