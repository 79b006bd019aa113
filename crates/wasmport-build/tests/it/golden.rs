//! What is committed as generated is what the importer generates.

use crate::project::snapshot;
use std::path::Path;
use wasmport_build::{GuestLanguage, Importer, Settings, Status};

fn assert_golden(settings: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let settings = Settings::from_file(&root.join(settings)).unwrap();
    let committed = snapshot(&settings.out_dir);
    let fresh = tempfile::tempdir().unwrap();
    let report = Importer::new(settings).no_cache().out_dir(fresh.path()).run(&()).unwrap();
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
    let fresh = snapshot(fresh.path());
    let names =
        |files: &std::collections::BTreeMap<_, _>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&fresh), names(&committed));
    for (path, bytes) in fresh {
        assert!(committed[&path] == bytes, "{} differs: see `cargo xtask bless`", path.display());
    }
}

#[test]
fn assets() {
    assert_golden("fixtures/wasmport.toml");
}

#[test]
fn cases() {
    assert_golden("fixtures/cases/wasmport.toml");
}

/// Users read wrappers.
#[test]
fn the_wrapper_of_a_small_module_is_short() {
    let calc = include_str!("../../../../fixtures/generated/src/assets/calc.rs");
    assert!(calc.lines().count() < 300, "{} lines", calc.lines().count());
}

#[test]
fn projects() {
    assert_golden("fixtures/projects/checked-in/wasmport.toml");
    assert_golden("fixtures/projects/verified/wasmport.toml");
}

/// The transforms of the project were made with them.
#[test]
fn the_guests_side_in_the_sources() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let settings = fixtures.join("projects/record-filters/wasmport.toml");
    let importer = Importer::new(Settings::from_file(&settings).unwrap());
    for (language, file) in
        [(GuestLanguage::C, "transform.h"), (GuestLanguage::Rust, "transform.rs")]
    {
        let committed = std::fs::read_to_string(fixtures.join("sources/transforms").join(file));
        assert_eq!(importer.guest("transform", None, language).unwrap(), committed.unwrap());
    }
}
