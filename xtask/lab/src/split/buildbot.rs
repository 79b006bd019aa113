//! Buildbot: a master, a worker for each part and one that merges. One worker is killed in the middle of its part.

use super::project::{PARTS, Project};
use super::recipe;
use crate::files;
use crate::processes::{Servers, accepts, below, complete, free_port, kill_tree, require, until};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(20 * 60);

/// The password of workers and changes.
const PASSWORD: &str = "tea";

/// Fails if a program is missing.
pub(super) fn check() -> crate::Result {
    require(
        &["buildbot", "buildbot-worker", "git"],
        "python3 -m venv DIR && DIR/bin/pip install buildbot==4.3.0 buildbot-worker==4.3.0`, with DIR/bin in `PATH",
    )
}

/// Splits the import of a project, and returns the folder with the outputs.
pub(super) fn run(project: &Project) -> crate::Result<PathBuf> {
    let revision = commit(&project.folder())?;
    let port = free_port()?;
    let base = project.base();
    let command = |program: &str| -> crate::Result<Command> {
        let mut command = Command::new(program);
        project.environment(&mut command)?;
        command.current_dir(base).env("WORKER_PASSWORD", PASSWORD);
        command.env("REPOSITORY", project.folder());
        command.env("PB_PORT", format!("tcp:{port}:interface=127.0.0.1"));
        Ok(command)
    };
    let _ = complete(command("buildbot")?.args(["create-master", "--quiet", "master"]))?;
    let master = base.join("master");
    files::write(&master.join("master.cfg"), files::read(&recipe("buildbot/master.cfg"))?)?;
    let mut servers = Servers::default();
    let start = ["start", "--nodaemon"];
    let _ = servers.start(command("buildbot")?.args(start).arg("master"))?;
    until("the master", Duration::from_secs(60), || accepts(port))?;
    let address = format!("127.0.0.1:{port}");
    let numbered = (1..=PARTS).map(|number| format!("worker-{number}"));
    let names: Vec<String> = numbered.chain(["merger".into()]).collect();
    let mut workers = Vec::new();
    for name in &names {
        let create = ["create-worker", "--quiet", name, &address, name, PASSWORD];
        let _ = complete(command("buildbot-worker")?.args(create))?;
        workers.push(servers.start(command("buildbot-worker")?.args(start).arg(name))?);
    }
    let log = || files::read(&master.join("twistd.log")).unwrap_or_default();
    until("the workers", Duration::from_secs(60), || {
        let log = log();
        names.iter().all(|name| log.contains(&format!("Worker {name} attached to ")))
    })?;
    let change = ["sendchange", "--master", &address, "--auth", &format!("change:{PASSWORD}")]
        .map(ToOwned::to_owned);
    let of = ["--who", "lab", "--branch", "main", "--revision", &revision, "wasmport.toml"];
    let _ = complete(command("buildbot")?.args(change).args(of))?;
    let killed = kill_in_the_middle(project, &workers)?;
    until("the import", LONGEST, || result(&log()).is_some())?;
    if result(&log()).as_deref() != Some("success") {
        return Err(format!("the build failed:\n{}", log()).into());
    }
    project.check_killed("buildbot", killed)?;
    Ok(base.join("merger/import/build"))
}

/// Returns the result of the build that merges, if the log of the master has its end.
fn result(log: &str) -> Option<String> {
    let end = log
        .lines()
        .find(|line| line.ends_with(">: build finished") && line.contains("<Build import "))?;
    let (_, result) = end.split_once(" results:")?;
    Some(result.split('>').next()?.to_owned())
}

/// Kills a worker in the middle of its part, with all that it runs, and returns the part.
fn kill_in_the_middle(project: &Project, workers: &[u32]) -> crate::Result<u64> {
    let third = project.expected_artifacts() / 3;
    until("a third of the import", LONGEST, || project.artifacts() >= third)?;
    for worker in workers {
        if let Some(part) = below(*worker).iter().find_map(|process| part_of(&process.command)) {
            kill_tree(*worker);
            return Ok(part);
        }
    }
    Err("no worker compiles a part".into())
}

/// Returns the part that a command compiles.
fn part_of(command: &str) -> Option<u64> {
    let (_, partition) = command.split_once("--partition ")?;
    partition.split_once('/')?.0.parse().ok()
}

/// Commits a project to a repository, from which workers get it, and returns the revision.
fn commit(folder: &Path) -> crate::Result<String> {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=lab", "-c", "user.email=lab@localhost"]).args(args);
        complete(git.current_dir(folder))
    };
    let _ = git(&["init", "--quiet", "--initial-branch", "main"])?;
    let _ = git(&["add", "--all"])?;
    let _ = git(&["commit", "--quiet", "--message", "project"])?;
    Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
}
