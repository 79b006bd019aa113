//! Build scripts in the places and for the machines that cargo runs them for.

use crate::project::{CALC, snapshot};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that makes a test the build script.
const TASK: &str = "WASMPORT_TEST_BUILD_SCRIPT";

/// The build script, if this program is one.
#[test]
fn build_script() {
    let result = match std::env::var(TASK).as_deref() {
        Ok("import") => wasmport_build::import("assets"),
        Ok("check") => wasmport_build::check(),
        _ => return,
    };
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// A package in a folder of a hostile name, and a target folder elsewhere.
struct Package {
    temporary: tempfile::TempDir,
}

struct Built {
    success: bool,
    said: String,
}

impl Package {
    fn new(files: &[(&str, &str)]) -> Self {
        let package = Self { temporary: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            let path = package.folder().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        package
    }

    fn folder(&self) -> PathBuf {
        self.temporary.path().join("мой package ü")
    }

    /// The `OUT_DIR`, in a target folder that `CARGO_TARGET_DIR` names.
    fn out_dir(&self) -> PathBuf {
        self.temporary.path().join("target elsewhere ñ/debug/build/x/out")
    }

    fn run(&self, task: &str, variables: &[(&str, &str)]) -> Built {
        fs::create_dir_all(self.out_dir()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "build_script::build_script", "--nocapture"]).env(TASK, task);
        command.current_dir(self.folder()).env("OUT_DIR", self.out_dir());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        Built { success: output.status.success(), said: said.concat() }
    }

    fn import(&self, target: &str) -> Built {
        self.run("import", &[("TARGET", target)])
    }

    fn manifest(&self) -> serde_json::Value {
        let manifest = fs::read(self.out_dir().join("wasmport/wasmport.json")).unwrap();
        serde_json::from_slice(&manifest).unwrap()
    }

    /// The targets of the only asset.
    fn targets(&self) -> Vec<String> {
        let manifest = self.manifest();
        let artifacts = manifest["assets"]["calc"]["artifacts"].as_array().unwrap().clone();
        artifacts.iter().map(|artifact| artifact["target"].as_str().unwrap().to_owned()).collect()
    }
}

const LINUX: &str = "x86_64-unknown-linux-gnu";

#[test]
fn the_source_tree_is_only_read() {
    let package = Package::new(&[
        ("assets/calc.wat", CALC),
        ("assets/föö bar/größe.wat", CALC),
        ("wasmport.toml", "[engine]\nfuel = true\n"),
    ]);
    let before = snapshot(&package.folder());
    set_read_only(&package.folder(), true);
    let built = package.import(LINUX);
    set_read_only(&package.folder(), false);
    assert!(built.success, "{}", built.said);
    assert_eq!(snapshot(&package.folder()), before, "nothing is written beside the sources");
    for path in ["assets", "assets/calc.wat", "assets/föö bar/größe.wat", "wasmport.toml"] {
        let line = format!("cargo::rerun-if-changed={path}\n");
        assert!(built.said.contains(&line), "{path}: {}", built.said);
    }
    let manifest = package.manifest();
    assert_eq!(manifest["engine"]["fuel"], true);
    assert_eq!(manifest["assets"].as_object().unwrap().len(), 2);
    // All paths are below the target folder, the cache included.
    let beside: Vec<_> = fs::read_dir(package.temporary.path()).unwrap().collect();
    assert_eq!(beside.len(), 2);
}

#[test]
fn debug_builds_have_the_debug_profile_and_release_builds_never() {
    let settings = "[profile.debug]\nopt-level = \"none\"\n";
    let package = Package::new(&[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
    // The output folder of the other is never shared in a build; here it is.
    for (profile, level) in [("debug", "none"), ("release", "speed"), ("debug", "none")] {
        let built = package.run("import", &[("TARGET", LINUX), ("PROFILE", profile)]);
        assert!(built.success, "{}", built.said);
        assert_eq!(package.manifest()["engine"]["opt-level"], level, "{profile}");
    }
}

/// Root may write all the same: then the comparison of the files is the test.
fn set_read_only(folder: &Path, is_read_only: bool) {
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let mut permissions = entry.metadata().unwrap().permissions();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            permissions.set_mode(match (is_read_only, entry.file_type().is_dir()) {
                (true, true) => 0o555,
                (true, false) => 0o444,
                (false, true) => 0o755,
                (false, false) => 0o644,
            });
        }
        #[cfg(not(unix))]
        permissions.set_readonly(is_read_only);
        fs::set_permissions(entry.path(), permissions).unwrap();
    }
}

#[test]
fn cfg_decides_for_a_target_of_ones_own() {
    let cfg = [
        ("CARGO_CFG_TARGET_ARCH", "x86_64"),
        ("CARGO_CFG_TARGET_OS", "linux"),
        ("CARGO_CFG_TARGET_ENV", "gnu"),
        ("CARGO_CFG_TARGET_VENDOR", "unknown"),
        ("CARGO_CFG_TARGET_POINTER_WIDTH", "64"),
        ("CARGO_CFG_TARGET_ENDIAN", "little"),
    ];
    for name in ["x86_64-acme", "acme-linux", "x86_64-unknown-linux-ohos", LINUX] {
        let package = Package::new(&[("assets/calc.wat", CALC)]);
        let built = package.run("import", &[&[("TARGET", name)][..], &cfg].concat());
        assert!(built.success, "{}", built.said);
        assert_eq!(package.targets(), [LINUX], "{name}");
    }
    let package = Package::new(&[("assets/calc.wat", CALC)]);
    let toy =
        [("TARGET", "toy"), ("CARGO_CFG_TARGET_ARCH", "arm"), ("CARGO_CFG_TARGET_OS", "none")];
    let built = package.run("import", &toy);
    let expected = "the build is for TARGET=toy, CARGO_CFG_TARGET_ARCH=arm, CARGO_CFG_TARGET_OS=none, \
                    CARGO_CFG_TARGET_ENV=: ";
    assert!(!built.success && built.said.contains(expected), "{}", built.said);
}

#[cfg(feature = "all-targets")]
#[test]
fn a_cross_build_is_for_the_other_machine() {
    for (target, expected) in [
        ("aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"),
        ("aarch64-apple-darwin", "aarch64-apple-darwin"),
        ("x86_64-pc-windows-gnu", "x86_64-pc-windows-msvc"),
        ("riscv64gc-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"),
        ("s390x-unknown-linux-gnu", "s390x-unknown-linux-gnu"),
    ] {
        let package = Package::new(&[("assets/calc.wat", CALC)]);
        let built = package.import(target);
        assert!(built.success, "{}", built.said);
        assert_eq!(package.targets(), [expected]);
    }
}

#[test]
fn a_missing_folder_is_named_in_words_for_a_build_script() {
    let package = Package::new(&[("asets/calc.wat", CALC)]);
    let built = package.import(LINUX);
    let expected = "cannot find `assets`: No such file or directory (os error 2)\n  help: did you mean `asets`?";
    assert!(!built.success && built.said.contains(expected), "{}", built.said);
}

#[test]
fn imported_output_that_is_stale_ends_the_build() {
    use wasmport_build::{Importer, Settings};
    let package = Package::new(&[
        ("assets/calc.wat", CALC),
        ("assets/rest.wat", CALC),
        ("wasmport.toml", ""),
    ]);
    let file = package.folder().join("wasmport.toml");
    let importer = Importer::new(Settings::from_file(&file).unwrap()).no_cache();
    assert_eq!(importer.run(&()).unwrap().failures().count(), 0);
    let check = || package.run("check", &[("TARGET", LINUX)]);
    let built = check();
    assert!(built.success, "{}", built.said);
    let stale = |assets: &[&str], head: &str| {
        for asset in assets {
            fs::write(package.folder().join("assets").join(asset), "(module (func))").unwrap();
        }
        let built = check();
        assert!(!built.success, "{}", built.said);
        let lines = built.said.lines().skip_while(|line| !line.contains(head));
        lines.take(assets.len() + 2).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        stale(&["calc.wat"], "is stale"),
        "1 imported output is stale\n`calc.wat`: its source changed since it was imported\n  help: run `cargo \
         wasmport import`"
    );
    assert_eq!(
        stale(&["calc.wat", "rest.wat"], "are stale"),
        "2 imported outputs are stale\n`calc.wat`: its source changed since it was imported\n`rest.wat`: its \
         source changed since it was imported\n  help: run `cargo wasmport import`"
    );
}

#[test]
fn a_removed_asset_is_a_warning_beside_the_compilers_errors() {
    let package = Package::new(&[("assets/calc.wat", CALC), ("assets/rest.wat", CALC)]);
    assert!(package.import(LINUX).success);
    fs::remove_file(package.folder().join("assets/calc.wat")).unwrap();
    let built = package.import(LINUX);
    assert!(built.success, "{}", built.said);
    let warnings: Vec<&str> =
        built.said.lines().filter_map(|line| line.strip_prefix("cargo::warning=")).collect();
    assert_eq!(warnings, ["`calc.wat` was removed, and its module with it"]);
}
