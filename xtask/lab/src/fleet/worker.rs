//! A worker of the fleet: a process with a cache of its own.

use super::WORKERS;
use super::project::Project;
use crate::imported::Imported;
use crate::remote::machine::Keys;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use wasmport::Digest;

/// The error of the wrong clock: less than what object stores tolerate, which is a quarter of an hour.
const SKEW: &str = "+10m";

/// A kind of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Killed,
    ReadOnly,
    /// It uploads results with a key that nobody trusts.
    Forged,
    WrongClock,
    Honest,
}

/// A worker.
pub(super) struct Worker {
    kind: Kind,
    part: u32,
    cache: TempDir,
    key: [(String, String); 2],
    child: Option<Child>,
}

/// The result of a worker.
pub(super) struct Finished {
    pub compiled: BTreeSet<Digest>,
    pub warnings: Vec<String>,
    all: usize,
}

impl Kind {
    /// Returns whether results of the worker count for others.
    pub fn uploads(self) -> bool {
        !matches!(self, Self::ReadOnly | Self::Forged | Self::Killed)
    }
}

/// Fails if the program that gives another a wrong clock is missing.
pub(super) fn check_faketime() -> crate::Result {
    let found = Command::new("faketime").arg("--version").stdout(Stdio::null()).status();
    match found.is_ok_and(|status| status.success()) {
        true => Ok(()),
        false => {
            Err("`faketime` is missing: `apt-get install --no-install-recommends faketime`".into())
        }
    }
}

impl Worker {
    pub fn new(kind: Kind, part: u32, keys: &Keys) -> crate::Result<Self> {
        let (cache, key) = (tempfile::tempdir()?, keys.environment());
        Ok(Self { kind, part, cache, key, child: None })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn part(&self) -> u32 {
        self.part
    }

    /// Returns the variables of the worker.
    pub fn environment(&self) -> Vec<(String, String)> {
        let cache = self.cache.path().display().to_string();
        let mut environment = vec![("WASMPORT_CACHE_DIR".to_owned(), cache)];
        if self.kind != Kind::ReadOnly {
            environment.extend(self.key.iter().cloned());
        }
        environment
    }

    /// Starts to compile a part.
    pub fn start(&mut self, project: &Project, part: u32) -> crate::Result {
        self.spawn(project, &format!("{part}/{}", WORKERS.len()))
    }

    /// Starts to compile all parts.
    pub fn start_all(&mut self, project: &Project) -> crate::Result {
        self.spawn(project, "1/1")
    }

    fn spawn(&mut self, project: &Project, partition: &str) -> crate::Result {
        let program = std::env::current_exe()?;
        let command = match self.kind {
            Kind::WrongClock => {
                let mut faketime = Command::new("faketime");
                // Time spans stay right, and so do the times of files.
                faketime.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
                faketime.args(["-f", SKEW]).arg(program);
                faketime
            }
            _ => Command::new(program),
        };
        let mut command =
            project.command(&["import", "--partition", partition, "--jobs", "1"], command);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.envs(self.environment()).stdin(Stdio::null());
        self.child = Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?);
        Ok(())
    }

    /// Returns the number of artifacts in the worker's own cache.
    pub fn results(&self) -> crate::Result<usize> {
        Ok(digests(&self.cache.path().join("blobs"))?.len())
    }

    pub fn has_ended(&mut self) -> crate::Result<bool> {
        Ok(match &mut self.child {
            Some(child) => child.try_wait()?.is_some(),
            None => true,
        })
    }

    /// Kills the worker with its helper, wherever it is.
    pub fn kill(&mut self) -> crate::Result {
        let child = self.child.as_mut().ok_or("the worker does not run")?;
        child.kill()?;
        let _ = child.wait()?;
        // Its helper ends when it notices.
        std::thread::sleep(std::time::Duration::from_secs(1));
        Ok(())
    }

    /// Waits for the worker's end.
    pub fn finish(&mut self) -> crate::Result<Finished> {
        let child = self.child.take().ok_or("the worker was not started")?;
        let output = child.wait_with_output()?;
        if self.kind == Kind::Killed {
            let compiled = digests(&self.cache.path().join("blobs"))?;
            return Ok(Finished { all: compiled.len(), compiled, warnings: Vec::new() });
        }
        if !output.status.success() {
            let text = [output.stderr, output.stdout].concat();
            return Err(format!("{:?}: {}", self.kind, String::from_utf8_lossy(&text)).into());
        }
        let imported = Imported::parse(&output.stdout)?;
        let all = imported.artifacts.values().collect::<BTreeSet<_>>().len();
        Ok(Finished { compiled: imported.compiled, warnings: imported.warnings, all })
    }
}

impl Finished {
    pub fn counts(&self) -> String {
        format!("{} items, {} compiled", self.all, self.compiled.len())
    }

    pub fn describe(&self, kind: Kind, part: u32) -> String {
        let mut text = format!("part {part}, {kind:?}: {}", self.counts());
        for warning in &self.warnings {
            text += &format!("\n  {}", warning.lines().next().unwrap_or_default());
        }
        text
    }

    /// Returns whether the store did not answer the worker for a while.
    pub fn lost_the_store(&self) -> bool {
        self.warnings.iter().any(|warning| {
            warning.contains("not used")
                || warning.contains("not uploaded in time")
                || warning.contains("operations of the remote store failed")
        })
    }
}

/// Returns the digests in the names of the files below a folder.
fn digests(folder: &Path) -> crate::Result<BTreeSet<Digest>> {
    if !folder.is_dir() {
        return Ok(BTreeSet::new());
    }
    let mut digests = BTreeSet::new();
    for entry in walkdir::WalkDir::new(folder) {
        digests.extend(entry?.file_name().to_str().and_then(Digest::from_hex));
    }
    Ok(digests)
}
