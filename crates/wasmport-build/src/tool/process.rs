//! Processes: run to their end with those that they start, bounded in time, memory and written bytes.

use super::error::{HOW_TO_GET_IT, ToolError};
use crate::fs;
#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessGroup;
use process_wrap::std::{ChildWrapper, CommandWrap};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The bounds of a program.
pub(super) struct Bounds {
    pub time: Duration,
    /// The resident memory of the program and of those that it starts, in bytes.
    pub memory: u64,
    /// The files in its folder, in bytes.
    pub written: u64,
}

/// The longest output of a program, in bytes.
pub(super) const MAX_OUTPUT: u64 = 64 << 20;

/// Runs a program to its end and returns its output.
///
/// # Errors
///
/// Fails if it does not start, fails, or exceeds its bounds; then it is killed. In any case the programs that
/// it started end with it.
pub(super) fn run_bounded(
    command: Command,
    folder: &Path,
    bounds: Bounds,
) -> Result<String, ToolError> {
    let program = program_of(&command);
    let (out, err) = (folder.join(OUT), folder.join(ERR));
    let end = run(command, folder, &bounds)?;
    let printed = [&out, &err].map(|path| fs::read_ends(path, 4096).unwrap_or_default());
    let printed = printed.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).join("\n");
    match end {
        End::Exited(status) if status.success() => Ok(printed),
        End::Exited(status) => {
            Err(ToolError::new(format!("`{program}` failed ({status}){}", quoted(&printed)))
                .help(LEAVE_OUT))
        }
        End::TooLong => {
            let seconds = bounds.time.as_secs();
            Err(ToolError::new(format!("`{program}` did not end within {seconds} s"))
                .help("raise `limits.max-seconds` for the asset, or skip the stage"))
        }
        End::TooLarge(bytes) => {
            let mib = bytes >> 20;
            Err(ToolError::new(format!("`{program}` took {mib} MiB of memory"))
                .help("raise `limits.max-memory-mib` for the asset, or skip the stage"))
        }
        End::TooMuch(bytes) => {
            let mib = bytes >> 20;
            Err(ToolError::new(format!("`{program}` wrote {mib} MiB{}", quoted(&printed)))
                .help(LEAVE_OUT))
        }
    }
}

/// Runs a program to its end, and returns the bytes that it wrote to its standard output.
///
/// # Errors
///
/// Fails if it does not start, fails, or exceeds its bounds; then it is killed. The message is that of the program.
pub(super) fn run_for_bytes(
    command: Command,
    folder: &Path,
    bounds: &Bounds,
) -> Result<Vec<u8>, ToolError> {
    let program = program_of(&command);
    let refused = |why: String| ToolError::new(format!("`{program}` {why}"));
    match run(command, folder, bounds)? {
        End::Exited(status) if status.success() => Ok(fs::read(&folder.join(OUT))?),
        End::Exited(status) => {
            let said = fs::read_ends(&folder.join(ERR), 4096).unwrap_or_default();
            let said = quoted(&String::from_utf8_lossy(&said));
            Err(refused(format!("failed ({status}){said}")))
        }
        End::TooLong => Err(refused(format!("did not end within {} s", bounds.time.as_secs()))),
        End::TooLarge(bytes) => Err(refused(format!("took {} MiB of memory", bytes >> 20))),
        End::TooMuch(bytes) => Err(refused(format!("wrote {} MiB", bytes >> 20))),
    }
}

/// The files with the output of a program.
const OUT: &str = "stdout";
const ERR: &str = "stderr";

fn program_of(command: &Command) -> String {
    Path::new(command.get_program()).display().to_string()
}

/// Runs a program until it ends or exceeds its bounds, with its output in files of `folder`.
fn run(mut command: Command, folder: &Path, bounds: &Bounds) -> Result<End, ToolError> {
    let program = program_of(&command);
    // Files, because a pipe that nobody reads would block the program.
    let (out, err) = (folder.join(OUT), folder.join(ERR));
    command.stdin(Stdio::null());
    command.stdout(fs::create(&out)?).stderr(fs::create(&err)?);
    let child = {
        let mut running = lock(&RUNNING);
        let child = in_group(command).spawn().map_err(|e| {
            ToolError::new(format!("cannot run `{program}`: {e}")).help(HOW_TO_GET_IT)
        })?;
        let child: Running = Arc::new(Mutex::new(child));
        running.push((Arc::clone(&child), folder.to_owned()));
        child
    };
    let end = wait(&child, folder, bounds);
    // Others of its group may still run.
    let _ = lock(&child).start_kill();
    lock(&RUNNING).retain(|(running, _)| !Arc::ptr_eq(running, &child));
    end.map_err(|e| ToolError::new(format!("`{program}`: {e}")))
}

pub(super) const LEAVE_OUT: &str = "try another version of the program, or skip the stage for the asset, or set \
    `on-failure = \"warn\"`";

/// A program in a group of its own.
type Running = Arc<Mutex<Box<dyn ChildWrapper>>>;

/// The running programs, each with its folder.
static RUNNING: Mutex<Vec<(Running, PathBuf)>> = Mutex::new(Vec::new());

/// Lets the program lead a group, which contains all programs that it starts: a process group on Unix, a job
/// object on Windows.
fn in_group(command: Command) -> CommandWrap {
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(JobObject);
    command
}

/// Kills all running programs and those that they started, and removes their folders. No program runs after that: this
/// process exits.
pub(crate) fn kill_all() {
    // Whoever waits for the lock waits until the process exits.
    let running = std::mem::ManuallyDrop::new(lock(&RUNNING));
    for (child, _) in running.iter() {
        // A program that cannot be killed has ended.
        let _ = lock(child).start_kill();
    }
    let began = Instant::now();
    for (child, folder) in running.iter() {
        // A program that still ends may write.
        while matches!(lock(child).try_wait(), Ok(None)) && began.elapsed() < LONGEST_END {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = fs::remove_folder(folder);
    }
}

/// The longest time in which a killed program ends.
const LONGEST_END: Duration = Duration::from_secs(1);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of a program.
enum End {
    Exited(ExitStatus),
    TooLong,
    TooLarge(u64),
    TooMuch(u64),
}

/// Waits for the program, and kills it when it exceeds its bounds.
fn wait(
    child: &Mutex<Box<dyn ChildWrapper>>,
    folder: &Path,
    bounds: &Bounds,
) -> std::io::Result<End> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let id = {
            let mut child = lock(child);
            if let Some(status) = child.try_wait()? {
                return Ok(End::Exited(status));
            }
            child.id()
        };
        let size = fs::memory_of_group(id);
        let written = fs::len_of_files(folder);
        let over = if start.elapsed() >= bounds.time {
            Some(End::TooLong)
        } else if size > bounds.memory {
            Some(End::TooLarge(size))
        } else {
            (written > bounds.written).then_some(End::TooMuch(written))
        };
        if let Some(end) = over {
            let mut child = lock(child);
            child.kill()?;
            child.wait()?;
            return Ok(end);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Shortens the output of a program for a message. The cause stands first or last: a program in
/// JavaScript prints its own source and a stack trace after it.
pub(super) fn quoted(printed: &str) -> String {
    let is_trace = |line: &&str| line.starts_with("at ") || line.len() > 300;
    let lines = printed.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.filter(|line| !is_trace(line)).collect();
    match lines.as_slice() {
        [] => String::new(),
        [first, second, third, .., before, last] if lines.len() > 6 => {
            format!(": {first}\n{second}\n{third}\n…\n{before}\n{last}")
        }
        lines => format!(": {}", lines.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn reasons_are_quoted_and_traces_are_not() {
        let source = "x".repeat(5000);
        let said =
            format!("bad type\n\nAborted()\n{source}\n   at f (a:1)\n   at g\nNode.js v20\n");
        assert_eq!(quoted(&said), ": bad type\nAborted()\nNode.js v20");
        assert_eq!(quoted(" \n"), "");
        let many: Vec<String> = (0..20).map(|i| i.to_string()).collect();
        assert_eq!(quoted(&many.join("\n")), ": 0\n1\n2\n…\n18\n19");
    }
}
