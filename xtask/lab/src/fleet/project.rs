//! The project of the fleet: a copy of the fixtures for several targets.

use super::worker::Worker;
use crate::files;
use crate::imported::{Imported, lab};
use crate::remote::servers::Address;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A project, and the targets for which it is imported.
pub(super) struct Project {
    folder: TempDir,
    targets: Vec<String>,
    credentials: Vec<(String, String)>,
}

/// The report of an import, and the files that it wrote.
pub(super) struct Outcome {
    pub imported: Imported,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Project {
    /// Copies the fixtures. With an address, results are shared over it, if this key has signed them.
    pub fn new(targets: &[String], store: Option<(&Address, &str)>) -> crate::Result<Self> {
        let folder = tempfile::tempdir()?;
        files::copy_fixtures(folder.path())?;
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
    pub fn import(&self) -> crate::Result<Outcome> {
        let mut command = self.command(&["import"], lab()?);
        self.outcome(command.arg("--no-cache"))
    }

    /// Imports what others have compiled.
    pub fn merge(&self, worker: &Worker) -> crate::Result<Outcome> {
        let mut command = self.command(&["merge"], lab()?);
        self.outcome(command.envs(worker.environment()))
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

    fn outcome(&self, command: &mut Command) -> crate::Result<Outcome> {
        let imported = Imported::run(command)?;
        let files = files::contents(self.folder.path(), &["generated", "wasmport.lock"])?;
        Ok(Outcome { imported, files })
    }
}
