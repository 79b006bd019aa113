//! A release: the version, the changelog, all checks, a commit and a tag. Nothing is published here.

mod changelog;
mod versions;

use crate::package::packages;
use crate::processes::{complete, status};
use crate::scratch::target_dir;
use crate::{Result, root};
use cargo_metadata::semver::Version;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The version to release, such as 0.2.0
    version: Version,
    /// Commit and tag: otherwise only check that the release can be made
    #[arg(long)]
    execute: bool,
}

/// Checks that a release can be made, and with `--execute` makes its commit and tag.
pub(crate) fn run(args: &Args) -> Result {
    let (version, current) = (&args.version, Version::parse(env!("CARGO_PKG_VERSION"))?);
    if *version < current {
        return Err(format!("{version} is older than {current}, the version of the crates").into());
    }
    let released = released()?;
    if released.contains(version) {
        return Err(format!("the tag v{version} exists: this version is released").into());
    }
    let changelog = changelog::released(version)?;
    if !git(&["status", "--porcelain"])?.is_empty() {
        return Err("there are changes that are not committed: commit or stash them".into());
    }
    match released.iter().rfind(|earlier| *earlier < version && earlier.pre.is_empty()) {
        Some(baseline) => compare_api(baseline, version)?,
        None => println!("there is no release to compare the public API with"),
    }
    if !args.execute {
        println!("{version} can be released: repeat with `--execute`");
        return Ok(());
    }
    let copy = WorkingCopy::new()?;
    changelog.write(&copy.folder)?;
    versions::set(&copy.folder, &current, version)?;
    cargo(&copy.folder, &["update", "--workspace"])?;
    // The version stands in all generated files: they are those of an importer that has it.
    cargo(&copy.folder, &["xtask", "bless"])?;
    let commit = ["commit", "--all", "--message", &format!("Release {version}")];
    let _ = complete(Command::new("git").args(commit).current_dir(&copy.folder))?;
    cargo(&copy.folder, &["xtask", "package"])?;
    // Nothing has changed until here.
    let commit =
        complete(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&copy.folder))?;
    let _ = git(&["merge", "--ff-only", commit.trim()])?;
    let _ = git(&["tag", "--annotate", &format!("v{version}"), "--message", &version.to_string()])?;
    println!("{version} is committed and tagged. Next:");
    println!("  git push --follow-tags");
    println!("  cargo publish {}", packages().collect::<Vec<_>>().join(" "));
    // It writes the lock file that `cargo publish` packs.
    println!("  cargo xtask dist, on each machine; attach the archives to the release");
    println!("  cargo publish --manifest-path crates/cargo-wasmport/Cargo.toml");
    Ok(())
}

/// A second working copy of the repository, which is removed again: a release that fails changes nothing.
struct WorkingCopy {
    folder: PathBuf,
}

impl WorkingCopy {
    fn new() -> Result<Self> {
        let folder = target_dir("release").join("copy");
        let copy = Self { folder };
        copy.remove();
        let path = copy.folder.to_str().ok_or("the target folder has a name that is not UTF-8")?;
        let _ = git(&["worktree", "add", "--detach", path])?;
        Ok(copy)
    }

    fn remove(&self) {
        let mut remove = Command::new("git");
        remove.args(["worktree", "remove", "--force"]).arg(&self.folder).current_dir(root());
        // There may be none.
        let _ = remove.output();
    }
}

impl Drop for WorkingCopy {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Compares the public API with that of an earlier release, by cargo-semver-checks.
fn compare_api(baseline: &Version, version: &Version) -> Result {
    let Some(kind) = kind(baseline, version) else {
        println!("{version} may break the public API of {baseline}: it is not compared");
        return Ok(());
    };
    let mut cargo = crate::cargo();
    cargo.args([
        "semver-checks",
        "--baseline-rev",
        &format!("v{baseline}"),
        "--release-type",
        kind,
    ]);
    status(
        cargo.args(packages()).current_dir(root()),
        "the public API has changed more than the version, or cargo-semver-checks is missing\n  \
         help: `cargo install --locked cargo-semver-checks`",
    )
}

/// Returns what the release may add, in the words of cargo-semver-checks; none if it may break the API.
fn kind(baseline: &Version, version: &Version) -> Option<&'static str> {
    let is_first = |v: &Version| v.major == 0;
    if baseline.major != version.major {
        None
    } else if baseline.minor != version.minor {
        (!is_first(version)).then_some("minor")
    } else if is_first(version) {
        // Cargo takes versions with the same minor one for compatible: they may have more, and not less.
        Some("minor")
    } else {
        Some("patch")
    }
}

/// Returns the released versions, the oldest first.
fn released() -> Result<Vec<Version>> {
    let tags = git(&["tag", "--list", "v*"])?;
    let versions = tags.lines().filter_map(|tag| Version::parse(tag.strip_prefix('v')?).ok());
    let mut versions: Vec<Version> = versions.collect();
    versions.sort();
    Ok(versions)
}

fn git(args: &[&str]) -> Result<String> {
    complete(Command::new("git").args(args).current_dir(root()))
}

/// Runs cargo in a working copy, whose tasks find their own folder.
fn cargo(folder: &Path, args: &[&str]) -> Result {
    let mut cargo = crate::cargo();
    cargo.args(args).current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
    cargo.env("CARGO_TARGET_DIR", target_dir("release").join("target"));
    status(&mut cargo, &format!("cargo {} failed: nothing was changed", args.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_what_may_change() {
        let kind = |old: &str, new: &str| {
            kind(&Version::parse(old).unwrap(), &Version::parse(new).unwrap())
        };
        assert_eq!(kind("0.1.0", "0.2.0"), None);
        assert_eq!(kind("0.1.0", "0.1.1"), Some("minor"));
        assert_eq!(kind("1.0.0", "1.0.1"), Some("patch"));
        assert_eq!(kind("1.0.0", "1.1.0"), Some("minor"));
        assert_eq!(kind("0.9.0", "1.0.0"), None);
    }
}
