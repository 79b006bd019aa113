//! Memory of other processes.

#[cfg(target_os = "linux")]
pub(crate) use linux::memory_of_group;
#[cfg(not(target_os = "linux"))]
pub(crate) use others::memory_of_group;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    /// Returns the resident memory of a process and of all others in its process group, in bytes.
    pub(crate) fn memory_of_group(leader: u32) -> u64 {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let members = ids.filter(|id| group_of(*id) == Some(leader));
        members.filter_map(memory_of).fold(0, u64::saturating_add)
    }

    /// Returns the third number behind the name, which may contain anything.
    fn group_of(id: u32) -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_whitespace().nth(2)?.parse().ok()
    }

    fn memory_of(id: u32) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

    /// Returns the resident memory of a process and of those that it started, in bytes.
    pub(crate) fn memory_of_group(leader: u32) -> u64 {
        let Ok(mut system) = System::new() else { return 0 };
        let kind = ProcessRefreshKind::nothing().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let leader = Pid::from_u32(leader);
        let processes = system.processes().values();
        let members = processes.filter(|process| {
            let parent = |process: &&Process| system.process(process.parent()?);
            // An id that was used again can make a circle.
            let ancestors = std::iter::successors(Some(*process), parent).take(100);
            ancestors.into_iter().any(|ancestor| ancestor.pid() == leader)
        });
        members.map(Process::memory).fold(0, u64::saturating_add)
    }
}
