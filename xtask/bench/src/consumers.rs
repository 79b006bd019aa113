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
    let size = |name| files::len(&build(name, None, &target)?);
    let (ours, theirs) = (size(OURS)?, size(THEIRS)?);
    eprintln!("  ours {ours} bytes, theirs {theirs} bytes");
    Ok(ours as f64 / theirs as f64)
}

/// By how many bytes a cargo feature makes the program larger that does not use it.
pub(crate) fn feature_size(feature: &str) -> Result<f64> {
    let target = cargo::target();
    let size = |feature| files::len(&build(OURS, feature, &target)?);
    let (with, without) = (size(Some(feature))?, size(None)?);
    eprintln!("  {with} bytes with it, {without} bytes without");
    Ok(with as f64 - without as f64)
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
    cargo::processor_time(|| build(name, None, target.path()).map(|_| ()))
}

/// Builds a program into the target folder, with a feature of `wasmport` or with none; its path.
fn build(name: &str, feature: Option<&str>, target: &Path) -> Result<PathBuf> {
    eprintln!("  building the {name} program");
    cargo::lock(&folder(name))?;
    let target_dir = target.display().to_string();
    let mut args = vec!["--release", "--target-dir", &target_dir];
    let feature = feature.map(|feature| format!("wasmport/{feature}"));
    if let Some(feature) = &feature {
        args.extend(["--features", feature]);
    }
    cargo::run("build", &folder(name), &args)?;
    let program = target.join("release").join(format!("bench-{name}{EXE_SUFFIX}"));
    // What does not work is not worth measuring.
    let output = Command::new(&program).output()?;
    if output.stdout == b"42\n" { Ok(program) } else { Err(format!("{output:?}").into()) }
}

fn folder(name: &str) -> PathBuf {
    files::root().join("xtask/bench/consumers").join(name)
}
