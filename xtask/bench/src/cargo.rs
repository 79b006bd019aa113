//! Running cargo on crates outside of the workspace, and the processor time it takes.

use crate::{Result, files};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Kept, so that the next time takes seconds instead of minutes.
pub(crate) fn target() -> PathBuf {
    files::root().join("target/scratch-bench")
}

/// Runs cargo on the crate in `folder`.
pub(crate) fn run(command: &str, folder: &Path, args: &[&str]) -> Result {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut process = Command::new(cargo);
    process.arg(command).args(args).current_dir(folder);
    let status = process.status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo {command}: {status}").into()) }
}

/// Gives the crate in `folder` the workspace's versions; cargo adds what only it needs.
pub(crate) fn lock(folder: &Path) -> Result {
    let lock = files::read(&files::root().join("Cargo.lock"))?;
    files::write(&folder.join("Cargo.lock"), &lock)
}

/// The processor time that the child processes of `work` and theirs take in user and system mode.
pub(crate) fn processor_time(work: impl FnOnce() -> Result) -> Result<Duration> {
    let before = children_ticks()?;
    work()?;
    // Hundredths of a second, by default.
    Ok(Duration::from_millis(10 * (children_ticks()? - before)))
}

/// The system call for it would be unsafe code.
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
