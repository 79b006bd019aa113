//! Memory of other processes, from Linux's `/proc`.

use std::fs;

/// Returns the resident memory of another process in bytes, on Linux.
pub(crate) fn memory_of_process(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
