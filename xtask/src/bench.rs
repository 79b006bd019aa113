//! `cargo xtask bench`: runs the measurements of `wasmport-bench`, optimized.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

// `--help` too is the other program's, which knows what it measures and how.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What to measure; `--help` tells
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    // In one go, so that they share one build of Wasmtime.
    let packages = ["--package", "wasmport-bench", "--package", "wasmport-cli"];
    let built = Command::new(crate::cargo())
        .args(["build", "--release"])
        .args(packages)
        .current_dir(crate::root())
        .status()?;
    if !built.success() {
        return Err("the measurements do not compile".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let program = crate::root().join(target).join("release/wasmport-bench");
    let status = Command::new(program).args(&args.args).status()?;
    if status.success() { Ok(()) } else { Err("not everything was measured".into()) }
}
