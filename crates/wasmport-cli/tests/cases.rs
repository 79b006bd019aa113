//! Runs the cases in `fixtures/cases`; its `wrappers/readme.wat` says how they work.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where anything is not as it should be"
)]

use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cases");
    let mut trials = Vec::new();
    for kind in ["wrappers", "errors", "inspect"] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(cases.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "wat")) {
            let name = format!("{kind}/{}", file.file_stem().unwrap().display());
            trials.push(Trial::test(name, move || run(&file).map_err(Failed::from)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run(case: &Path) -> Result<(), String> {
    let text = fs::read_to_string(case).unwrap();
    let args = text.lines().next().and_then(|line| line.strip_prefix(";; RUN: "));
    let args = args.ok_or("the first line is not `;; RUN: …`")?;
    let name = case.file_name().unwrap().to_str().unwrap();

    let project = tempfile::tempdir().unwrap();
    let asset = project.path().join("assets").join(name);
    fs::create_dir(project.path().join("assets")).unwrap();
    fs::copy(case, &asset).unwrap();
    fs::write(project.path().join("wasmport.toml"), format!("targets = []\n{}", choices(name)))
        .unwrap();

    let asset = format!("assets/{name}");
    let args = args.split_whitespace().map(|arg| if arg == "%" { asset.as_str() } else { arg });
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-wasmport"))
        .env("WASMPORT_CACHE_DIR", ".wasmport-cache")
        .env("WASMPORT_CACHE_KEY", "7".repeat(64))
        .args(args)
        .current_dir(project.path())
        .output()
        .unwrap();
    let printed = format!(
        "exit code {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().unwrap(),
        normal(&output.stdout),
        normal(&output.stderr)
    );
    compare(&case.with_extension("out"), &printed)?;
    if case.parent().unwrap().ends_with("wrappers") {
        compare_wrapper(project.path(), case)?;
    }
    Ok(())
}

/// Output without what differs from run to run: times, and the width of the columns they stand in.
fn normal(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let lines = text.lines().map(|line| match line.rsplit_once(" in ") {
        Some((start, time)) if time.ends_with(" s") => format!("{start} in TIME\n"),
        _ => table_row(line).unwrap_or_else(|| line.into()) + "\n",
    });
    lines.collect()
}

fn table_row(line: &str) -> Option<String> {
    let row = line.strip_prefix(&" ".repeat(10))?;
    let words: Vec<&str> = row.split_whitespace().collect();
    match words.as_slice() {
        [rest @ .., _, "ms" | "s"] => Some(format!("    {} TIME", rest.join(" "))),
        [.., "before", "after", "time"] => Some(format!("    {}", words.join(" "))),
        _ => None,
    }
}

fn compare(expected: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("BLESS").is_some() {
        fs::write(expected, actual).unwrap();
        return Ok(());
    }
    let wanted = fs::read_to_string(expected).unwrap_or_default();
    if wanted == actual {
        return Ok(());
    }
    Err(format!(
        "{} differs; now it is\n{actual}\nIf that is right: cargo xtask bless",
        expected.display()
    ))
}

/// The wrapper is the one that rustc compiles in the crate of golden wrappers.
fn compare_wrapper(project: &Path, case: &Path) -> Result<(), String> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/generated/src/cases");
    let stem = case.file_stem().unwrap().to_str().unwrap().replace('-', "_");
    let wrapper =
        |folder: &Path| fs::read_to_string(folder.join(format!("{stem}.rs"))).unwrap_or_default();
    let made = wrapper(&project.join("src/assets"));
    if std::env::var_os("BLESS").is_some() || (!made.is_empty() && made == wrapper(&golden)) {
        return Ok(());
    }
    Err(format!("the wrapper differs from {}/{stem}.rs: see `cargo xtask bless`", golden.display()))
}

/// What the cases' own settings choose for this one.
fn choices(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cases/wasmport.toml");
    let text = fs::read_to_string(path).unwrap();
    let is_for = |choices: &&str| choices.contains(&format!("match = \"{name}\""));
    let own = text.split("[[asset]]").skip(1).filter(is_for);
    own.map(|choices| format!("[[asset]]{choices}")).collect()
}
