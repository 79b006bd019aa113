//! `watch --exec`: the command runs after imports, and ends with the next one and with Ctrl-C.
#![cfg(unix)]

use super::watch::start;
use super::{CALC, project};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Prints its arguments, starts a process, and waits.
const SLEEPS: &str = "echo ran $0 $1 >> log; sleep 600 & echo $! >> pids; echo $$ >> pids; wait";

struct Watch {
    process: Child,
    output: Receiver<String>,
    errors: Receiver<String>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        signal(self.process.id(), "TERM");
        let _ = self.process.wait();
    }
}

fn signal(id: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .stderr(Stdio::null())
        .status();
    drop(status);
}

fn is_running(id: u32) -> bool {
    // A zombie has ended.
    let status = fs::read_to_string(format!("/proc/{id}/stat"));
    match status {
        Ok(status) => !status.rsplit(')').next().unwrap().trim_start().starts_with('Z'),
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => Command::new("kill")
            .args(["-0", &id.to_string()])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success(),
    }
}

/// Waits for processes to end: one that was killed is there until the system has taken it down.
pub(crate) fn wait_for_end(ids: &[u32]) {
    until("the end of the command", || (!ids.iter().any(|id| is_running(*id))).then_some(()));
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn watch(folder: &Path, args: &[&str]) -> Watch {
    let (process, output, errors) = start(folder, &[&["--debounce", "50"], args].concat());
    Watch { process, output, errors }
}

/// Waits for the ids of this number of started processes.
fn pids(folder: &Path, count: usize) -> Vec<u32> {
    until("the command starts", || {
        let text = fs::read_to_string(folder.join("pids")).unwrap_or_default();
        let ids: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        (text.ends_with('\n') && ids.len() == count).then_some(ids)
    })
}

fn replace(folder: &Path, text: &str) {
    fs::write(folder.join("new"), text).unwrap();
    fs::rename(folder.join("new"), folder.join("assets/a.wat")).unwrap();
}

#[test]
fn a_good_import_starts_it_again_and_ctrl_c_ends_everything() {
    let project = project(&[("assets/a.wat", CALC)]);
    let folder = project.path();
    let mut watch = watch(folder, &["--exec", "sh", "-c", SLEEPS, "name", "--color"]);
    let first = pids(folder, 2);
    assert_eq!(fs::read_to_string(folder.join("log")).unwrap(), "ran name --color\n");

    // An import that fails leaves it alone.
    replace(folder, "(modul)");
    until("an error", || watch.errors.try_iter().find(|line| line.contains("a.wat:1:2")));
    assert!(first.iter().all(|id| is_running(*id)));

    replace(folder, "(module)");
    let second = pids(folder, 4)[2..].to_vec();
    // The earlier one ends, with what it started.
    wait_for_end(&first);
    assert!(second.iter().all(|id| is_running(*id)));

    signal(watch.process.id(), "INT");
    let status = until("the end", || watch.process.try_wait().unwrap());
    assert_eq!(status.code(), Some(130));
    wait_for_end(&second);
}

#[test]
fn a_command_that_ignores_the_signal_is_killed() {
    let project = project(&[("assets/a.wat", CALC)]);
    let folder = project.path();
    let stubborn = format!("trap '' TERM; {}", SLEEPS.replace("wait", "while :; do sleep 1; done"));
    let watch = watch(folder, &["--exec", &stubborn]);
    let first = pids(folder, 2);
    replace(folder, "(module)");
    pids(folder, 4);
    wait_for_end(&first);
    drop(watch);
}

#[test]
fn one_word_with_spaces_is_for_the_shell_and_documents_stay_alone() {
    let project = project(&[("assets/a.wat", CALC)]);
    let mut watch =
        watch(project.path(), &["--format", "json", "--exec", "echo hello; echo $((40 + 2))"]);
    until("the output of the command", || watch.errors.try_iter().find(|line| line == "42"));
    replace(project.path(), "(module)");
    until("another output", || watch.errors.try_iter().find(|line| line == "42"));
    signal(watch.process.id(), "TERM");
    watch.process.wait().unwrap();
    let documents: Vec<String> = watch.output.iter().collect();
    assert!(documents.len() >= 2);
    for line in documents {
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{line}");
    }
}

#[test]
fn a_program_that_is_missing_is_an_error_and_the_watch_goes_on() {
    let project = project(&[("assets/a.wat", CALC)]);
    let watch = watch(project.path(), &["--exec", "no-such-program", "x"]);
    let error =
        until("an error", || watch.errors.try_iter().find(|line| line.starts_with("error")));
    assert!(error.starts_with("error: cannot run no-such-program x: "), "{error}");
    replace(project.path(), "(module)");
    until("another error", || watch.errors.try_iter().find(|line| line.starts_with("error")));
}

#[test]
fn it_needs_a_command_and_an_import() {
    let project = project(&[("assets/a.wat", CALC)]);
    for args in [&["--exec"][..], &["--dry-run", "--exec", "true"]] {
        let mut watch = watch(project.path(), args);
        assert_eq!(watch.process.wait().unwrap().code(), Some(2), "{args:?}");
    }
}
