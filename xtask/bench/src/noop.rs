//! An import that finds nothing to do: start-up, and what each asset adds to it.

use crate::measure::fastest_of;
use crate::{Result, files, process, wasm};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use walkdir::WalkDir;

const ASSETS: usize = 1_000;
const TURNS: u32 = 300;

/// What 1,000 assets add to the time of the process, against the least that any tool must do which
/// trusts the file system: a walk that reads the metadata of sources and outputs. Of both times
/// start-up is taken off, which [`start_ms`] measures: ours is that of the same process with one
/// asset, and the walk, in a process that runs, has none.
pub(crate) fn import_1000() -> Result<f64> {
    let (one, all) = (Project::new(1)?, Project::new(ASSETS)?);
    let walk = || crate::measure::time(|| all.walk());
    let start = fastest_of(TURNS, || one.import(), walk)?;
    let whole = fastest_of(TURNS, || all.import(), walk)?;
    let walk = start.theirs.min(whole.theirs);
    Ok(whole.ours.saturating_sub(start.ours).as_secs_f64() / walk.as_secs_f64())
}

/// How long the process takes from its start to its end, with one asset.
pub(crate) fn start_ms() -> Result<f64> {
    let project = Project::new(1)?;
    let times = (0..TURNS).map(|_| project.import());
    let times = times.collect::<Result<Vec<Duration>>>()?;
    let fastest = times.into_iter().min().ok_or("no run")?;
    Ok(fastest.as_secs_f64() * 1e3)
}

/// A project whose assets are imported.
struct Project {
    folder: TempDir,
    program: PathBuf,
}

impl Project {
    fn new(assets: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        write_sources(&folder.path().join("assets"), assets)?;
        let project = Self { folder, program: process::sibling("cargo-wasmport")? };
        eprintln!("  importing {assets} assets");
        project.import()?;
        // Metadata is trusted once files have been left alone for some seconds.
        std::thread::sleep(Duration::from_secs(4));
        project.import()?;
        let said = process::output(project.command().arg("--format").arg("json"))?;
        let unchanged = said.matches("\"status\": \"unchanged\"").count();
        if unchanged != assets {
            return Err(format!("{unchanged} of {assets} assets are unchanged").into());
        }
        Ok(project)
    }

    /// With the default settings: assets in `assets`, output in `src/assets`, a lock file.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("import").current_dir(self.folder.path());
        command.env("WASMPORT_CACHE_DIR", self.folder.path().join("cache"));
        command
    }

    fn import(&self) -> Result<Duration> {
        process::time(self.command().arg("--quiet"))
    }

    /// Reads the metadata of all sources and outputs.
    fn walk(&self) -> Result<u64> {
        let mut bytes = 0;
        for folder in ["assets", "src/assets"] {
            for entry in WalkDir::new(self.folder.path().join(folder)) {
                bytes += entry?.metadata()?.len();
            }
        }
        Ok(bytes)
    }
}

/// Folders of 50 assets each, from 1 to 60 KB. As in real projects small ones are frequent: each
/// is larger than the one before by the same factor. One in four is text.
fn write_sources(folder: &Path, assets: usize) -> Result {
    for index in 0..assets {
        let bytes = 1_000.0 * 60_f64.powf(index as f64 / assets as f64);
        let is_text = index % 4 == 0;
        let functions = bytes / if is_text { TEXT_PER_FUNCTION } else { BINARY_PER_FUNCTION };
        let text = wasm::wat((functions as usize).max(1), 3 + index % 10);
        let name = format!("group{}/asset{index}.", index / 50);
        if is_text {
            files::write(&folder.join(name + "wat"), text.as_bytes())?;
        } else {
            files::write(&folder.join(name + "wasm"), &wat::parse_str(text)?)?;
        }
    }
    Ok(())
}

/// What a function of [`wasm::wat`] takes on average, in bytes.
const TEXT_PER_FUNCTION: f64 = 1_000.0;
const BINARY_PER_FUNCTION: f64 = 150.0;
