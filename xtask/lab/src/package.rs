//! The crates as they are published: packed, and then built and tested from the packed files alone.

use crate::scratch::{target_dir, write_lock};
use crate::{Result, files, root};
use std::path::Path;
use std::process::Command;

/// The published crates that are members of the workspace. `cargo-wasmport` is a workspace of its own.
pub(crate) const CRATES: [&str; 3] = ["wasmport", "wasmport-build", "wasmport-cli"];

/// Features of the importer that are off by default, and have tests.
const FEATURES: &str = "wasmport-build/audit,wasmport-build/preinit,wasmport-build/schema";

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Pack files that are not committed too
    #[arg(long)]
    allow_dirty: bool,
    /// Pack and build, without the tests
    #[arg(long)]
    no_test: bool,
}

pub(crate) fn run(args: &Args) -> Result {
    let mut cargo = Command::new(crate::cargo());
    cargo.arg("package").args(packages()).current_dir(root());
    let target = target_dir("packages");
    cargo.arg("--target-dir").arg(&target);
    if args.allow_dirty {
        cargo.arg("--allow-dirty");
    }
    status(&mut cargo, "the crates cannot be packed, or do not build from the packed files")?;
    if args.no_test {
        return Ok(());
    }
    test(&target)
}

/// Returns the arguments that select the published crates.
pub(crate) fn packages() -> impl Iterator<Item = &'static str> {
    CRATES.into_iter().flat_map(|name| ["--package", name])
}

/// Runs the tests of the unpacked crates, in a workspace that contains nothing else.
fn test(target: &Path) -> Result {
    let folder = target.join("alone");
    let version = env!("CARGO_PKG_VERSION");
    let mut manifest =
        format!("[workspace]\nresolver = \"1\"\nmembers = {CRATES:?}\n\n[patch.crates-io]\n");
    for name in CRATES {
        let packed = target.join("package").join(format!("{name}-{version}"));
        let unpacked = folder.join(name);
        if unpacked.exists() {
            std::fs::remove_dir_all(&unpacked)?;
        }
        files::copy(&packed, &unpacked)?;
        manifest += &format!("{name} = {{ path = {name:?} }}\n");
    }
    // The workspace's profile: without it Wasmtime's compiler is slow.
    let workspace = files::read(&root().join("Cargo.toml"))?;
    let profiles = workspace.find("[profile.dev]").zip(workspace.find("[profile.release"));
    let (start, end) = profiles.ok_or("`Cargo.toml` has no profiles")?;
    files::write(&folder.join("Cargo.toml"), manifest + "\n" + &workspace[start..end])?;
    write_lock(&folder)?;
    let mut cargo = Command::new(crate::cargo());
    cargo.args(["test", "--workspace", "--features", FEATURES]).current_dir(&folder);
    cargo.arg("--target-dir").arg(target.join("alone-target"));
    status(&mut cargo, "tests fail that have only the packed files")?;
    println!("packages: {} crates build and pass their tests from the packed files", CRATES.len());
    Ok(())
}

fn status(command: &mut Command, error: &str) -> Result {
    if command.status()?.success() { Ok(()) } else { Err(error.into()) }
}
