//! Digests of the importer's sources, which decide whether earlier outputs are fresh.

#[path = "../../build.rs"]
#[allow(dead_code, reason = "the build script's `main`")]
mod build;

use build::{ARTIFACTS, WRAPPERS, digest};
use std::fs;
use std::path::Path;

/// Copies the sources, each text changed by `edit`.
fn copied(edit: impl Fn(&Path, String) -> String) -> tempfile::TempDir {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(&src) {
        let entry = entry.unwrap();
        let relative = entry.path().strip_prefix(&src).unwrap();
        let copy = folder.path().join(relative);
        if entry.file_type().is_dir() {
            fs::create_dir_all(copy).unwrap();
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            fs::write(copy, edit(relative, text)).unwrap();
        }
    }
    folder
}

fn digests(folder: &tempfile::TempDir) -> [String; 2] {
    [ARTIFACTS, WRAPPERS].map(|paths| digest(folder.path(), paths).unwrap())
}

/// Appends a comment to one file.
fn edited(file: &'static str) -> [String; 2] {
    digests(&copied(|path, text| if path == Path::new(file) { text + "// edited\n" } else { text }))
}

#[test]
fn line_ends_change_no_digest() {
    let unix = digests(&copied(|_, text| text.replace("\r\n", "\n")));
    let windows = digests(&copied(|_, text| text.replace("\r\n", "\n").replace('\n', "\r\n")));
    assert_eq!(unix, windows);
}

#[test]
fn an_edit_of_code_generation_leaves_artifacts_fresh() {
    let [artifacts, wrappers] = digests(&copied(|_, text| text));
    let changed = edited("codegen/mod.rs");
    assert_eq!(changed[0], artifacts);
    assert_ne!(changed[1], wrappers);
}

#[test]
fn an_edit_of_the_pipeline_makes_artifacts_stale() {
    let [artifacts, _] = digests(&copied(|_, text| text));
    for file in ["pipeline/read.rs", "pipeline/compile.rs", "wasm/validate.rs", "tool/process.rs"] {
        assert_ne!(edited(file)[0], artifacts, "{file}");
    }
}
