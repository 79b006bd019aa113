//! The command of `watch --exec`: started after an import, and ended before it is started again.

use crate::output::Output;
use crate::text::quoted;
#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessGroup;
use process_wrap::std::{ChildWrapper, CommandWrap};
use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time in which a command ends after the signal that asks it to, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// The exit code of an interrupted command, as shells have it.
const INTERRUPTED: i32 = 130;

/// The running command with all processes that it starts: a process group on Unix, a job object on Windows.
type Running = Arc<Mutex<Option<Box<dyn ChildWrapper>>>>;

/// The command of `watch --exec`.
pub(super) struct Exec<'a> {
    words: &'a [OsString],
    running: Running,
    out: &'a Output,
}

impl<'a> Exec<'a> {
    /// Creates the command, unless there are no words. From now on Ctrl-C ends the command too.
    pub fn new(words: &'a [OsString], out: &'a Output) -> Option<Self> {
        if words.is_empty() {
            return None;
        }
        let running = Running::default();
        let theirs = Arc::clone(&running);
        let handler = ctrlc::set_handler(move || {
            // Nobody starts the command again: this process exits with the lock.
            let mut running = lock(&theirs);
            running.as_mut().into_iter().for_each(|child| end(&mut **child));
            std::process::exit(INTERRUPTED);
        });
        if let Err(error) = handler {
            out.warning(&format!("Ctrl-C will not end the command of `--exec`: {error}"));
        }
        Some(Self { words, running, out })
    }

    /// Ends the command if it still runs, and starts it.
    pub fn restart(&self) {
        let mut running = lock(&self.running);
        running.take().into_iter().for_each(|mut child| end(&mut *child));
        let words = self.words.iter().map(|word| quoted(&word.to_string_lossy()));
        let line = words.collect::<Vec<_>>().join(" ");
        self.out.note(&format!("running {line}"));
        match in_group(self.command()).spawn() {
            Ok(child) => *running = Some(child),
            Err(error) => self.out.error(&format!(
                "cannot run {line}: {error}\n  help: pass a program with its arguments, or one line for the shell"
            )),
        }
    }

    fn command(&self) -> Command {
        let mut command = match self.words {
            [line] if line.to_string_lossy().contains(char::is_whitespace) => shell(line),
            words => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command
            }
        };
        // A process of another group that reads from the terminal is stopped.
        command.stdin(Stdio::null());
        if self.out.is_json() {
            command.stdout(std::io::stderr());
        }
        command
    }
}

#[cfg(not(windows))]
fn shell(line: &OsString) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(windows)]
fn shell(line: &OsString) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}

fn in_group(command: Command) -> CommandWrap {
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(JobObject);
    command
}

/// Ends a command with all processes of its group.
fn end(child: &mut dyn ChildWrapper) {
    #[cfg(unix)]
    if !has_ended(child) {
        const SIGTERM: i32 = 15;
        // A process that cannot be signalled has ended.
        let _ = child.signal(SIGTERM);
        wait(child);
    }
    // Others of its group may still run.
    let _ = child.start_kill();
    wait(child);
}

fn has_ended(child: &mut dyn ChildWrapper) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// Waits until the command ends, but no longer than the grace.
fn wait(child: &mut dyn ChildWrapper) {
    let start = Instant::now();
    while !has_ended(child) && start.elapsed() < GRACE {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
