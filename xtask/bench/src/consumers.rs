//! A program that only loads artifacts, against one that carries the compiler.
//!
//! The two programs are in `consumers/`, outside of the workspace, and built with the same profile.

use crate::{Result, files};
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program with `wasmport`, and the one with `wasmtime` and its default features.
const OURS: &str = "thin";
const THEIRS: &str = "fat";

/// The sizes of the stripped programs.
pub(crate) fn binary_size() -> Result<f64> {
    // Kept, so that the next time takes seconds instead of minutes.
    let target = files::root().join("target/scratch-bench");
    let size = |name| files::len(&build(name, &target)?);
    let (ours, theirs) = (size(OURS)?, size(THEIRS)?);
    eprintln!("  ours {ours} bytes, theirs {theirs} bytes");
    Ok(ours as f64 / theirs as f64)
}

/// The processor time of building each from nothing.
pub(crate) fn build_cpu() -> Result<f64> {
    let (ours, theirs) = (clean_build(OURS)?, clean_build(THEIRS)?);
    eprintln!("  ours {ours} ticks, theirs {theirs} ticks");
    Ok(ours as f64 / theirs as f64)
}

/// The processor time of a build in an empty target folder, in ticks.
fn clean_build(name: &str) -> Result<u64> {
    // What is to be downloaded is no part of the build.
    cargo("fetch", name, &[])?;
    let target = tempfile::tempdir_in(files::root().join("target"))?;
    let before = children_ticks()?;
    build(name, target.path())?;
    Ok(children_ticks()? - before)
}

/// Builds a program into the target folder; its path.
fn build(name: &str, target: &Path) -> Result<PathBuf> {
    eprintln!("  building the {name} program");
    let target_dir = target.display().to_string();
    cargo("build", name, &["--release", "--target-dir", &target_dir])?;
    let program = target.join("release").join(format!("bench-{name}{EXE_SUFFIX}"));
    // What does not work is not worth measuring.
    let output = Command::new(&program).output()?;
    if output.stdout == b"42\n" { Ok(program) } else { Err(format!("{output:?}").into()) }
}

fn cargo(command: &str, name: &str, args: &[&str]) -> Result {
    let root = files::root();
    let folder = root.join("xtask/bench/consumers").join(name);
    // The workspace's versions; cargo adds what only this program needs.
    files::write(&folder.join("Cargo.lock"), &files::read(&root.join("Cargo.lock"))?)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).arg(command).args(args).current_dir(&folder).status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo {command}: {status}").into()) }
}

/// The processor time that finished child processes and theirs have taken in user and system mode.
///
/// In ticks of an unknown length, which a ratio does not need. The system call for it would be
/// unsafe code.
fn children_ticks() -> Result<u64> {
    let stat = files::read(Path::new("/proc/self/stat"))?;
    let stat = String::from_utf8_lossy(&stat);
    // See proc_pid_stat(5): after the program's name, which may hold anything, fields 3 and on.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat is not as expected")?;
    let mut ticks = fields.split_whitespace().skip(16 - 3).map(str::parse::<u64>);
    match (ticks.next(), ticks.next()) {
        (Some(user), Some(system)) => Ok(user? + system?),
        _ => Err("/proc/self/stat is not as expected".into()),
    }
}
