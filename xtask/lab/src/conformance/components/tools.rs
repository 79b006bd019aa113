//! Installs toolchains of components below the target folder, by their own package managers.

use crate::{files, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages from npm, with exact versions.
const NPM: &[&str] = &["@bytecodealliance/componentize-js@0.23.0", "componentize-qjs@0.4.5"];

/// Packages from PyPI, with exact versions.
const PYPI: &[&str] = &["componentize-py==0.25.1"];

/// Returns all packages as text.
pub(super) fn versions() -> String {
    [NPM, PYPI].concat().join(" ")
}

/// Runs a command to its end; only an error contains its output.
pub(super) fn run(command: &mut Command) -> crate::Result {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("cannot run `{name}`: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!("`{name}` failed: {}\n{}", output.status, String::from_utf8_lossy(&text)).into())
}

/// Returns the folder with the programs of the npm packages.
pub(super) fn npm() -> crate::Result<PathBuf> {
    installed("npm", &NPM.join(" "), "node_modules/.bin", |folder| {
        let npm = &mut Command::new("npm");
        run(npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder).args(NPM))
    })
}

/// Returns the folder with the programs of the Python packages.
pub(super) fn python() -> crate::Result<PathBuf> {
    installed("python", &PYPI.join(" "), "bin", |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let pip = &mut Command::new(folder.join("bin/pip"));
        run(pip.args(["install", "--disable-pip-version-check"]).args(PYPI))
    })
}

/// Returns the folder `programs` of an installation; installs if the packages differ.
fn installed(
    name: &str,
    packages: &str,
    programs: &str,
    install: impl FnOnce(&Path) -> crate::Result,
) -> crate::Result<PathBuf> {
    let folder = scratch::target_dir("conformance/tools").join(name);
    let mark = folder.join("packages");
    if !std::fs::read_to_string(&mark).is_ok_and(|there| there == packages) {
        println!("installing {packages}");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        install(&folder)?;
        files::write(&mark, packages)?;
    }
    Ok(folder.join(programs))
}
