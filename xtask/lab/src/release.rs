//! A release: the version, the changelog, all checks, a commit and a tag. Nothing is published here.

mod changelog;
mod versions;

use crate::package::{self, packages};
use crate::processes::status;
use crate::{Result, bless, root};
use cargo_metadata::semver::Version;
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The version to release, such as 0.2.0
    version: Version,
    /// Change files, commit and tag: otherwise only check that the release can be made
    #[arg(long)]
    execute: bool,
}

/// Checks that a release can be made, and with `--execute` makes its commit and tag.
pub(crate) fn run(args: &Args) -> Result {
    let current = Version::parse(env!("CARGO_PKG_VERSION"))?;
    if args.version < current {
        return Err(
            format!("{} is older than {current}, the version of the crates", args.version).into()
        );
    }
    if tags()?.iter().any(|tag| *tag == tag_of(&args.version)) {
        return Err(
            format!("the tag {} exists: this version is released", tag_of(&args.version)).into()
        );
    }
    let changelog = changelog::released(&args.version)?;
    if !git(&["status", "--porcelain"])?.is_empty() {
        return Err("there are changes that are not committed: commit or stash them".into());
    }
    compare_api()?;
    if !args.execute {
        println!("{} can be released: repeat with `--execute`", args.version);
        return Ok(());
    }
    changelog.write()?;
    versions::set(&current, &args.version)?;
    cargo(&["update", "--workspace"])?;
    // The version stands in all generated files.
    bless::run()?;
    git(&["commit", "--all", "--message", &format!("Release {}", args.version)])?;
    package::run(&package::Args::default())?;
    git(&["tag", "--annotate", &tag_of(&args.version), "--message", &args.version.to_string()])?;
    println!("{} is committed and tagged. Next:", args.version);
    println!("  git push --follow-tags");
    println!("  cargo publish {}", packages().collect::<Vec<_>>().join(" "));
    println!("  cargo publish --manifest-path crates/cargo-wasmport/Cargo.toml");
    println!("  cargo xtask dist, on each machine, and attach the archives to the release");
    Ok(())
}

/// Compares the public API with that of the newest release, by cargo-semver-checks.
fn compare_api() -> Result {
    let Some(baseline) = tags()?.pop() else {
        println!("there is no release to compare the public API with");
        return Ok(());
    };
    let mut cargo = Command::new(crate::cargo());
    cargo.args(["semver-checks", "--baseline-rev", &baseline]).args(packages());
    status(
        cargo.current_dir(root()),
        "the public API has changed more than the version, or cargo-semver-checks is missing\n  \
         help: `cargo install --locked cargo-semver-checks`",
    )
}

fn tag_of(version: &Version) -> String {
    format!("v{version}")
}

/// Returns the tags of releases, the oldest first.
fn tags() -> Result<Vec<String>> {
    let tags = git(&["tag", "--list", "v*", "--sort", "version:refname"])?;
    Ok(tags.lines().map(str::to_owned).collect())
}

fn git(args: &[&str]) -> Result<String> {
    let output = Command::new("git").args(args).current_dir(root()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
}

fn cargo(args: &[&str]) -> Result {
    let mut cargo = Command::new(crate::cargo());
    status(cargo.args(args).current_dir(root()), &format!("cargo {} failed", args.join(" ")))
}
