//! `cargo xtask bench`: runs the measurements of `wasmport-bench`, optimized.

use std::ffi::OsString;
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
    let status = Command::new(crate::cargo())
        .args(["run", "--release", "--package", "wasmport-bench", "--manifest-path"])
        .arg(crate::root().join("Cargo.toml"))
        .arg("--")
        .args(&args.args)
        .status()?;
    if status.success() { Ok(()) } else { Err("not everything was measured".into()) }
}
