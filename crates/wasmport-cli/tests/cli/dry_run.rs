//! `import --dry-run`: what an import would do, and why.

use super::{CALC, code, json, project, wasmport};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn actions(folder: &Path) -> BTreeMap<String, String> {
    let output = wasmport(folder, &["import", "--dry-run", "--format", "json"]);
    let plan = json(&output);
    let assets = plan["assets"].as_array().unwrap().iter();
    let action = |asset: &serde_json::Value| {
        let why = asset["why"].as_str().unwrap_or("-");
        (
            asset["source"].as_str().unwrap().into(),
            format!("{}: {why}", asset["action"].as_str().unwrap()),
        )
    };
    assets.map(action).collect()
}

fn is(wanted: &[(&str, &str)]) -> BTreeMap<String, String> {
    wanted.iter().map(|(source, action)| ((*source).into(), (*action).into())).collect()
}

#[test]
fn each_change_has_its_reason_and_nothing_is_written() {
    let project = project(&[
        ("assets/a.wat", CALC),
        ("assets/b.wat", CALC),
        ("wasmport.toml", "targets = [\"portable\"]\n"),
    ]);
    let folder = project.path();
    let never = "import: it was never imported";
    assert_eq!(actions(folder), is(&[("a.wat", never), ("b.wat", never)]));
    assert!(!folder.join("src").exists() && !folder.join(".wasmport-cache").exists());
    assert!(!folder.join("wasmport.lock").exists());

    assert_eq!(code(&wasmport(folder, &["import"])), 0);
    let before = fs::read(folder.join("src/assets/wasmport.json")).unwrap();
    assert_eq!(actions(folder), is(&[("a.wat", "keep: -"), ("b.wat", "keep: -")]));
    fs::write(folder.join("assets/a.wat"), "(module)").unwrap();
    fs::remove_file(folder.join("assets/b.wat")).unwrap();
    fs::write(folder.join("assets/c.wat"), CALC).unwrap();
    assert_eq!(
        actions(folder),
        is(&[
            ("a.wat", "import: its source changed since it was imported"),
            ("b.wat", "remove: its source was removed"),
            ("c.wat", never),
        ])
    );
    let output = wasmport(folder, &["import", "--dry-run", "-v"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "   import a.wat: its source changed since it was imported\n          portable\n   remove b.wat: its source was \
         removed\n          artifacts/b.portable.cwasm\n          b.rs\n   import c.wat: it was never imported\n          \
         portable\ndry run: 2 to import, 1 to remove; nothing was written\n"
    );
    assert_eq!(fs::read(folder.join("src/assets/wasmport.json")).unwrap(), before);
    assert!(folder.join("src/assets/b.rs").exists());
}

#[test]
fn settings_targets_and_versions_are_reasons() {
    let project =
        project(&[("assets/a.wat", CALC), ("wasmport.toml", "targets = [\"portable\"]\n")]);
    let folder = project.path();
    assert_eq!(code(&wasmport(folder, &["import"])), 0);
    fs::write(folder.join("wasmport.toml"), "targets = [\"portable\"]\nengine.fuel = true\n")
        .unwrap();
    let reason = &actions(folder)["a.wat"];
    assert!(
        reason.starts_with("import: its settings changed since it was imported: `engine"),
        "{reason}"
    );
    fs::write(folder.join("wasmport.toml"), "targets = [\"source\"]\n").unwrap();
    assert_eq!(actions(folder), is(&[("a.wat", "import: it was imported for other targets")]));
    fs::write(folder.join("wasmport.toml"), "targets = [\"portable\"]\n").unwrap();
    let manifest = folder.join("src/assets/wasmport.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let version = text.split("\"wasmtime\": \"").nth(1).unwrap().split('"').next().unwrap();
    fs::write(
        &manifest,
        text.replace(&format!("\"wasmtime\": \"{version}\""), "\"wasmtime\": \"1.0.0\""),
    )
    .unwrap();
    let reason = &actions(folder)["a.wat"];
    assert!(reason.contains("Wasmtime 1.0.0 compiled it, this is"), "{reason}");
}

#[test]
fn a_plan_that_fails_has_the_code_of_an_import() {
    let project =
        project(&[("assets/a.wat", CALC), ("wasmport.toml", "[defaults]\nlimits.max-bytes = 3\n")]);
    let output = wasmport(project.path(), &["import", "--dry-run", "--format", "json"]);
    assert_eq!(code(&output), 1);
    assert_eq!(
        (&json(&output)["assets"][0]["action"], &json(&output)["summary"]["fail"]),
        (&"fail".into(), &1.into())
    );
    for other in [&["--reproduce"][..], &["--partition", "1/2"]] {
        let output = wasmport(project.path(), &[&["import", "--dry-run"][..], other].concat());
        assert_eq!(code(&output), 2, "{other:?}");
    }
}

/// The exit code and the errors of a command, without what an import prints of its stages.
fn refusal(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = wasmport(folder, args);
    (code(&output), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_output_folder_that_cannot_be_used_has_the_error_of_an_import() {
    for (path, text) in [
        ("src/assets", ""),
        ("src", ""),
        ("src/assets/wasmport.json", "x"),
        ("src/assets/wasmport.json/mine", ""),
        ("src/assets/mod.rs", "// mine"),
        ("src/assets/deep/mod.rs", "// mine"),
    ] {
        let project = project(&[("assets/deep/calc.wat", CALC), (path, text)]);
        let (exit, error) = refusal(project.path(), &["import", "--dry-run"]);
        assert_eq!(exit, 2, "{path}: {error}");
        assert!(error.contains(path.trim_end_matches("/mine")), "{path}: {error}");
        let (exit, of_import) = refusal(project.path(), &["import"]);
        assert_eq!(exit, 2, "{path}: {of_import}");
        // The system has other words for a file in place of a folder.
        if text == "// mine" || text == "x" {
            assert_eq!(error, of_import, "{path}");
        }
    }
}

#[test]
fn a_file_in_the_way_of_an_asset_fails_it_alone() {
    for path in [
        "src/assets/deep/calc.rs",
        "src/assets/deep",
        "src/assets/artifacts/deep/calc.portable.cwasm",
    ] {
        let project = project(&[
            ("assets/deep/calc.wat", CALC),
            ("assets/other.wat", CALC),
            ("wasmport.toml", "targets = [\"portable\"]\n"),
            (path, "mine"),
        ]);
        let output = wasmport(project.path(), &["import", "--dry-run", "--format", "json"]);
        assert_eq!(code(&output), 1, "{path}");
        let plan = json(&output);
        assert_eq!((&plan["summary"]["fail"], &plan["summary"]["import"]), (&1.into(), &1.into()));
        let why = plan["assets"][0]["why"].as_str().unwrap();
        assert!(why.contains(": write: ") && why.contains(path), "{why}");
        assert_eq!(fs::read_to_string(project.path().join(path)).unwrap(), "mine");
        let report = wasmport(project.path(), &["import", "--format", "json"]);
        assert_eq!((code(&report), &json(&report)["summary"]["failed"]), (1, &1.into()), "{path}");
    }
}

#[test]
fn a_binding_lock_file_refuses_before_anything_is_written() {
    let project =
        project(&[("assets/a.wat", CALC), ("wasmport.toml", "targets = [\"portable\"]\n")]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    fs::write(project.path().join("assets/a.wat"), "(module)").unwrap();
    let output = wasmport(project.path(), &["import", "--dry-run", "--locked", "--format", "json"]);
    assert_eq!(code(&output), 1);
    assert_eq!(json(&output)["is_refused"], true);
}
