//! Running programs, and how long and how much memory they take.

use crate::{Result, files};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program that was built together with this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    Ok(here.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION))
}

/// Runs a program to its end; how long it takes.
pub(crate) fn time(command: &mut Command) -> Result<Duration> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let elapsed = start.elapsed();
    succeeded(command, output.status, &output.stderr)?;
    Ok(elapsed)
}

/// What a program prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    succeeded(command, output.status, &output.stderr)?;
    Ok(String::from_utf8(output.stdout)?)
}

fn succeeded(command: &Command, status: std::process::ExitStatus, stderr: &[u8]) -> Result {
    if status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(stderr);
    Err(format!("{:?} failed ({status}): {stderr}", command.get_program()).into())
}

/// The most memory, in bytes, that a program and those it starts have in use at once. Sampled, of
/// marks that the system keeps itself: only what happens in the last milliseconds can be missed.
pub(crate) fn peak_memory(command: &mut Command) -> Result<u64> {
    let null = Stdio::null;
    let mut child = command.stdin(null()).stdout(null()).stderr(null()).spawn()?;
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        most = most.max(marks(child.id()));
        std::thread::sleep(Duration::from_millis(2));
    };
    succeeded(command, status, b"")?;
    Ok(most)
}

/// The high-water marks of a process and its children.
fn marks(id: u32) -> u64 {
    let text = |path: String| {
        let bytes = files::read(Path::new(&path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let status = text(format!("/proc/{id}/status"));
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 =
        mark.and_then(|m| m.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or_default();
    let children = text(format!("/proc/{id}/task/{id}/children"));
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    kib * 1024 + children.map(marks).sum::<u64>()
}
