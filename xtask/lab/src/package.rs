//! The crates as they are published: packed, and then built and tested from the packed files alone.

use crate::processes::status;
use crate::scratch::{target_dir, write_lock};
use crate::{Result, files, root};
use std::path::Path;
use std::process::Command;

/// The published crates that are members of the workspace.
pub(crate) const CRATES: [&str; 3] = ["wasmport", "wasmport-build", "wasmport-cli"];

/// The installed program, which is a workspace of its own.
const INSTALLED: &str = "cargo-wasmport";

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
    let target = target_dir("packages");
    // Archives of another version would be tested in place of these.
    let _ = std::fs::remove_dir_all(target.join("package"));
    let mut cargo = crate::cargo();
    cargo.arg("package").args(packages()).args(args.dirty()).arg("--target-dir").arg(&target);
    let error = "the crates cannot be packed, or do not build from the packed files";
    status(cargo.current_dir(root()), error)?;
    // It cannot be verified alone: its dependencies are not published yet.
    let mut cargo = crate::cargo();
    cargo.args(["package", "--no-verify", "--exclude-lockfile"]).args(args.dirty());
    cargo.arg("--target-dir").arg(&target).current_dir(root().join("crates").join(INSTALLED));
    status(&mut cargo, "the installed program cannot be packed")?;
    if args.no_test { Ok(()) } else { test(&target) }
}

impl Args {
    fn dirty(&self) -> Option<&'static str> {
        self.allow_dirty.then_some("--allow-dirty")
    }
}

/// Returns the arguments that select the published crates.
pub(crate) fn packages() -> impl Iterator<Item = &'static str> {
    CRATES.into_iter().flat_map(|name| ["--package", name])
}

/// Runs the tests of the unpacked crates in workspaces that contain nothing else.
fn test(target: &Path) -> Result {
    let crates = target.join("alone");
    let mut patch = String::from("\n[patch.crates-io]\n");
    for name in CRATES {
        unpack(target, name, &crates)?;
        patch += &format!("{name} = {{ path = {:?} }}\n", crates.join(name));
    }
    write_workspace(&crates, &CRATES, &patch)?;
    let mut cargo = crate::cargo();
    cargo.args(["test", "--workspace", "--features", FEATURES]).current_dir(&crates);
    cargo.arg("--target-dir").arg(target.join("alone-target"));
    status(&mut cargo, "tests fail that have only the packed files")?;
    let installed = target.join("installed");
    unpack(target, INSTALLED, &installed)?;
    write_workspace(&installed, &[INSTALLED], &patch)?;
    let mut cargo = crate::cargo();
    cargo.arg("check").arg("--target-dir").arg(target.join("alone-target"));
    status(cargo.current_dir(&installed), "the installed program does not compile")?;
    println!(
        "packages: {} crates build and pass their tests from the packed files",
        CRATES.len() + 1
    );
    Ok(())
}

/// Unpacks a package into a folder of its name.
fn unpack(target: &Path, name: &str, folder: &Path) -> Result {
    let to = folder.join(name);
    if to.exists() {
        std::fs::remove_dir_all(&to)?;
    }
    let archive = format!("{name}-{}.crate", env!("CARGO_PKG_VERSION"));
    std::fs::create_dir_all(&to)?;
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(target.join("package").join(&archive)).arg("--strip-components=1");
    status(tar.arg("-C").arg(&to), "a package cannot be unpacked")
}

/// Writes a workspace of these packages, with the profile of this one: without it Wasmtime's compiler is slow.
fn write_workspace(folder: &Path, members: &[&str], patch: &str) -> Result {
    let own = files::read(&root().join("Cargo.toml"))?;
    let profiles = own.find("[profile.dev]").zip(own.find("# The measurements import assets"));
    let (start, end) = profiles.ok_or("`Cargo.toml` has other profiles than expected")?;
    let manifest = format!("[workspace]\nresolver = \"1\"\nmembers = {members:?}\n{patch}\n");
    files::write(&folder.join("Cargo.toml"), manifest + &own[start..end])?;
    write_lock(folder)
}
