//! The laboratory: tools that test the importer and the runtime as wholes, and the importer's own
//! commands. `cargo xtask` runs it.

mod backends;
mod bless;
mod cases;
mod ci_templates;
mod conformance;
mod corpus;
mod determinism;
mod dist;
mod elsewhere;
mod entry_points;
mod faults;
mod files;
mod fleet;
mod fuzz;
mod imported;
mod imports;
mod libtest;
mod majors;
mod messages;
mod package;
mod processes;
mod reference;
mod registry;
mod release;
mod remote;
mod scale;
mod scratch;
mod shipped;
mod smith;
mod split;
mod unsafe_code;
mod wasi_suite;
mod worlds;
mod wrappers;
mod yaml;

use clap::Parser;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Result of a command; the message of an error is printed as it is.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Lab {
    #[command(flatten)]
    Wasmport(wasmport_cli::Command),
    /// Regenerate all committed wrappers and expected outputs
    Bless,
    /// Try the cases below a folder, each with an expected result
    Cases(cases::Args),
    /// Make components of the worlds in WIT files below a folder, for `corpus`
    Worlds(worlds::Args),
    /// Import every wasm file below a folder and compare with expected verdicts
    Corpus(corpus::Args),
    /// Run the specification's test suite through generated wrappers
    Conformance(conformance::Args),
    /// Run the public tests of WASI on the disk and on virtual files
    WasiSuite(wasi_suite::Args),
    /// Import the fixtures for many targets and run the same calls on every local back end
    Backends(backends::Args),
    /// Run programs whose results may differ between machines, natively and interpreted
    Determinism(determinism::Args),
    /// Import random valid modules and use every export of their wrappers
    Smith(smith::Args),
    /// Run the tests of `docs/faults.md` and print which rows hold
    Faults(faults::Args),
    /// Run fuzz targets on mutations of their seeds, without end unless bounded
    Fuzz(fuzz::Args),
    /// Share a cache over real servers that are started here: Redis, nginx and Ceph
    Remote(remote::Args),
    /// Measure how caches and imports grow with the number of assets
    Scale(scale::Args),
    /// Let six workers share the import of the fixtures over one store, in spite of faults
    Fleet(fleet::Args),
    /// Build programs as they are shipped, and audit the artifacts in them
    Shipped,
    /// Push, pull, add and update over a real registry that is started here: Debian's docker-registry
    Registry,
    /// Split an import among the jobs of engines that are started here, Buildbot and Slurm, and check all recipes
    Split(split::Args),
    /// Run the templates for CI systems in `ci`, and the hook for pre-commit, in projects of their own
    CiTemplates(ci_templates::Args),
    /// Put artifacts of two major versions of Wasmtime into one bundle, and load it
    Majors(majors::Args),
    /// Run the commands of the book that lead from nothing to a running program
    EntryPoints(entry_points::Args),
    /// Pack the published crates, and build and test them from the packed files alone
    Package(package::Args),
    /// Build the program of a release with all optimizations, in the archive that `cargo binstall` fetches
    Dist(dist::Args),
    /// Check that a release can be made; with `--execute`, commit and tag it
    Release(release::Args),
    /// List every `unsafe` of the crates with its reason
    Unsafe,
    /// Run the fixtures on other systems in emulators, from artifacts that are cross-compiled here
    Elsewhere(elsewhere::Args),
}

fn main() -> ExitCode {
    let result = match Lab::parse() {
        Lab::Wasmport(command) => {
            return wasmport_cli::run(&command, Some(&root().join("fixtures/wasmport.toml")));
        }
        Lab::Bless => bless::run(),
        Lab::Cases(args) => cases::run(&args),
        Lab::Worlds(args) => worlds::run(&args),
        Lab::Corpus(args) => corpus::run(&args),
        Lab::Conformance(args) => conformance::run(&args),
        Lab::WasiSuite(args) => wasi_suite::run(&args),
        Lab::Backends(args) => backends::run(&args),
        Lab::Determinism(args) => determinism::run(&args),
        Lab::Smith(args) => smith::run(&args),
        Lab::Faults(args) => faults::run(&args),
        Lab::Fuzz(args) => fuzz::run(&args),
        Lab::Remote(args) => remote::run(&args),
        Lab::Scale(args) => scale::run(&args),
        Lab::Fleet(args) => fleet::run(&args),
        Lab::Shipped => shipped::run(),
        Lab::Registry => registry::run(),
        Lab::Split(args) => split::run(&args),
        Lab::CiTemplates(args) => ci_templates::run(&args),
        Lab::Majors(args) => majors::run(&args),
        Lab::EntryPoints(args) => entry_points::run(&args),
        Lab::Package(args) => package::run(&args),
        Lab::Dist(args) => dist::run(&args),
        Lab::Release(args) => release::run(&args),
        Lab::Unsafe => unsafe_code::run(),
        Lab::Elsewhere(args) => elsewhere::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the cargo that runs this program.
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

/// Returns the root of the repository, as cargo tells it to the running program: clones that share a target
/// folder also share the program.
fn root() -> PathBuf {
    let lab = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let lab = lab.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    lab.ancestors().nth(2).unwrap_or(&lab).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::Lab;
    use clap::{CommandFactory as _, Subcommand as _};

    #[test]
    fn the_help_of_xtask_lists_every_command_of_the_laboratory() {
        let importer = wasmport_cli::Command::augment_subcommands(clap::Command::new("importer"));
        let xtask = include_str!("../../src/main.rs");
        for command in Lab::command().get_subcommands() {
            let name = command.get_name();
            let is_importer = importer.find_subcommand(name).is_some();
            assert!(is_importer || xtask.contains(&format!("\n  {name} ")), "{name}");
        }
    }
}
