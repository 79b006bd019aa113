//! A process that does one thing, so that its peak of memory is that of this thing.

use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use std::str::FromStr;
use std::time::Instant;
use wasmport_build::{Importer, Settings, SimulatedImport};

/// The length of a result in bytes: a small function's code.
pub(super) const BYTES: usize = 1000;

/// A thing to measure, in the project of the current folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// Reads or computes so many results of a cache.
    Results(u64),
    /// Removes the least recently used half of the cache.
    Prune,
    /// Imports the project.
    Import,
}

/// The time and memory that a process took.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Took {
    pub seconds: f64,
    /// The peak of the process's memory, in KiB.
    pub peak: u64,
    /// The results that were in the cache, or the entries that were removed.
    pub found: u64,
    pub warnings: Vec<String>,
}

impl FromStr for Process {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "prune" => Ok(Self::Prune),
            "import" => Ok(Self::Import),
            number => number.parse().map(Self::Results).map_err(|e| format!("{e}")),
        }
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Results(number) => write!(f, "{number}"),
            Self::Prune => f.write_str("prune"),
            Self::Import => f.write_str("import"),
        }
    }
}

impl Process {
    /// Does it in a process of its own, for the project in a folder.
    pub fn start(self, project: &Path, environment: &[(String, String)]) -> crate::Result<Took> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["scale", "--process", &self.to_string()]);
        command.current_dir(project).env("WASMPORT_CACHE_DIR", "cache");
        let output = command.envs(environment.iter().cloned()).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Does it here, and prints what it took.
    pub fn run(self) -> crate::Result {
        let began = Instant::now();
        let settings = Settings::of_project(Path::new(""))?;
        let (found, warnings) = match self {
            Self::Results(number) => {
                let import = SimulatedImport::open(&settings);
                let found = (0..number).filter(|number| import.result(*number, BYTES)).count();
                (found as u64, import.close())
            }
            Self::Prune => {
                let cache = Importer::new(settings).cache_folder().ok_or("there is no cache")?;
                let half = cache.stats()?.bytes / 2;
                (cache.prune(Some(half))?.entries as u64, Vec::new())
            }
            Self::Import => {
                let report = Importer::new(settings).update_lock().run(&())?;
                let failed = report.failures().next().map(|(asset, error)| (&asset.source, error));
                if let Some((source, error)) = failed {
                    return Err(format!("{source}: {error}").into());
                }
                (report.count(wasmport_build::Status::Unchanged) as u64, report.warnings)
            }
        };
        let seconds = began.elapsed().as_secs_f64();
        let took = Took { seconds, peak: peak()?, found, warnings };
        println!("{}", serde_json::to_string(&took)?);
        Ok(())
    }
}

/// Returns the peak of this process's memory in KiB.
fn peak() -> crate::Result<u64> {
    let status = crate::files::read("/proc/self/status".as_ref())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.ok_or("the system does not tell the peak of memory")?.parse()?)
}
