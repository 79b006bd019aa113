//! The project of the fleet: a copy of the fixtures for several targets.

use super::worker::Worker;
use crate::files;
use crate::remote::servers::Address;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wasmport::Digest;

/// The files of the fixtures that an import reads.
const INPUTS: [&str; 4] = ["assets", "interfaces", "sources", "wasmport.toml"];

/// A project, and the targets for which it is imported.
pub(super) struct Project {
    folder: TempDir,
    targets: Vec<String>,
    credentials: Vec<(String, String)>,
}

/// The result of an import.
pub(super) struct Imported {
    /// The digest of each artifact, by asset and target.
    pub artifacts: BTreeMap<(String, String), Digest>,
    /// The artifacts that were compiled now.
    pub compiled: BTreeSet<Digest>,
    pub warnings: Vec<String>,
    /// The outputs and the lock file.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Project {
    /// Copies the fixtures. With an address, results are shared over it, if this key has signed them.
    pub fn new(targets: &[String], store: Option<(&Address, &str)>) -> crate::Result<Self> {
        let folder = tempfile::tempdir()?;
        let fixtures = crate::root().join("fixtures");
        for input in INPUTS {
            copy(&fixtures.join(input), &folder.path().join(input))?;
        }
        let path = folder.path().join("wasmport.toml");
        let mut settings = files::read(&path)?;
        settings += "\n[[asset]]\nmatch = \"**\"\nunsupported = \"skip\"\n";
        if let Some((Address { url, .. }, key)) = store {
            settings += &format!("\n[cache.remote]\nurl = \"{url}\"\ntrusted-keys = [\"{key}\"]\n");
        }
        files::write(&path, settings)?;
        let credentials = store.map(|(address, _)| address.credentials.clone()).unwrap_or_default();
        Ok(Self { folder, targets: targets.to_vec(), credentials })
    }

    /// Imports on this machine alone.
    pub fn import(&self) -> crate::Result<Imported> {
        let mut command = self.command(&["import"], Command::new(std::env::current_exe()?));
        self.outputs(command.arg("--no-cache"))
    }

    /// Imports what others have compiled.
    pub fn merge(&self, worker: &Worker) -> crate::Result<Imported> {
        let mut command = self.command(&["merge"], Command::new(std::env::current_exe()?));
        self.outputs(command.envs(worker.environment()))
    }

    /// Adds the arguments and the environment that all machines have.
    pub fn command(&self, arguments: &[&str], mut command: Command) -> Command {
        command.args(arguments).args(["--config", "wasmport.toml", "--format", "json"]);
        for target in &self.targets {
            command.args(["--target", target]);
        }
        command.current_dir(self.folder.path()).envs(self.credentials.iter().cloned());
        command
    }

    fn outputs(&self, command: &mut Command) -> crate::Result<Imported> {
        let output = command.output()?;
        if !output.status.success() {
            let text = [output.stderr, output.stdout].concat();
            return Err(String::from_utf8_lossy(&text).into_owned().into());
        }
        let mut imported = Imported::parse(&output.stdout)?;
        let root = self.folder.path();
        for entry in walkdir::WalkDir::new(root.join("generated"))
            .into_iter()
            .chain(walkdir::WalkDir::new(root.join("wasmport.lock")))
        {
            let entry = entry?;
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(root)?.to_owned();
                let _ = imported.files.insert(path, files::read_bytes(entry.path())?);
            }
        }
        Ok(imported)
    }
}

impl Imported {
    /// Reads the report of an import.
    pub fn parse(report: &[u8]) -> crate::Result<Self> {
        let report: Value = serde_json::from_slice(report)?;
        let (mut artifacts, mut compiled) = (BTreeMap::new(), BTreeSet::new());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for asset in report["assets"].as_array().into_iter().flatten() {
            if !asset["error"].is_null() {
                return Err(format!("{}: {}", asset["source"], asset["error"]).into());
            }
            let stages: Vec<&Value> = asset["stages"].as_array().into_iter().flatten().collect();
            for artifact in asset["artifacts"].as_array().into_iter().flatten() {
                let digest = Digest::from_hex(&text(&artifact["blake3"]));
                let digest = digest.ok_or("an artifact has no digest")?;
                let is_compiled = stages.iter().any(|stage| {
                    stage["stage"] == "compile"
                        && stage["target"] == artifact["target"]
                        && stage["cached"] != true
                });
                compiled.extend(is_compiled.then_some(digest));
                let _ =
                    artifacts.insert((text(&asset["source"]), text(&artifact["target"])), digest);
            }
        }
        let warnings = report["warnings"].as_array().into_iter().flatten().map(text).collect();
        Ok(Self { artifacts, compiled, warnings, files: BTreeMap::new() })
    }
}

/// Copies a file or a folder.
fn copy(from: &Path, to: &Path) -> crate::Result {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let path = to.join(entry.path().strip_prefix(from)?);
            // The path of a file ends without a slash.
            let path = if path.file_name().is_none() || entry.path() == from { to } else { &path };
            files::write(path, files::read_bytes(entry.path())?)?;
        }
    }
    Ok(())
}
