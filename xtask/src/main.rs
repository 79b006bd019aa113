//! Tasks of this repository: checks its architecture and starts its other tools.

mod bench;
mod book;
mod tidy;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Result of a task; the message of an error is printed as it is.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
Usage: cargo xtask COMMAND [ARGUMENTS]; `COMMAND --help` describes the arguments

  tidy [--edges]  Check the invariants of the architecture; print the edges between folders
  bench [PREFIX]  Measure speed and size against plain Wasmtime
  book [OUT]      Check the links of the documentation, and build the book with mdBook
  bench peers     Compare speed and size with other engines and ways to use them
  bless           Regenerate all committed wrappers and expected outputs
  conformance     Run the specification's test suite through generated wrappers
  wasi-suite      Run the public tests of WASI on the disk and on virtual files
  smith           Import random valid modules and use every export of their wrappers
  corpus          Import every wasm file below a folder and compare with expected verdicts
  worlds          Make components of the worlds in WIT files, for `corpus`
  cases           Try the cases below a folder, each with an expected result
  backends        Import the fixtures for many targets and run them on every local back end
  determinism     Compare programs whose results may differ between machines
  faults          Run the tests of `docs/faults.md` and print which rows hold
  fuzz            Run fuzz targets on mutations of their seeds
  remote          Share a cache over real servers that are started here: Redis, nginx and Ceph
  scale           Measure how caches and imports grow with the number of assets
  fleet           Let six workers share the import of the fixtures over one store, in spite of faults
  shipped         Build programs as they are shipped, and audit the artifacts in them
  registry        Push, pull, add and update over a real registry that is started here
  split           Split an import among the jobs of Buildbot and Slurm, which are started here; check all recipes
  ci-templates    Run the templates for CI systems in `ci`, and the hook for pre-commit, in projects of their own
  majors          Put artifacts of two major versions of Wasmtime into one bundle, and load it
  entry-points    Run the commands of the book that lead from nothing to a running program
  package         Pack the published crates, and build and test them from the packed files alone
  dist            Build the program of a release with all optimizations, and pack it
  release         Check that a release can be made; with `--execute`, commit and tag it
  browser         Open pages of the inspector in Chromium: scripts, keyboard, screen readers, print
  unsafe          List every `unsafe` of the crates with its reason
  elsewhere       Run the fixtures on Windows, aarch64 and s390x in emulators, and type-check for macOS

The commands of `cargo wasmport`, such as `import` and `check`, work on the project `fixtures`.
";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let result = match command.to_str() {
        Some("" | "help" | "-h" | "--help") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some("tidy") => tidy::run(&rest).map(|()| ExitCode::SUCCESS),
        Some("bench") => bench::run(&rest),
        Some("book") => book::run(&rest).map(|()| ExitCode::SUCCESS),
        Some("browser") => browser(&rest),
        _ => lab(&command, &rest),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Runs a command of `lab`, which contains the importer: this program builds in a moment without it.
fn lab(command: &OsString, args: &[OsString]) -> Result<ExitCode> {
    let (mut cargo, manifest) = (cargo(), root().join("Cargo.toml"));
    cargo.args(["run", "--quiet", "--package", "lab", "--manifest-path"]).arg(manifest);
    if ["backends", "elsewhere", "fleet"].iter().any(|all| command == all) {
        cargo.args(["--features", "all-targets"]);
    }
    exit_code(cargo.arg("--").arg(command).args(args))
}

/// Opens pages in a browser. The package is a workspace of its own, whose features change no other build.
fn browser(args: &[OsString]) -> Result<ExitCode> {
    let (mut cargo, manifest) = (cargo(), root().join("xtask/browser/Cargo.toml"));
    cargo
        .args(["run", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--")
        .args(args);
    exit_code(&mut cargo)
}

/// Runs a command to its end and passes its exit code on.
fn exit_code(command: &mut Command) -> Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Returns the cargo that runs this task.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` sets these for this program. Build scripts that ask for them, such as that of ring, would run again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        }) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Returns the root of the repository. cargo tells the folder to the running program: clones that share a
/// target folder also share the program.
fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let xtask = xtask.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    xtask.parent().unwrap_or(&xtask).to_path_buf()
}
