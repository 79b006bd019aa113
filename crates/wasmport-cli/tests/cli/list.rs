//! `list`: the assets of the project and their state.

use super::{CALC, code, json, project, wasmport};
use std::fs;
use std::path::Path;

fn text(folder: &Path, args: &[&str]) -> String {
    let output = wasmport(folder, args);
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn states_follow_the_files() {
    let project = project(&[
        ("assets/a.wat", CALC),
        ("assets/deep/b.wat", "(; c ;) (component)"),
        ("wasmport.toml", "targets = [\"portable\"]\n"),
    ]);
    let list = || json(&wasmport(project.path(), &["list", "--format", "json"]));
    let states = |list: &serde_json::Value| -> Vec<String> {
        let assets = list["assets"].as_array().unwrap().iter();
        assets
            .map(|asset| format!("{} {}", asset["source"], asset["state"]).replace('"', ""))
            .collect()
    };
    let before = list();
    assert_eq!(states(&before), ["a.wat not-imported", "deep/b.wat not-imported"]);
    assert_eq!(
        (&before["assets"][0]["kind"], &before["assets"][1]["kind"]),
        (&"module".into(), &"component".into())
    );
    assert_eq!(before["assets"][1]["module"], "deep::b");
    assert_eq!(before["warnings"].as_array().unwrap().len(), 0);
    assert!(!project.path().join("src").exists(), "it writes nothing");

    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    let after = list();
    assert_eq!(states(&after), ["a.wat fresh", "deep/b.wat fresh"]);
    let asset = &after["assets"][0];
    let artifact =
        project.path().join("src/assets").join(asset["artifacts"][0]["path"].as_str().unwrap());
    let len = fs::metadata(artifact).unwrap().len();
    assert_eq!(asset["artifacts"][0]["bytes"].as_u64(), Some(len));
    let wrapper = fs::metadata(project.path().join("src/assets/a.rs")).unwrap().len();
    assert_eq!(asset["wrapper_bytes"].as_u64(), Some(wrapper));
    assert_eq!(asset["source_bytes"].as_u64(), Some(CALC.len() as u64));
    assert_eq!(after["summary"]["fresh"], 2);

    fs::write(project.path().join("assets/a.wat"), "(module)").unwrap();
    fs::remove_file(project.path().join("assets/deep/b.wat")).unwrap();
    fs::write(project.path().join("assets/c.wat"), "neither").unwrap();
    let changed = list();
    assert_eq!(states(&changed), ["a.wat stale", "c.wat not-imported", "deep/b.wat removed"]);
    assert!(changed["assets"][1]["kind"].is_null() && changed["assets"][2]["path"].is_null());
}

#[test]
fn people_read_a_table() {
    let project = project(&[
        ("assets/a.wat", CALC),
        ("assets/long-name.wat", CALC),
        ("wasmport.toml", "targets = [\"portable\"]\n"),
    ]);
    let before = text(project.path(), &["list"]);
    assert!(before.starts_with("not imported  a.wat"), "{before}");
    assert_eq!(code(&wasmport(project.path(), &["import", "assets/a.wat"])), 0);
    fs::write(project.path().join("assets/a.wat"), "(module)").unwrap();
    let after = text(project.path(), &["list"]);
    let lines: Vec<Vec<&str>> =
        after.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..4], ["stale", "a.wat", "a", "module"], "{after}");
    assert_eq!(*lines[0].last().unwrap(), "portable", "{after}");
    assert_eq!(lines[1].join(" "), "its source changed since it was imported", "{after}");
    assert_eq!(lines[2][..4], ["not", "imported", "long-name.wat", "long_name"], "{after}");
    assert!(
        after.lines().last().unwrap().starts_with("list: 1 stale, 1 not imported; "),
        "{after}"
    );
    assert!(!after.contains('\u{1b}'));
    let quiet = text(project.path(), &["list", "-q", "assets/a.wat"]);
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
}

#[test]
fn a_damaged_manifest_is_a_warning() {
    let damaged = ("src/assets/wasmport.json", "{\n  \"format\": 2,\n<<<<<<<");
    let project = project(&[("assets/a.wat", CALC), damaged]);
    let output = wasmport(project.path(), &["list"]);
    let warning = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(code(&output), 0, "{warning}");
    assert_eq!(warning.matches("the manifest `wasmport.json` is damaged").count(), 1, "{warning}");
    let document = json(&wasmport(project.path(), &["list", "--format", "json"]));
    assert_eq!(document["warnings"].as_array().unwrap().len(), 1, "{document}");
}

#[test]
fn errors_have_their_codes() {
    let project = project(&[("assets/a.wat", CALC), ("bad.toml", "[engin]\n")]);
    let output = wasmport(project.path(), &["list", "--config", "bad.toml"]);
    assert!(code(&output) == 2 && output.stdout.is_empty());
    // A pinned or oversized file cannot be used.
    fs::write(project.path().join("wasmport.toml"), "[defaults]\nlimits.max-bytes = 3\n").unwrap();
    let output = wasmport(project.path(), &["list", "--format", "json"]);
    assert_eq!(code(&output), 1);
    assert_eq!(json(&output)["assets"][0]["state"], "failed");
}

#[cfg(unix)]
#[test]
fn hostile_names_are_escaped() {
    let project = project(&[("assets/\u{1b}[31m\u{202e}x.wat", CALC)]);
    let output = text(project.path(), &["list"]);
    assert!(
        !output.contains('\u{1b}') && !output.contains('\u{202e}') && output.contains("\\u{1b}"),
        "{output:?}"
    );
}
