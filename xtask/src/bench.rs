//! Starts the measurements of `wasmport-bench`, optimized.

use crate::{Result, cargo, exit_code, root};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Builds the measurements and runs them with `args`; `peers` is a command of its own.
pub(crate) fn run(args: &[OsString]) -> Result<ExitCode> {
    if let Some((first, rest)) = args.split_first()
        && first == "peers"
    {
        return peers(rest);
    }
    // One cargo command builds both packages, so that they share one build of Wasmtime.
    let packages = ["--package", "wasmport-bench", "--package", "wasmport-cli"];
    let args_of_build = ["build", "--release"].iter().chain(&packages);
    if !cargo().args(args_of_build).current_dir(root()).status()?.success() {
        return Err("the measurements do not compile".into());
    }
    exit_code(Command::new(target().join("release/wasmport-bench")).args(args))
}

/// Compares wasmport with other ways to run WebAssembly. Their programs, and the command that builds them, are a
/// workspace of their own.
fn peers(args: &[OsString]) -> Result<ExitCode> {
    let manifest = root().join("xtask/bench/peers/Cargo.toml");
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--package", "driver", "--manifest-path"]).arg(manifest);
    cargo.arg("--target-dir").arg(target().join("peers/driver"));
    exit_code(cargo.arg("--").args(args))
}

/// Returns cargo's target folder.
fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    root().join(target)
}
