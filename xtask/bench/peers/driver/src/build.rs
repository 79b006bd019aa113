//! Builds of the programs, and their figures.

use crate::error::{Error, Result};
use crate::peers::{Needs, Peer, Toolchain};
use crate::{files, wasm2c};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A program, and how it was built.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Program {
    pub path: PathBuf,
    pub version: String,
    /// The time of a clean build; none if the build was not clean.
    pub seconds: Option<f64>,
    /// The number of packages that cargo compiled.
    pub crates: Option<usize>,
}

/// The result of a build.
pub(crate) enum Built {
    Program(Program),
    /// The reason why the program cannot be built here.
    Skipped(String),
}

/// Builds programs into a folder that stays.
pub(crate) struct Builder {
    quick: bool,
    reuse: bool,
    scratch: PathBuf,
}

impl Builder {
    /// Creates the folder of artifacts.
    pub fn new(quick: bool, reuse: bool) -> Result<Self> {
        let builder = Self { quick, reuse, scratch: files::scratch() };
        files::create_folder(&builder.artifacts())?;
        Ok(builder)
    }

    /// Returns the folder of artifacts, which the programs get as argument.
    pub fn artifacts(&self) -> PathBuf {
        self.scratch.join("artifacts")
    }

    /// Builds the program of a peer, and prepares what it needs.
    pub fn build(&self, peer: &Peer) -> Result<Built> {
        match peer.needs {
            Needs::Nothing => {}
            Needs::Artifacts(name) => self.precompile(name)?,
            Needs::Import => import(peer)?,
        }
        let program = self.scratch.join("programs").join(peer.name);
        let record = program.with_extension("json");
        if self.reuse
            && program.exists()
            && let Ok(text) = files::read_text(&record)
        {
            return Ok(Built::Program(serde_json::from_str(&text)?));
        }
        let built = match peer.toolchain {
            Toolchain::Cargo { manifest, profile } => {
                self.cargo(peer, &files::peers().join(manifest), profile)?
            }
            Toolchain::C => match wasm2c::build(&self.scratch.join("build-wasm2c"))? {
                Ok(built) => built,
                Err(reason) => return Ok(Built::Skipped(reason)),
            },
        };
        if self.quick {
            return Ok(Built::Program(Program { seconds: None, crates: None, ..built }));
        }
        // The build's folder has gigabytes.
        files::copy(&built.path, &program)?;
        files::remove_folder(&self.target(peer))?;
        let built = Program { path: program, ..built };
        files::write(&record, &serde_json::to_vec_pretty(&built)?)?;
        Ok(Built::Program(built))
    }

    /// Returns the target folder of a peer: one of its own for a clean build, else one for its workspace.
    fn target(&self, peer: &Peer) -> PathBuf {
        match peer.toolchain {
            Toolchain::Cargo { manifest, .. } if self.quick => {
                let is_root = manifest == "Cargo.toml";
                self.scratch.join(if is_root { "quick" } else { "quick-wasmer" })
            }
            _ => self.scratch.join(format!("build-{}", peer.name)),
        }
    }

    /// Builds a program with cargo. Downloading the dependencies is not part of the build.
    fn cargo(&self, peer: &Peer, manifest: &Path, profile: &str) -> Result<Program> {
        let fetch = ["fetch", "--quiet", "--manifest-path"];
        files::output(cargo().args(fetch).arg(manifest))?;
        let target = self.target(peer);
        if !self.quick {
            files::remove_folder(&target)?;
        }
        eprintln!("{}: building", peer.name);
        let mut build = cargo();
        build.args(["build", "--profile", profile, "--message-format=json-render-diagnostics"]);
        build.args(["--package", &format!("program-{}", peer.name)]);
        build.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&target);
        let start = Instant::now();
        let messages = files::output(build.stderr(Stdio::inherit()))?;
        let seconds = start.elapsed().as_secs_f64();
        let artifacts = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
        let artifacts: Vec<Artifact> = artifacts.collect();
        let crates =
            artifacts.iter().map(|artifact| &artifact.package_id).collect::<BTreeSet<_>>().len();
        let path = artifacts.iter().rev().find_map(|artifact| artifact.executable.clone());
        let path = path.ok_or_else(|| Error::Output {
            command: files::text(&build),
            found: "no executable".into(),
            expected: "one",
        })?;
        let version = version(manifest, peer.version_of)?;
        Ok(Program { path, version, seconds: Some(seconds), crates: Some(crates) })
    }

    /// Builds the program of another peer, and has it write its artifacts.
    fn precompile(&self, name: &str) -> Result {
        let Some(peer) = Peer::named(name) else { return Ok(()) };
        let reuse = Self { quick: self.quick, reuse: !self.quick, scratch: self.scratch.clone() };
        let Built::Program(program) = reuse.build(peer)? else { return Ok(()) };
        let mut precompile = Command::new(&program.path);
        files::output(precompile.args(["precompile", "0"]).arg(self.artifacts())).map(|_| ())
    }
}

/// A message of cargo about a package that it compiled.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    /// Only messages about artifacts have it.
    #[serde(rename = "target")]
    _target: serde_json::Value,
    executable: Option<PathBuf>,
}

/// Runs `cargo wasmport import` of this repository on the program of a peer. It does nothing if the output is fresh.
fn import(peer: &Peer) -> Result {
    eprintln!("{}: importing", peer.name);
    let settings = files::peers().join("programs").join(peer.name).join("wasmport.toml");
    let mut import = cargo();
    import
        .args(["xtask", "import", "--quiet", "--config"])
        .arg(settings)
        .current_dir(files::root());
    files::output(import.stderr(Stdio::inherit())).map(|_| ())
}

/// Returns the version of a package in a workspace's lock file.
fn version(manifest: &Path, package: &str) -> Result<String> {
    let lock = manifest.with_file_name("Cargo.lock");
    let text = files::read_text(&lock)?;
    let name = format!("name = \"{package}\"");
    let mut lines = text.lines().skip_while(|line| *line != name).skip(1);
    let version =
        lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(Into::into).ok_or(Error::Unexpected { path: lock })
}

/// Returns cargo without what the cargo that runs this program tells it.
fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::PEERS;

    #[test]
    fn every_peer_has_its_files_and_a_version() {
        for peer in PEERS {
            let folder = files::peers().join("programs").join(peer.name);
            for (_, file, _) in peer.modules {
                assert!(folder.join(file).exists(), "{}: {file}", peer.name);
            }
            for file in peer.build_files {
                assert!(folder.join(file).exists(), "{}: {file}", peer.name);
            }
            if let Toolchain::Cargo { manifest, .. } = peer.toolchain {
                let version = version(&files::peers().join(manifest), peer.version_of).unwrap();
                assert!(version.split('.').count() == 3, "{version}");
            }
            if let Needs::Artifacts(name) = peer.needs {
                assert!(Peer::named(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_binary_module_is_the_text() {
        let modules = files::peers().join("modules");
        let text = files::read_text(&modules.join("small.wat")).unwrap();
        let (expected, path) = (wat::parse_str(text).unwrap(), modules.join("small.wasm"));
        if std::env::var_os("BLESS").is_some() {
            files::write(&path, &expected).unwrap();
        }
        assert!(std::fs::read(path).unwrap() == expected, "`BLESS=1` converts small.wat again");
    }
}
