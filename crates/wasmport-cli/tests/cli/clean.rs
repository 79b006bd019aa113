//! `clean`: removes what imports wrote.

use super::{CALC, code, json, project, wasmport};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SETTINGS: (&str, &str) = ("wasmport.toml", "targets = [\"portable\"]\n");

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let below = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true => files(&path)
                .into_iter()
                .map(|below| format!("{name}/{below}"))
                .chain([format!("{name}/")])
                .collect::<Vec<_>>(),
            false => vec![name],
        }
    };
    entries.flat_map(below).collect()
}

#[test]
fn outputs_go_and_other_files_stay() {
    let project = project(&[
        ("assets/deep/a.wat", CALC),
        ("assets/b.wat", CALC),
        ("src/assets/mine.rs", "// mine"),
        SETTINGS,
    ]);
    let src = project.path().join("src/assets");
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    let imported = files(&src);
    assert!(imported.len() > 6, "{imported:?}");
    let dry = wasmport(project.path(), &["clean", "--dry-run", "--format", "json"]);
    assert_eq!((code(&dry), files(&src)), (0, imported));
    let (dry, done) = (json(&dry), json(&wasmport(project.path(), &["clean", "--format", "json"])));
    assert_eq!((&dry["is_dry_run"], &done["is_dry_run"]), (&true.into(), &false.into()));
    assert_eq!((&dry["removed"], &dry["bytes"]), (&done["removed"], &done["bytes"]));
    assert_eq!(files(&src), BTreeSet::from(["mine.rs".into()]));
    assert!(
        project.path().join("wasmport.lock").exists()
            && project.path().join(".wasmport-cache").exists()
    );
    // A second call has nothing to do, and an import writes everything again.
    let again = wasmport(project.path(), &["clean"]);
    assert_eq!(code(&again), 0);
    assert_eq!(
        String::from_utf8_lossy(&again.stdout),
        "clean: nothing was imported into src/assets\n"
    );
    assert_eq!(code(&wasmport(project.path(), &["import", "--locked"])), 0);
    assert!(src.join("deep/a.rs").exists());
}

#[test]
fn a_changed_file_stays() {
    let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC), SETTINGS]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    let changed = project.path().join("src/assets/a.rs");
    fs::write(&changed, fs::read_to_string(&changed).unwrap() + "// mine\n").unwrap();
    for dry in [true, false] {
        let args = if dry { &["clean", "--dry-run"][..] } else { &["clean"] };
        let output = wasmport(project.path(), args);
        assert_eq!(code(&output), 1);
        let warning = String::from_utf8(output.stderr).unwrap();
        assert!(
            warning.contains("`src/assets/a.rs` stays: it was changed after it was imported"),
            "{warning}"
        );
        assert_eq!(project.path().join("src/assets/b.rs").exists(), dry);
    }
    assert_eq!(files(&project.path().join("src/assets")), BTreeSet::from(["a.rs".into()]));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let project = project(&[("assets/deep/a.wat", CALC), ("elsewhere/x", ""), SETTINGS]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    let (deep, elsewhere) =
        (project.path().join("src/assets/deep"), project.path().join("elsewhere/deep"));
    fs::rename(&deep, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &deep).unwrap();
    assert_eq!(code(&wasmport(project.path(), &["clean"])), 1);
    assert!(elsewhere.join("a.rs").exists());
}

#[test]
fn a_folder_in_place_of_the_manifest_is_refused() {
    let project = project(&[("assets/a.wat", CALC), ("src/assets/wasmport.json/mine", "")]);
    for args in [&["clean"][..], &["clean", "--dry-run"]] {
        let output = wasmport(project.path(), args);
        assert!(code(&output) == 2 && output.stdout.is_empty(), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("wasmport.json` is in the way"), "{error}");
    }
    assert!(project.path().join("src/assets/wasmport.json/mine").exists());
}

#[test]
fn a_foreign_or_damaged_manifest_is_refused() {
    for text in ["{\"name\": \"mine\"}", "{\n  \"format\": 2,\n<<<<<<<", "{\n  \"format\": 99\n}"] {
        let project = project(&[
            ("assets/a.wat", CALC),
            ("src/assets/wasmport.json", text),
            ("src/assets/a.rs", "mine"),
        ]);
        let output = wasmport(project.path(), &["clean"]);
        assert_eq!(code(&output), 2, "{text}");
        assert!(output.stdout.is_empty(), "{text}");
        assert_eq!(
            fs::read_to_string(project.path().join("src/assets/wasmport.json")).unwrap(),
            text
        );
    }
}
