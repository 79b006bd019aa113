//! The program of a release: optimized as a whole, by a profile of imports if wanted, in the archive that
//! `cargo binstall` fetches.

use crate::processes::{complete, status};
use crate::scratch::{target_dir, write_lock};
use crate::{Result, files, root};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package.
const PACKAGE: &str = "cargo-wasmport";

/// Its programs: `cargo binstall` takes an archive only if it has all of them.
const PROGRAMS: [&str; 2] = ["cargo-wasmport", "wasmport-worker"];

/// The files of an archive besides the programs.
const TEXTS: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The machine that runs the program [default: this one]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Import the fixtures with a program that counts, and optimize by what it counted
    ///
    /// Needs an `llvm-profdata` of rustc's LLVM: that in LLVM_PROFDATA, of rustup's component `llvm-tools`, or in PATH.
    #[arg(long, conflicts_with = "target")]
    pgo: bool,
    /// Also import the modules below this folder while it counts
    #[arg(long, value_name = "DIR", requires = "pgo")]
    train: Vec<PathBuf>,
}

/// Builds the program, and packs it.
pub(crate) fn run(args: &Args) -> Result {
    let host = host()?;
    let target = args.target.as_ref().unwrap_or(&host);
    let flags = if args.pgo { vec![profile(target, &args.train)?] } else { Vec::new() };
    let folder = build(target, "dist", &flags, &PROGRAMS)?;
    let archive = pack(&folder, target)?;
    println!("dist: {} ({} bytes)", archive.display(), std::fs::metadata(&archive)?.len());
    Ok(())
}

/// Builds programs with these flags for rustc, in a target folder of this name, and returns their folder.
fn build(target: &str, folder: &str, flags: &[String], programs: &[&str]) -> Result<PathBuf> {
    let package = root().join("crates").join(PACKAGE);
    write_lock(&package)?;
    let folder = target_dir(folder);
    let mut cargo = crate::cargo();
    // With a target, the flags are not those of build scripts and macros.
    cargo.args(["build", "--profile", "dist", "--target", target, "--target-dir"]).arg(&folder);
    cargo.current_dir(package).args(programs.iter().flat_map(|program| ["--bin", program]));
    if !flags.is_empty() {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    }
    status(&mut cargo, "the program does not build")?;
    Ok(folder.join(target).join("dist"))
}

/// Imports with a program that counts, and returns the flag for a build that is optimized by the counts.
fn profile(target: &str, folders: &[PathBuf]) -> Result<String> {
    let profdata = profdata()?;
    let counts = tempfile::tempdir()?;
    let counting = [format!("-Cprofile-generate={}", counts.path().display())];
    let command = &PROGRAMS[..1];
    let program = build(target, "dist-counting", &counting, command)?.join(PROGRAMS[0]);
    let own = [root().join("fixtures/assets"), root().join("fixtures/projects/sandboxed-c/assets")];
    for folder in own.iter().chain(folders) {
        train(&program, folder)?;
    }
    let merged = target_dir("dist").join("wasmport.profdata");
    std::fs::create_dir_all(target_dir("dist"))?;
    let mut merge = Command::new(profdata);
    merge.arg("merge").arg("--output").arg(&merged).arg(counts.path());
    status(
        &mut merge,
        "the counts cannot be merged: `llvm-profdata` has to be that of rustc's LLVM",
    )?;
    Ok(format!("-Cprofile-use={}", merged.display()))
}

/// Imports the modules of a folder, for this machine and for all others, with nothing in the cache.
fn train(program: &Path, folder: &Path) -> Result {
    let project = tempfile::tempdir()?;
    let settings = "targets = [\"native\", \"portable\", \"aarch64-unknown-linux-gnu\"]\n\
                    [defaults]\nunsupported = \"skip\"\n";
    files::write(&project.path().join("wasmport.toml"), settings)?;
    let mut import = Command::new(program);
    import.args(["wasmport", "import", "--no-embed", "--quiet", "--out-dir", "out"]);
    // A helper that is killed has written no counts.
    import.arg("--no-helper");
    import.arg(std::path::absolute(folder)?).current_dir(project.path());
    import.env("WASMPORT_CACHE_DIR", project.path().join("cache"));
    // Files that are refused are imported as far as that.
    let code = import.status()?.code();
    if matches!(code, Some(0 | 1)) {
        Ok(())
    } else {
        Err(format!("an import ended with {code:?}").into())
    }
}

/// Finds the program that merges counts.
fn profdata() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("LLVM_PROFDATA") {
        return Ok(program.into());
    }
    let name = format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX);
    let sysroot = complete(Command::new(rustc()).args(["--print", "sysroot"]))?;
    let installed =
        Path::new(sysroot.trim()).join("lib/rustlib").join(host()?).join("bin").join(&name);
    if installed.exists() {
        return Ok(installed);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|program| program.exists()).ok_or_else(
        || "there is no `llvm-profdata`\n  help: `rustup component add llvm-tools`, or set LLVM_PROFDATA".into(),
    )
}

/// Packs the programs as `package.metadata.binstall` of their manifest says.
fn pack(built: &Path, target: &str) -> Result<PathBuf> {
    let suffix = if target.contains("windows") { ".exe" } else { "" };
    let folder = tempfile::tempdir()?;
    let programs = PROGRAMS.map(|name| format!("{name}{suffix}"));
    for program in &programs {
        std::fs::copy(built.join(program), folder.path().join(program))?;
    }
    for text in TEXTS {
        std::fs::copy(root().join("crates").join(PACKAGE).join(text), folder.path().join(text))?;
    }
    let archive = format!("{PACKAGE}-v{}-{target}.tgz", env!("CARGO_PKG_VERSION"));
    let archive = target_dir("dist").join(archive);
    let mut tar = Command::new("tar");
    tar.arg("czf").arg(&archive).arg("-C").arg(folder.path()).args(&programs).args(TEXTS);
    status(&mut tar, "the archive cannot be made")?;
    Ok(archive)
}

/// Returns the machine that rustc runs on.
fn host() -> Result<String> {
    let text = complete(Command::new(rustc()).arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not name its host")?.to_owned())
}

fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_has_all_programs_of_the_package() {
        let folder = root().join("crates").join(PACKAGE);
        let mut programs = vec![PACKAGE.to_owned()];
        for path in files::below(&folder.join("src/bin")).unwrap() {
            programs.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
        programs.sort();
        assert_eq!(programs, PROGRAMS);
    }
}
