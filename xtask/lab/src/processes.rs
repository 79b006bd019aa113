//! Programs that this one starts: servers that run until they are killed, and commands that end.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Servers that run. Their processes end when this is dropped, the last one first.
#[derive(Default)]
pub(crate) struct Servers(Vec<Child>);

impl Servers {
    /// Starts a program, in a process group of its own, and returns its id.
    pub fn start(&mut self, command: &mut Command) -> crate::Result<u32> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn()?;
        let id = child.id();
        self.0.push(child);
        Ok(id)
    }

    /// Lets the server that was started last stand still, without ending it.
    pub fn stop_last(&self) -> crate::Result {
        self.signal_last("-STOP")
    }

    /// Lets it go on.
    pub fn continue_last(&self) -> crate::Result {
        self.signal_last("-CONT")
    }

    fn signal_last(&self, signal: &str) -> crate::Result {
        let last = self.0.last().ok_or("no server runs")?;
        // nginx answers in processes of its own group.
        let group = format!("-{}", last.id());
        let _ = Command::new("kill").args([signal, "--", &group]).status()?;
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in self.0.iter_mut().rev() {
            kill_tree(child.id());
            let _ = child.wait();
        }
    }
}

/// Kills a process and all that it started, as a machine that loses its power.
pub(crate) fn kill_tree(id: u32) {
    let mut ids = vec![id];
    ids.extend(below(id).into_iter().map(|process| process.id));
    let ids = ids.iter().map(ToString::to_string);
    let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
}

/// A process of this machine.
pub(crate) struct Process {
    pub id: u32,
    parent: u32,
    pub command: String,
}

/// Lists the processes that a process has started, and those that these have started.
pub(crate) fn below(id: u32) -> Vec<Process> {
    let listed = complete(Command::new("ps").args(["-e", "-o", "pid=,ppid=,args="]));
    let listed = listed.unwrap_or_default();
    let mut left: Vec<Process> = listed.lines().filter_map(process).collect();
    let (mut found, mut parents) = (Vec::new(), vec![id]);
    while let Some(parent) = parents.pop() {
        let (children, others): (Vec<Process>, Vec<Process>) =
            left.into_iter().partition(|process| process.parent == parent);
        left = others;
        parents.extend(children.iter().map(|process| process.id));
        found.extend(children);
    }
    found
}

fn process(line: &str) -> Option<Process> {
    let mut words = line.split_whitespace();
    let (id, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Process { id, parent, command: words.collect::<Vec<_>>().join(" ") })
}

/// Fails if one of the programs is missing.
pub(crate) fn require(programs: &[&str], install: &str) -> crate::Result {
    for program in programs {
        let mut look = Command::new("sh");
        look.args(["-c", &format!("command -v {program}")]).stdout(Stdio::null());
        if !look.status()?.success() {
            return Err(format!("`{program}` is missing: `{install}`").into());
        }
    }
    Ok(())
}

/// Returns a port that nobody uses.
pub(crate) fn free_port() -> crate::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Runs a command, which prints for itself, to its end.
pub(crate) fn status(command: &mut Command, error: &str) -> crate::Result {
    if command.status()?.success() { Ok(()) } else { Err(error.into()) }
}

/// Runs a program to its end, and returns what it prints.
pub(crate) fn complete(command: &mut Command) -> crate::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        return Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&printed)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until something is so, at most for `longest`.
pub(crate) fn until(
    what: &str,
    longest: Duration,
    mut is_so: impl FnMut() -> bool,
) -> crate::Result {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > longest {
            return Err(format!("{what}: not after {longest:?}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Returns whether a server answers at a port of this machine.
pub(crate) fn accepts(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
