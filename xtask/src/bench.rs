//! Starts the measurements of `wasmport-bench`, optimized.

use crate::{Result, cargo, exit_code, root};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Builds the measurements and runs them with `args`.
pub(crate) fn run(args: &[OsString]) -> Result<ExitCode> {
    // One cargo command builds both packages, so that they share one build of Wasmtime.
    let packages = ["--package", "wasmport-bench", "--package", "wasmport-cli"];
    let args_of_build = ["build", "--release"].iter().chain(&packages);
    if !Command::new(cargo()).args(args_of_build).current_dir(root()).status()?.success() {
        return Err("the measurements do not compile".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let program = root().join(target).join("release/wasmport-bench");
    exit_code(Command::new(program).args(args))
}
