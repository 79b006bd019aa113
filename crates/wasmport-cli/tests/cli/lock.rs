//! The lock file and `--reproduce` on the command line.

use crate::{CALC, code, json, project, wasmport};
use std::fs;
use std::path::Path;
use std::process::Output;

fn lock(folder: &Path) -> String {
    fs::read_to_string(folder.join("wasmport.lock")).unwrap_or_default()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

#[test]
fn import_writes_it_and_locked_refuses_what_differs() {
    let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC)]);
    let run = |args: &[&str]| wasmport(project.path(), args);
    for args in [&["import", "--locked"][..], &["check", "--locked"]] {
        let output = run(args);
        assert_eq!(code(&output), 2);
        assert!(
            said(&output).contains("`wasmport.lock`: the file is missing"),
            "{}",
            said(&output)
        );
    }
    assert!(!project.path().join("src").exists());
    assert_eq!(code(&run(&["import"])), 0);
    let text = lock(project.path());
    assert!(text.starts_with("# @generated") && text.contains("source = \"b.wat\""), "{text}");
    assert_eq!(code(&run(&["import", "--locked"])), 0);
    assert_eq!(code(&run(&["check", "--locked"])), 0);

    fs::write(project.path().join("assets/a.wat"), "(module)").unwrap();
    let output = run(&["import", "--locked", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let report = json(&output);
    let asset = &report["assets"][0];
    assert_eq!((&asset["status"], &asset["stage"]), (&"failed".into(), &"lock".into()));
    assert!(asset["error"].as_str().unwrap().contains("\n  input: locked "), "{asset}");
    assert_eq!(report["summary"]["failed"], 1);
    let output = run(&["check", "--locked"]);
    assert_eq!(code(&output), 3);
    assert!(said(&output).contains("run `cargo wasmport import`, and commit"), "{}", said(&output));
    assert_eq!(lock(project.path()), text);
    assert_eq!(code(&run(&["import"])), 0);
    assert_ne!(lock(project.path()), text);
    assert_eq!(code(&run(&["check", "--locked"])), 0);
    fs::write(project.path().join("wasmport.lock"), "<<<<<<< ours\n").unwrap();
    assert_eq!(code(&run(&["import"])), 2);
    assert_eq!(code(&run(&["check"])), 0);
}

#[test]
fn the_process_that_imports_is_bound_by_it() {
    let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC)]);
    let run = |args: &[&str]| wasmport(project.path(), args);
    assert_eq!(code(&run(&["import"])), 0);
    let text = lock(project.path());
    let at = text.find("[asset.artifacts]").unwrap();
    let digest = at + text[at..].find(" = \"").unwrap() + 4;
    let wrong = format!("{}{}{}", &text[..digest], "0".repeat(64), &text[digest + 64..]);
    fs::write(project.path().join("wasmport.lock"), &wrong).unwrap();
    for args in [&["import", "--locked"][..], &["import", "--locked", "--no-helper"]] {
        let output = run(&[args, &["--format", "json"]].concat());
        assert_eq!(code(&output), 1, "{}", said(&output));
        let report = json(&output);
        assert_eq!(report["assets"][0]["stage"], "lock", "{report}");
        let error = report["assets"][0]["error"].as_str().unwrap();
        assert!(error.contains(&format!(": locked {}, now ", "0".repeat(64))), "{error}");
        assert_eq!(report["assets"][1]["status"], "unchanged");
    }
    assert_eq!(code(&run(&["check", "--locked"])), 3);
    assert_eq!(lock(project.path()), wrong);
}

#[test]
fn reproduce_compiles_again_and_compares() {
    let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC)]);
    let run = |args: &[&str]| wasmport(project.path(), args);
    assert_eq!(code(&run(&["import"])), 0);
    let output = run(&["import", "--reproduce"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("reproduce: 2 unchanged in "), "{}", said(&output));

    let report = json(&run(&["import", "--format", "json"]));
    let artifact = &report["assets"][0]["artifacts"][0];
    let path = artifact["path"].as_str().unwrap();
    fs::write(project.path().join("src/assets").join(path), "other").unwrap();
    for flag in ["--locked", "--no-helper", "-q"] {
        let output = run(&["import", "--reproduce", flag]);
        assert_eq!(code(&output), 3, "{flag}: {}", said(&output));
        let made = format!("{path}: made {}, ", artifact["blake3"].as_str().unwrap());
        assert!(said(&output).contains(&made), "{}", said(&output));
    }
    let report = json(&run(&["import", "--reproduce", "--format", "json"]));
    assert_eq!(report["assets"][0]["status"], "stale");
    assert_eq!(report["assets"][1]["status"], "unchanged");
    assert_eq!(fs::read(project.path().join("src/assets").join(path)).unwrap(), b"other");
    fs::write(project.path().join("assets/b.wat"), "(").unwrap();
    assert_eq!(code(&run(&["import", "--reproduce"])), 1);
}

#[test]
fn an_import_beside_the_projects_own_has_none() {
    let project = project(&[("assets/a.wat", CALC), ("other/b.wat", CALC)]);
    let run = |args: &[&str]| code(&wasmport(project.path(), args));
    assert_eq!(run(&["import"]), 0);
    let text = lock(project.path());
    assert_eq!(run(&["import", "other", "--out-dir", "elsewhere"]), 0);
    assert_eq!(lock(project.path()), text);
    assert_eq!(run(&["import", "other", "--out-dir", "elsewhere", "--locked"]), 2);
    // The project's own with the output elsewhere is locked.
    assert_eq!(run(&["import", "--out-dir", "elsewhere", "--locked"]), 0);
    assert_eq!(run(&["import", "assets/a.wat", "--locked"]), 0);
    assert_eq!(run(&["import", "--target", "portable", "--locked"]), 1);
    assert_eq!(run(&["import", "--target", "portable"]), 0);
    assert_eq!(run(&["import", "--target", "portable", "--locked"]), 0);
    assert_eq!(run(&["import", "--locked"]), 0, "both are locked");
}
