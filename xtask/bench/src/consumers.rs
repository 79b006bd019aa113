//! A program that only loads artifacts, against one that carries the compiler.
//!
//! The two programs are in `consumers/`, outside of the workspace, and built with the same profile.

use crate::{Result, cargo, files};
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The program with `wasmport`, and the one with `wasmtime` and its default features.
const OURS: &str = "thin";
const THEIRS: &str = "fat";

/// The sizes of the stripped programs.
pub(crate) fn binary_size() -> Result<f64> {
    let target = cargo::target();
    let size = |name| files::len(&build(name, &target)?);
    let (ours, theirs) = (size(OURS)?, size(THEIRS)?);
    eprintln!("  ours {ours} bytes, theirs {theirs} bytes");
    Ok(ours as f64 / theirs as f64)
}

/// The processor time of building each from nothing.
pub(crate) fn build_cpu() -> Result<f64> {
    let (ours, theirs) = (clean_build(OURS)?, clean_build(THEIRS)?);
    eprintln!("  ours {ours:?}, theirs {theirs:?}");
    Ok(ours.as_secs_f64() / theirs.as_secs_f64())
}

/// The processor time of a build in an empty target folder.
fn clean_build(name: &str) -> Result<Duration> {
    // What is to be downloaded is no part of the build.
    cargo::lock(&folder(name))?;
    cargo::run("fetch", &folder(name), &[])?;
    let target = tempfile::tempdir_in(files::root().join("target"))?;
    cargo::processor_time(|| build(name, target.path()).map(|_| ()))
}

/// Builds a program into the target folder; its path.
fn build(name: &str, target: &Path) -> Result<PathBuf> {
    eprintln!("  building the {name} program");
    cargo::lock(&folder(name))?;
    let target_dir = target.display().to_string();
    cargo::run("build", &folder(name), &["--release", "--target-dir", &target_dir])?;
    let program = target.join("release").join(format!("bench-{name}{EXE_SUFFIX}"));
    // What does not work is not worth measuring.
    let output = Command::new(&program).output()?;
    if output.stdout == b"42\n" { Ok(program) } else { Err(format!("{output:?}").into()) }
}

fn folder(name: &str) -> PathBuf {
    files::root().join("xtask/bench/consumers").join(name)
}
