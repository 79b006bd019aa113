//! The packages that are built for another system: a copy of `generated` whose artifacts are for it, and the
//! tests of the importer.

use super::machine::{MACHINES, Machine};
use super::outcomes::{self, Outcomes};
use crate::imports::import;
use crate::scratch::{target_dir, write_lock};
use crate::{files, messages, root};
use cargo_metadata::Message;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use toml::{Table, Value};
use walkdir::WalkDir;
use wasmport::engine::Target;
use wasmport_build::Settings;

/// The programs that were built for a machine.
pub(super) struct Built {
    tests: PathBuf,
    /// The program that calls the exports of modules.
    pub calls: PathBuf,
}

/// Copies the package, imports its assets for the machine, and builds tests and program.
pub(super) fn build(machine: &Machine, folder: &Path) -> crate::Result<Built> {
    let fixtures = root().join("fixtures");
    let package = folder.join("generated");
    copy(&fixtures.join("generated"), &package)?;
    // Its tests include files of them.
    copy(&fixtures.join("interfaces"), &folder.join("interfaces"))?;
    copy_file(&root().join("xtask/calls/src/main.rs"), &package.join("src/bin/calls.rs"))?;
    files::write(&package.join("Cargo.toml"), manifest()?)?;
    write_lock(&package)?;
    let settings = Settings::from_file(&fixtures.join("wasmport.toml"))?;
    import(settings, &[machine.target()?, Target::PORTABLE], &package.join("src/assets"))?;
    let mut cargo = machine.cargo(&target_dir("elsewhere"));
    cargo.args(["test", "--no-run", "--features", "elsewhere"]).current_dir(&package);
    // Emulated code takes many times as long: the dependencies, with Wasmtime's interpreter, are optimized. The
    // wrappers are not, of which LLVM would take minutes.
    cargo.args(["--config", "profile.dev.package.\"*\".opt-level=1"]);
    let programs = executables(cargo.args(machine.build_args()))?;
    Ok(Built { tests: named(&programs, "it", true)?, calls: named(&programs, "calls", false)? })
}

impl Built {
    /// Runs the tests of wrappers and runtime on the machine.
    pub fn test(&self, machine: &Machine) -> crate::Result<Outcomes> {
        Ok(outcomes::read(&machine.output(&self.tests, &[])?))
    }
}

/// Runs the tests of wrappers and runtime here.
pub(super) fn wrapper_tests_here() -> crate::Result<Outcomes> {
    let mut cargo = crate::cargo();
    cargo.args(["test", "--package", "generated", "--test", "it", "--no-fail-fast"]);
    outcomes_here(cargo)
}

/// Builds the importer's tests for the machine, and runs those of files.
pub(super) fn importer_tests(machine: &Machine) -> crate::Result<Outcomes> {
    let mut cargo = machine.cargo(&target_dir("elsewhere"));
    cargo.args(["test", "--no-run", "--package", "wasmport-build", "--test", "it"]);
    let programs = executables(cargo.args(machine.build_args()).current_dir(root()))?;
    let filters: Vec<&OsStr> = machine.files.iter().map(OsStr::new).collect();
    Ok(outcomes::read(&machine.output(&named(&programs, "it", true)?, &filters)?))
}

/// Runs the importer's tests of files here.
pub(super) fn importer_tests_here() -> crate::Result<Outcomes> {
    let mut cargo = crate::cargo();
    cargo.args(["test", "--package", "wasmport-build", "--test", "it", "--no-fail-fast", "--"]);
    // Those of the other machines are among them.
    cargo.args(MACHINES.iter().flat_map(|machine| machine.files));
    outcomes_here(cargo)
}

fn outcomes_here(mut cargo: Command) -> crate::Result<Outcomes> {
    let output = cargo.current_dir(root()).stderr(Stdio::inherit()).output()?;
    Ok(outcomes::read(&String::from_utf8_lossy(&output.stdout)))
}

/// A program that cargo built. It builds a test harness of every program too, of the same name.
struct Executable {
    name: String,
    is_test: bool,
    path: PathBuf,
}

/// Runs cargo, and returns the programs that it built.
fn executables(cargo: &mut Command) -> crate::Result<Vec<Executable>> {
    let mut programs = Vec::new();
    cargo.arg("--message-format=json-render-diagnostics");
    let is_built = messages::read(cargo, |message| {
        if let Message::CompilerArtifact(artifact) = message
            && let Some(path) = artifact.executable
        {
            let (name, is_test) = (artifact.target.name, artifact.profile.test);
            programs.push(Executable { name, is_test, path: path.into() });
        }
        Ok(())
    })?;
    if is_built { Ok(programs) } else { Err("cargo failed".into()) }
}

fn named(programs: &[Executable], wanted: &str, is_test: bool) -> crate::Result<PathBuf> {
    let is_wanted = |found: &&Executable| found.name == wanted && found.is_test == is_test;
    let found = programs.iter().find(is_wanted);
    Ok(found.ok_or_else(|| format!("cargo built no program `{wanted}`"))?.path.clone())
}

/// Copies the sources of a package, without assets.
fn copy(from: &Path, to: &Path) -> crate::Result {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let below = entry.path().strip_prefix(from)?;
        if entry.file_type().is_file() && !below.starts_with("src/assets") {
            copy_file(entry.path(), &to.join(below))?;
        }
    }
    Ok(())
}

/// Copies a file if its content differs, so that cargo does not rebuild what depends on it.
fn copy_file(from: &Path, to: &Path) -> crate::Result {
    let bytes =
        std::fs::read(from).map_err(|e| format!("cannot read `{}`: {e}", from.display()))?;
    files::update(to, bytes)
}

/// Returns the manifest of `generated` outside of the workspace.
fn manifest() -> crate::Result<String> {
    let read =
        |path: &str| -> crate::Result<Table> { Ok(files::read(&root().join(path))?.parse()?) };
    let workspace = read("Cargo.toml")?;
    let of_workspace = workspace["workspace"]["dependencies"].as_table();
    let of_workspace = of_workspace.ok_or("the workspace has no dependencies")?;
    let mut manifest = read("fixtures/generated/Cargo.toml")?;
    for key in ["dependencies", "dev-dependencies"] {
        let Some(Value::Table(dependencies)) = manifest.get_mut(key) else { continue };
        for (name, dependency) in dependencies.iter_mut() {
            *dependency = inherit(dependency, of_workspace.get(name).ok_or("no such dependency")?);
        }
        if key == "dependencies" {
            dependencies.insert(
                "calls".into(),
                inherit(&Value::Table(Table::new()), &of_workspace["calls"]),
            );
        }
    }
    let mut package = Table::new();
    package.insert("name".into(), "generated".into());
    package.insert("edition".into(), workspace["workspace"]["package"]["edition"].clone());
    manifest.insert("package".into(), package.into());
    manifest.insert("workspace".into(), Table::new().into());
    Ok(toml::to_string(&manifest)?)
}

/// Returns a dependency of the workspace with the features that a member adds.
fn inherit(member: &Value, workspace: &Value) -> Value {
    let mut dependency = match workspace {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".into(), version.clone())]),
    };
    if let Some(Value::String(path)) = dependency.get_mut("path") {
        *path = root().join(&path).display().to_string();
    }
    if let Some(features) = member.get("features").and_then(Value::as_array) {
        let all = dependency.entry("features").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(all) = all {
            all.extend(features.iter().cloned());
        }
    }
    dependency.into()
}
