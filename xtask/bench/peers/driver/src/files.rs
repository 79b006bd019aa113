//! Files and programs, with errors that name them.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, io};

/// Returns a function that adds action and path to an error.
fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::File { action, path: path.to_path_buf(), source }
}

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(4).unwrap_or(here).to_path_buf()
}

/// Returns the folder of the peers' workspace.
pub(crate) fn peers() -> PathBuf {
    root().join("xtask/bench/peers")
}

/// Returns the folder for everything that a run writes.
pub(crate) fn scratch() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    root().join(target).join("peers")
}

pub(crate) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(at("read", path))
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result {
    create_folder(path.parent().unwrap_or(path))?;
    fs::write(path, bytes).map_err(at("write", path))
}

pub(crate) fn create_folder(path: &Path) -> Result {
    fs::create_dir_all(path).map_err(at("create", path))
}

/// Removes a folder with its content, if it exists.
pub(crate) fn remove_folder(path: &Path) -> Result {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Copies a file with its permissions.
pub(crate) fn copy(from: &Path, to: &Path) -> Result {
    create_folder(to.parent().unwrap_or(to))?;
    // A program that runs cannot be overwritten.
    let _ = fs::remove_file(to);
    fs::copy(from, to).map_err(at("copy", from)).map(|_| ())
}

pub(crate) fn len(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).map_err(at("read the size of", path))?.len())
}

/// Runs a program to its end, and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| {
        let program = command.get_program().to_string_lossy().into_owned();
        Error::Start { program, source }
    })?;
    succeeded(command, &output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Fails with the end of its messages if a program failed.
fn succeeded(command: &Command, output: &Output) -> Result {
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let start = stderr.floor_char_boundary(stderr.len().saturating_sub(4_000));
    Err(Error::Command {
        command: text(command),
        status: output.status,
        stderr: stderr[start..].trim_end().into(),
    })
}

/// Returns a command as a shell shows it.
pub(crate) fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
