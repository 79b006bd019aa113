//! This repository's tasks: `cargo xtask help`.

mod backends;
mod bench;
mod bless;
mod conformance;
mod corpus;
mod determinism;
mod files;
mod reference;
mod run;
mod scratch;
mod smith;
mod tidy;
mod wrappers;

use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A task's result; the message of an error is all there is to tell.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Xtask {
    #[command(flatten)]
    Wasmport(wasmport_cli::Command),
    /// Make what is generated and printed now the expected
    Bless,
    /// Measure speed and size against plain Wasmtime
    Bench(bench::Args),
    /// Check the invariants of the architecture that no compiler checks
    Tidy,
    /// Import every wasm file below a folder, and compare with expected verdicts
    Corpus(corpus::Args),
    /// Run the specification's test suite through generated wrappers
    Conformance(conformance::Args),
    /// Import the fixtures for many targets, and run the same calls on every back end of this machine
    Backends(backends::Args),
    /// Run programs in whose results machines may differ, natively and interpreted
    Determinism(determinism::Args),
    /// Import random valid modules, and use every export of their wrappers
    Smith(smith::Args),
}

fn main() -> ExitCode {
    let result = match Xtask::parse() {
        Xtask::Wasmport(command) => {
            return wasmport_cli::run(&command, Some(&root().join("fixtures/wasmport.toml")));
        }
        Xtask::Bless => bless::run(),
        Xtask::Bench(args) => bench::run(&args),
        Xtask::Tidy => tidy::run(),
        Xtask::Corpus(args) => corpus::run(&args),
        Xtask::Conformance(args) => conformance::run(&args),
        Xtask::Backends(args) => backends::run(&args),
        Xtask::Determinism(args) => determinism::run(&args),
        Xtask::Smith(args) => smith::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A file of the repository.
fn read_text(path: &str) -> Result<String> {
    let path = root().join(path);
    std::fs::read_to_string(&path)
        .map_err(|e| format!("cannot read `{}`: {e}", path.display()).into())
}

/// The cargo that runs this task.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The repository's root.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}
