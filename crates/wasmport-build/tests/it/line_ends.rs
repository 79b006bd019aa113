//! Check-outs with other line ends than the commit: text, generated or not, has the same digests.

use crate::project::{CALC, Project, statuses};
use std::fs;
use std::path::Path;
use wasmport_build::{Settings, Status};

const SETTINGS: &str = "targets = [\"source\"]\nimport.roots = [\"assets\"]\n\
    [[asset]]\nmatch = \"text.wat\"\napi = '''\nfn len(text: &str)\n    -> i32;\n'''\n";

const TEXT: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) (i32.const 8))
  (func (export "free") (param i32))
  (func (export "len") (param i32 i32) (result i32) (local.get 1)))
"#;

/// Converts each text file of a folder, as git does with `core.autocrlf`. Returns how many it converted.
fn to_crlf(folder: &Path) -> usize {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let convert = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains(['\0', '\r']));
        let Some(text) = text.filter(|text| text.contains('\n')) else { return false };
        fs::write(path, text.replace('\n', "\r\n")).unwrap();
        true
    };
    files.filter(|entry| convert(entry.path())).count()
}

#[test]
fn other_line_ends_are_no_change() {
    let project = Project::with(&[
        ("calc.wat", format!(";; A comment.\n{CALC}\n").as_bytes()),
        ("text.wat", TEXT.as_bytes()),
        // A binary source with what looks like an end of a line.
        ("bin.wasm", &crate::project::wasm("(module (@custom \"x\" \"\\r\\n\\n\"))")),
    ]);
    let settings = project.settings(SETTINGS).unwrap();
    let importer =
        |settings: Settings| wasmport_build::Importer::new(settings).out_dir(project.out());
    importer(settings).update_lock().run(&()).unwrap();
    let binary = fs::read(project.assets().join("bin.wasm")).unwrap();
    fs::remove_dir_all(project.path().join("cache")).unwrap();

    // wasmport.toml, wasmport.lock, two sources, three wrappers, mod.rs, wasmport.json.
    assert_eq!(to_crlf(project.path()), 10, "the key of the cache is text too");
    fs::write(project.path().join("cache-key"), format!("{}\n", "07".repeat(32))).unwrap();
    assert_eq!(fs::read(project.assets().join("bin.wasm")).unwrap(), binary);
    let before = project.outputs();
    let crlf = || {
        let mut settings = Settings::from_file(&project.path().join("wasmport.toml")).unwrap();
        settings.cache = project.cache();
        importer(settings).locked()
    };
    let unchanged = [
        ("bin.wasm", Status::Unchanged),
        ("calc.wat", Status::Unchanged),
        ("text.wat", Status::Unchanged),
    ];
    assert_eq!(statuses(&crlf().run_check().unwrap()), unchanged);
    assert_eq!(statuses(&crlf().run(&()).unwrap()), unchanged);
    assert_eq!(statuses(&crlf().reproduce().run(&()).unwrap()), unchanged);
    assert_eq!(project.outputs(), before);

    // A change is a change, with any line ends.
    project.write("calc.wat", format!(";; Another comment.\r\n{CALC}\r\n"));
    let check = crlf().run_check().unwrap();
    assert_eq!(
        check.assets[1].stale.as_deref().map(|why| why.lines().next().unwrap()),
        Some("its source changed since it was imported")
    );
}

#[test]
fn an_import_after_the_check_out_replaces_what_it_wrote() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let before = project.outputs();
    assert!(to_crlf(&project.out()) > 2);
    // The source is another one; the old outputs are recognized as the importer's own.
    project.write("calc.wat", "(module)");
    assert_eq!(statuses(&project.import()), [("calc.wat", Status::Imported)]);
    project.write("calc.wat", CALC);
    project.import();
    assert_eq!(project.outputs(), before);
    assert!(to_crlf(&project.out()) > 2);
    fs::remove_file(project.assets().join("calc.wat")).unwrap();
    let report = project.import();
    assert_eq!(report.removed, ["calc.wat"]);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    assert!(!project.out().join("calc.rs").exists());
}
