//! Toolchain: cargo and rustc, and their standard libraries for the targets of the project.

use super::finding::{Check, Finding, Level};
use crate::settings::Settings;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasmport::engine::Target;

const CHECK: Check = Check("toolchain");

/// The oldest version of Rust that compiles wrappers and the runtime.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn check(settings: Option<&Settings>, folder: &Path) -> Vec<Finding> {
    let programs = [("cargo", program("CARGO", "cargo")), ("rustc", program("RUSTC", "rustc"))];
    let mut findings: Vec<Finding> =
        programs.iter().map(|(name, path)| version(name, path, folder)).collect();
    let [_, (_, rustc)] = &programs;
    if let (Some(settings), Some(root)) = (settings, sysroot(rustc, folder)) {
        findings.extend(standard_libraries(settings, &root));
    }
    findings
}

/// Returns the program that a variable of cargo names.
fn program(variable: &str, name: &str) -> OsString {
    std::env::var_os(variable).filter(|path| !path.is_empty()).unwrap_or_else(|| name.into())
}

fn version(name: &str, program: &OsString, folder: &Path) -> Finding {
    let Some(printed) = output(program, &["--version"], folder) else {
        let cause = format!("`{} --version` fails", program.display());
        return CHECK.find(
            Level::Error,
            name,
            cause,
            "install Rust with rustup, and put it on `PATH`",
        );
    };
    // Such as `rustc 1.95.0 (59807616e 2026-04-14)`.
    let version = printed.split_whitespace().nth(1).unwrap_or_default();
    if numbers(version) < numbers(OLDEST) {
        let cause = format!("version {version} is older than {OLDEST}, which wasmport needs");
        return CHECK.find(Level::Error, name, cause, "rustup update stable");
    }
    CHECK.ok(name, format!("version {version}, at least {OLDEST} is needed"))
}

fn numbers(version: &str) -> Vec<u64> {
    let release = version.split('-').next().unwrap_or_default();
    release.split('.').map_while(|number| number.parse().ok()).collect()
}

fn sysroot(rustc: &OsString, folder: &Path) -> Option<PathBuf> {
    output(rustc, &["--print", "sysroot"], folder).map(|path| path.trim().into())
}

/// Runs a program that prints a line. Its errors are of no interest.
fn output(program: &OsString, args: &[&str], folder: &Path) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let output = Command::new(program).args(args).current_dir(folder).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Looks for the standard library of each triple that programs are compiled for besides this machine's.
fn standard_libraries(settings: &Settings, root: &Path) -> Vec<Finding> {
    let host = Target::host();
    let others = settings.targets.iter().flatten().filter(|target| !target.has_triple_of(&host));
    let triples: BTreeSet<String> =
        others.filter_map(|target| target.triple().map(ToString::to_string)).collect();
    let libraries = triples.into_iter().map(|triple| {
        if root.join("lib/rustlib").join(&triple).join("lib").is_dir() {
            return CHECK.ok(&triple, "the standard library is installed");
        }
        let cause = "its standard library is not installed here, so that cargo cannot build the program for it";
        CHECK.find(Level::Note, &triple, cause, format!("rustup target add {triple}"))
    });
    libraries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_numbers() {
        assert!(numbers("1.100.0-nightly") > numbers("1.95"));
        assert!(numbers("1.95.0") >= numbers("1.95"));
        assert!(numbers("1.94.9") < numbers("1.95"));
        assert!(numbers("what") < numbers(OLDEST));
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let finding = version("rustc", &"no-such-rustc".into(), Path::new(""));
        assert_eq!((finding.level, finding.subject.as_str()), (Level::Error, "rustc"));
    }
}
