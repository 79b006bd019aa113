//! The command line as a user meets it: exit codes, formats, and what goes where.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where anything is not as it should be"
)]

#[cfg(feature = "audit")]
#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/bounds.rs"]
mod bounds;
#[cfg(feature = "bundle")]
#[path = "cli/bundle.rs"]
mod bundle;
#[path = "cli/clean.rs"]
mod clean;
#[path = "cli/color.rs"]
mod color;
#[path = "cli/completions.rs"]
mod completions;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/diff_records.rs"]
mod diff_records;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/dry_run.rs"]
mod dry_run;
#[path = "cli/exec.rs"]
mod exec;
#[path = "cli/expand.rs"]
mod expand;
#[path = "cli/files.rs"]
mod files;
#[cfg(any(feature = "oci", feature = "remote"))]
#[path = "cli/http.rs"]
mod http;
#[path = "cli/list.rs"]
mod list;
#[path = "cli/lock.rs"]
mod lock;
#[path = "cli/new.rs"]
mod new;
#[cfg(feature = "oci")]
#[path = "cli/oci.rs"]
mod oci;
#[cfg(feature = "page")]
#[path = "cli/page.rs"]
mod page;
#[path = "cli/partition.rs"]
mod partition;
#[path = "cli/precompile.rs"]
mod precompile;
#[cfg(feature = "oci")]
#[path = "cli/registry.rs"]
mod registry;
#[cfg(feature = "remote")]
#[path = "cli/remote.rs"]
mod remote;
#[path = "cli/schema.rs"]
mod schema;
#[cfg(feature = "remote")]
#[path = "cli/server.rs"]
mod server;
#[path = "cli/store.rs"]
mod store;
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/worker.rs"]
mod worker;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

const CALC: &str = r#"(module (func (export "one") (result i32) (i32.const 1)))"#;

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    project
}

/// The configuration folder of these tests.
fn config_folder() -> &'static Path {
    static CONFIG: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    CONFIG.path()
}

/// The program, with a cache in the folder that it runs in.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmport"));
    command.env("WASMPORT_CACHE_DIR", ".wasmport-cache");
    command.env("XDG_CONFIG_HOME", config_folder());
    command.env_remove("WASMPORT_CACHE_KEY").env_remove("WASMPORT_CACHE_KEY_FILE");
    command
}

fn wasmport(folder: &Path, args: &[&str]) -> Output {
    program().arg("wasmport").args(args).current_dir(folder).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn import_then_check_then_stale() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let run = |args: &[&str]| wasmport(project.path(), args);
    assert_eq!(code(&run(&["check"])), 3);
    assert_eq!(code(&run(&["import"])), 0);
    assert!(project.path().join("src/assets/calc.rs").exists());
    assert_eq!(code(&run(&["check"])), 0);
    fs::write(project.path().join("assets/calc.wat"), "(module)").unwrap();
    let output = run(&["check"]);
    assert_eq!(code(&output), 3);
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    // The time differs.
    let (before, after) = text.split_once(" in ").unwrap();
    assert_eq!(
        before,
        "    stale calc.wat: its source changed since it was imported\ncheck: 1 stale"
    );
    let (_, after) = after.split_once('\n').unwrap();
    assert_eq!(
        after,
        "error: 1 output is stale\n  help: run `cargo wasmport import`, and commit its output\n"
    );
}

#[test]
fn json_is_the_only_thing_on_standard_output() {
    let project = project(&[("assets/calc.wat", CALC), ("assets/bad.wat", "(modul)")]);
    let output = wasmport(project.path(), &["import", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let report = json(&output);
    let (bad, calc) = (&report["assets"][0], &report["assets"][1]);
    assert_eq!(
        (&bad["status"], &bad["stage"], &bad["kind"]),
        (&"failed".into(), &"read".into(), &"module".into())
    );
    assert!(bad["error"].as_str().unwrap().contains("bad.wat:1:2"), "{bad}");
    assert_eq!(
        (&calc["source"], &calc["name"], &calc["status"]),
        (&"calc.wat".into(), &"calc".into(), &"imported".into())
    );
    assert!(calc["error"].is_null() && calc["stage"].is_null());
    let artifact = &calc["artifacts"][0];
    let path = project.path().join("src/assets").join(artifact["path"].as_str().unwrap());
    assert_eq!(artifact["bytes"].as_u64().unwrap(), fs::metadata(path).unwrap().len());
    assert_eq!(artifact["blake3"].as_str().unwrap().len(), 64);
    assert!(artifact["target"].as_str().unwrap().contains('-'));
    let summary = &report["summary"];
    let counts =
        ["imported", "unchanged", "stale", "failed"].map(|key| summary[key].as_u64().unwrap());
    assert_eq!(counts, [1, 0, 0, 1]);
    assert!(summary["seconds"].as_f64().unwrap() >= 0.0);

    let report = json(&wasmport(project.path(), &["check", "--format", "json"]));
    assert_eq!(report["assets"][0]["status"], "stale");
    assert_eq!(report["assets"][1]["status"], "unchanged");
    let second = json(&wasmport(project.path(), &["import", "--format", "json"]));
    assert_eq!(second["assets"][1]["status"], "unchanged");
}

#[test]
fn quiet_prints_errors_only() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let output = wasmport(project.path(), &["import", "-q"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    fs::write(project.path().join("assets/bad.wat"), "(").unwrap();
    let output = wasmport(project.path(), &["import", "-q"]);
    assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    assert_eq!(code(&output), 1);
}

#[test]
fn verbose_lists_artifacts_and_pipes_get_no_colours() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let output = wasmport(project.path(), &["import", "-v"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("bytes") && !text.contains('\u{1b}'), "{text:?}");
    assert!(output.stderr.is_empty(), "a progress bar was drawn into a pipe");
}

#[test]
fn wrong_usage_and_settings_are_2_and_leave_standard_output_empty() {
    let project = project(&[("assets/calc.wat", CALC), ("bad.toml", "[engin]\n")]);
    for args in [
        &["import", "--nonsense"][..],
        &["import", "--target", "nonsense"],
        &["import", "--config", "bad.toml"],
        &["import", "--config", "missing.toml", "--format", "json"],
        &["import", "nowhere"],
        &["import", "--jobs", "0"],
        &["import", "-q", "-v"],
        &["check", "nowhere"],
        &["import", "--wasm-feature", "magic"],
        &["no-such-command"],
    ] {
        let output = wasmport(project.path(), args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn arguments_go_before_the_settings_file() {
    let project = project(&[
        ("one/a.wat", CALC),
        ("two/b.wat", CALC),
        ("wasmport.toml", "[import]\nroots = [\"one\"]\nout-dir = \"out\"\n"),
    ]);
    let sources = |args: &[&str]| -> Vec<String> {
        let report = json(&wasmport(project.path(), &[args, &["--format", "json"]].concat()));
        report["assets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["source"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(sources(&["import"]), ["a.wat"]);
    assert!(project.path().join("out/a.rs").exists());
    assert_eq!(code(&wasmport(project.path(), &["import", "two"])), 2, "outside of the roots");
    assert_eq!(sources(&["import", "one/a.wat"]), ["a.wat"]);
    assert_eq!(sources(&["import", "two", "--out-dir", "elsewhere"]), ["b.wat"]);
    assert!(project.path().join("elsewhere/b.rs").exists());
    assert_eq!(sources(&["import", "two/b.wat", "one", "--out-dir", "both"]), ["a.wat", "b.wat"]);
}

#[test]
fn a_proposal_is_enabled_where_the_message_says() {
    let project = project(&[("assets/pages.wat", "(module (memory 1 (pagesize 1)))")]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 1);
    assert_eq!(
        code(&wasmport(project.path(), &["import", "--wasm-feature", "custom-page-sizes"])),
        0
    );
}

#[test]
fn inspect_shows_what_an_import_would_refuse() {
    let project = project(&[("a.wat", CALC)]);
    let output = wasmport(project.path(), &["inspect", "a.wat", "--format", "json"]);
    assert_eq!(code(&output), 0);
    assert_eq!(json(&output)["interface"]["exports"][0]["name"], "one");
    assert_eq!(code(&wasmport(project.path(), &["inspect", "missing.wasm"])), 1);
}

#[test]
fn it_works_with_and_without_cargo_in_front() {
    let folder = tempfile::tempdir().unwrap();
    let output = program().arg("--version").current_dir(&folder).output();
    assert!(output.unwrap().status.success());
    assert!(wasmport(folder.path(), &["--help"]).status.success());
}

#[test]
fn names_from_files_cannot_steer_a_terminal() {
    let text = "(module (func (export \"f\") (param $x i32)))";
    let project = project(&[("a.wat", text)]);
    let wasm = project.path().join("evil.wasm");
    // The parameter's name becomes an escape sequence and a line end of the same length.
    fs::write(project.path().join("a.wat"), text.replace("$x", "$ESCAPED")).unwrap();
    let mut bytes = wat::parse_file(project.path().join("a.wat")).unwrap();
    let at = bytes.windows(7).position(|w| w == b"ESCAPED").unwrap();
    bytes[at..at + 7].copy_from_slice(b"\x1b[31m\nx");
    fs::write(&wasm, bytes).unwrap();
    let output = wasmport(project.path(), &["inspect", "evil.wasm"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\\u{1b}[31m\\nx") && !text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn removed_outputs_are_said_and_quiet_checks_name_what_is_stale() {
    let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC)]);
    let run = |args: &[&str]| {
        let output = wasmport(project.path(), args);
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    run(&["import"]);
    fs::remove_file(project.path().join("assets/b.wat")).unwrap();
    assert!(run(&["check", "-q"]).contains("`b.wat`: its source was removed"));
    assert!(run(&["import"]).contains("removed b.wat"));
}

#[test]
fn targets_show_what_this_build_compiles_for() {
    let folder = tempfile::tempdir().unwrap();
    let targets = json(&wasmport(folder.path(), &["targets", "--format", "json"]));
    let rows = targets["targets"].as_array().unwrap();
    let row = |target: &str| rows.iter().find(|row| row["target"] == target).unwrap();
    assert_eq!(row("portable")["compiles"], true);
    let host = targets["host"].as_str().unwrap();
    let is_host = |row: &&serde_json::Value| row["target"] == host;
    assert!(
        rows.iter().filter(is_host).all(|row| row["compiles"] == true && row["chosen"] == true)
    );
    let has_all = cfg!(feature = "all-targets");
    assert_eq!(row("s390x-unknown-linux-gnu")["compiles"], has_all);
    let output = wasmport(folder.path(), &["targets"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("targets are the machines on which the program runs"), "{text}");
    assert!(text.contains(&format!("the host is {host}")), "{text}");
    assert_eq!(text.contains("no code generator: this build lacks it"), !has_all, "{text}");
}

#[test]
fn a_misspelt_target_has_a_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = wasmport(folder.path(), &["import", "--target", "x86-64-unknown-linux-gnu"]);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: invalid value 'x86-64-unknown-linux-gnu' for '--target <TARGET>': `x86-64-unknown-linux-gnu` is not a \
         target: Unrecognized architecture: x86\n\n  help: did you mean `x86_64-unknown-linux-gnu`?\n\nFor more \
         information, try '--help'.\n"
    );
    let output = wasmport(folder.path(), &["import", "--target", "wasm32-wasip1"]);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: invalid value 'wasm32-wasip1' for '--target <TARGET>': `wasm32-wasip1` is not a target: targets are \
         the machines on which the program runs, and not those for which a guest was built; `cargo wasmport \
         targets` lists them\n\nFor more information, try '--help'.\n"
    );
}

#[test]
fn a_skeleton_of_signatures_can_be_pasted() {
    let text = "(module (memory (export \"memory\") 1) (func (export \"it\'\'\'s\") (param i32)))";
    let project = project(&[("assets/m.wat", text), ("assets/c.wat", "(component)")]);
    let output = wasmport(project.path(), &["api", "assets/m.wat"]);
    assert_eq!(code(&output), 0);
    fs::write(project.path().join("wasmport.toml"), &output.stdout).unwrap();
    let output = wasmport(project.path(), &["import", "assets/m.wat"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let output = wasmport(project.path(), &["api", "assets/c.wat"]);
    assert_eq!(code(&output), 1);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "error: `assets/c.wat` is a component, which has no `api`: its types come from its world\n  help: \
         `cargo wasmport inspect` shows the world\n"
    );
}
