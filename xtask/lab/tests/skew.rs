//! Builds importers and programs that differ in cargo features and environment, and checks that all
//! make and load identical artifacts.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An asset with features that the smallest program lacks.
const GC: &str = r#"(module (func (export "add") (param i32 i32) (result i32) (i32.const 42))
                      (func (export "id") (param externref)))"#;
const PLAIN: &str = r#"(module (memory 1) (data (i32.const 0) "x")
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (i32.add (local.get 0) (local.get 1)) (i32.sub (i32.load8_u (i32.const 0)) (i32.const 120)))))"#;

const HOSTILE: (&str, &str) = ("WASMTIME_BACKTRACE_DETAILS", "1");

#[test]
fn fault_61_thin_and_fat_importers_and_programs_in_a_hostile_environment() {
    let (importers, programs) = matrix();
    let folder = tempfile::tempdir().unwrap();
    let mut artifacts: Vec<Vec<u8>> = Vec::new();
    for (importer, program) in importers {
        for hostile in [false, true] {
            let project = folder.path().join(format!("{importer}-{hostile}"));
            let assets = import(&program, hostile, &project);
            artifacts.push(
                assets
                    .iter()
                    .flat_map(|asset| std::fs::read(project.join("out").join(path(asset))).unwrap())
                    .collect(),
            );
            for (runtime, program) in &programs {
                for hostile_run in [false, true] {
                    let case = format!(
                        "{importer} importer ({hostile}), {runtime} program ({hostile_run})"
                    );
                    let [gc, plain] =
                        [0, 1].map(|i| load(program, hostile_run, &project, &assets[i]));
                    assert_eq!(plain, "loaded, 20 + 22 = 42\n", "{case}");
                    // Both programs lack the feature `gc` of `wasmport`: a typed error.
                    assert!(gc.starts_with("incompatible: [WasmFeature"), "{case}: {gc}");
                }
            }
        }
    }
    assert!(
        artifacts.windows(2).all(|pair| pair[0] == pair[1]),
        "importers make different artifacts"
    );
}

type Builds = Vec<(&'static str, PathBuf)>;

/// Builds importers and programs. `WASMPORT_SKEW=all` adds those with all features of Wasmtime, which
/// compile it once more.
fn matrix() -> (Builds, Builds) {
    let mut importers = vec![("thin", PathBuf::from(env!("CARGO_BIN_EXE_lab")))];
    let mut programs = vec![("thin", build("skew-thin"))];
    if std::env::var("WASMPORT_SKEW").is_ok_and(|matrix| matrix == "all") {
        importers.push(("fat", build("skew-fat")));
        programs.push(("unified", build("skew-unified")));
    }
    (importers, programs)
}

/// Builds a program of `fixtures/skew` in another target folder, with its own cargo features.
fn build(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (programs, target) = (root.join("fixtures/skew"), target_folder().join("skew"));
    // Cargo adds the packages that only these programs have.
    std::fs::copy(root.join("Cargo.lock"), programs.join("Cargo.lock")).unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", name])
        .current_dir(&programs)
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .unwrap();
    assert!(status.success());
    target.join("debug").join(name)
}

/// Returns the target folder of this test, whose executable is `target/debug/deps/skew-…`.
fn target_folder() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_path_buf()
}

fn environment(command: &mut Command, hostile: bool) {
    match hostile {
        true => command.env(HOSTILE.0, HOSTILE.1),
        false => command.env_remove(HOSTILE.0),
    };
}

fn import(importer: &Path, hostile: bool, project: &Path) -> Vec<Value> {
    std::fs::create_dir_all(project.join("assets")).unwrap();
    std::fs::write(project.join("assets/gc.wat"), GC).unwrap();
    std::fs::write(project.join("assets/plain.wat"), PLAIN).unwrap();
    std::fs::write(project.join("wasmport.toml"), "").unwrap();
    let mut command = Command::new(importer);
    command
        .args([
            "import",
            "--config",
            "wasmport.toml",
            "--no-embed",
            "--out-dir",
            "out",
            "--format",
            "json",
        ])
        .current_dir(project);
    environment(&mut command, hostile);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["assets"].as_array().unwrap().clone()
}

fn path(asset: &Value) -> &str {
    asset["artifacts"][0]["path"].as_str().unwrap()
}

fn load(program: &Path, hostile: bool, project: &Path, asset: &Value) -> String {
    let artifact = &asset["artifacts"][0];
    let text = |key: &str| artifact[key].as_str().unwrap().to_string();
    let features = if asset["name"] == "gc" { "reference-types,gc-types" } else { "" };
    let mut command = Command::new(program);
    command.arg(project.join("out")).args([
        text("path"),
        text("target"),
        artifact["bytes"].to_string(),
        text("blake3"),
    ]);
    command.arg(features);
    environment(&mut command, hostile);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}
