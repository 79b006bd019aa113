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
