//! Files of an earlier import that others may have written: the manifest and the lock file.

use crate::edit::edited;
use crate::project::{Files, Project, check};
use std::sync::LazyLock;
use wasmport_build::Status;

/// A project after its import, and files beside its outputs that no import wrote.
static PROJECT: LazyLock<Files> = LazyLock::new(|| {
    let toml: &[u8] = b"targets = []\n[import]\nout-dir = \"out\"\n[cache]\nenabled = false\n";
    let wat: &[u8] = b"(module (func (export \"add\") (param i32 i32) (result i32) i32.const 0))";
    let project = Project::new([
        ("wasmport.toml", toml),
        ("assets/any.wat", wat),
        ("notes.txt", b"notes"),
        ("out/mine.rs", b"pub fn mine() {}"),
        ("out/artifacts/mine.cwasm", b"mine"),
    ]);
    assert!(check(&project, &project.importer().update_lock().run(&()).unwrap()));
    project.files("")
});

/// The manifest of the project with an entry more, whose wrapper is a file that no import wrote.
static FOREIGN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&PROJECT["out/wasmport.json"]).unwrap();
    let mut entry = manifest["assets"]["any"].clone();
    entry["module"] = serde_json::json!(["mine"]);
    entry["wrapper"] = "mine.rs".into();
    manifest["assets"]["mine"] = entry;
    serde_json::to_vec(&manifest).unwrap()
});

/// Any bytes as the manifest; behind a null edits of the genuine one, behind a one of a foreign one: the next
/// import has the same outputs and touches no other file, or refuses and touches none.
pub fn manifest(bytes: &[u8]) {
    let foreign = |edits| edited(&FOREIGN, edits);
    let bytes = bytes.strip_prefix(&[1]).map_or_else(|| bytes.to_vec(), foreign);
    let project = with("out/wasmport.json", &bytes);
    let before = project.files("");
    project.importer().run_check().unwrap();
    assert!(project.files("") == before, "a check has written");
    match project.importer().run(&()) {
        // It refuses to replace a file that is no manifest.
        Err(error) => assert!(project.files("") == before, "after {error}: a file has changed"),
        Ok(report) => {
            assert!(check(&project, &report));
            let mut after = project.files("");
            after.remove("out/wasmport.json");
            let mut expected = PROJECT.clone();
            expected.remove("out/wasmport.json");
            for (path, content) in &expected {
                assert!(after.get(path) == Some(content), "{path} has changed");
            }
            assert!(after == expected, "{:?}", after.keys());
        }
    }
}

/// Any bytes as the lock file, or edits of the genuine one behind a null: an error or differences; and once
/// it is updated, the import is as locked.
pub fn lock(bytes: &[u8]) {
    let project = with("wasmport.lock", bytes);
    let before = project.files("");
    for result in [project.importer().locked().run_check(), project.importer().locked().run(&())] {
        match result {
            Ok(report) => drop(format!("{report:?}")),
            Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
        }
    }
    assert!(project.files("")["wasmport.lock"] == before["wasmport.lock"], "it is written");
    if project.importer().update_lock().run(&()).is_ok() {
        let report = project.importer().locked().run_check().unwrap();
        let asset = &report.assets[0];
        assert!(asset.status == Status::Unchanged, "{:?} {:?}", asset.error, asset.stale);
    }
}

/// Returns the project with another version of a file.
fn with(path: &str, bytes: &[u8]) -> Project {
    let mut files = PROJECT.clone();
    let bytes = match bytes {
        [0, edits @ ..] => edited(&files[path], edits),
        _ => bytes.to_vec(),
    };
    files.insert(path.into(), bytes);
    Project::of(&files)
}
