//! `wasmport.toml`: what it says, and what it must not say.

use crate::project::{CALC, Project, statuses};
use std::fs;
use wasmport_build::{Error, Importer, Status};

#[test]
fn settings_select_files_engine_and_targets() {
    let project = Project::with(&[
        ("a.wat", CALC.as_bytes()),
        ("mods/b.wat", CALC.as_bytes()),
        ("mods/c.wat", CALC.as_bytes()),
    ]);
    let text = r#"
        targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
        [import]
        roots = ["assets"]
        out-dir = "generated"
        include = ["mods/**"]
        exclude = ["**/c.wat"]
        embed = false
        [engine]
        fuel = true
        opt-level = "speed-and-size"
    "#;
    let importer = Importer::new(project.settings(text).unwrap());
    let report = importer.run(&()).unwrap();
    assert_eq!(statuses(&report), [("mods/b.wat", Status::Imported)]);
    assert_eq!(report.assets[0].artifacts.len(), 2);
    let wrapper = fs::read_to_string(project.path().join("generated/mods/b.rs")).unwrap();
    assert!(wrapper.contains(".fuel(true)") && wrapper.contains("support::file("));
}

#[test]
fn unknown_keys_and_values_are_errors_with_a_place() {
    let project = Project::new();
    for (text, expected) in [
        ("[engin]\n", "engin"),
        ("[engine]\nful = true\n", "ful"),
        ("[engine]\nfuel = 1\n", "line 2"),
        ("targets = [\"nonsense\"]\n", "nonsense"),
        ("[import]\nroots = \"assets\"\n", "line 2"),
        ("[import]\nwasm-features = [\"magic\"]\n", "magic"),
        ("not toml", "line 1"),
    ] {
        let error = project.settings(text).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("wasmport.toml"), "{error}");
    }
}

#[test]
fn a_malformed_glob_is_a_settings_error() {
    let project = Project::new();
    let error = project.importer().include("a[").run(&()).unwrap_err();
    assert!(matches!(error, Error::Settings { .. }), "{error}");
}

#[test]
fn the_settings_in_the_book_are_settings() {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let book = fs::read_to_string(book).unwrap();
    let blocks: Vec<&str> = book.split("```toml\n").skip(1).collect();
    assert!(!blocks.is_empty());
    let project = Project::new();
    for block in blocks {
        let text = block.split("```").next().unwrap();
        project.settings(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}
