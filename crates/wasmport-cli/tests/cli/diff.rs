//! Comparisons by the command: folders, files, formats, denied differences and hostile names.

use crate::{CALC, code, json, project, wasmport};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// A module that wants more than [`CALC`], and lacks its export.
const GREEDY: &str = r#"(module
    (import "env" "log" (func (param i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "two") (result i32) (i32.const 2)))"#;

pub fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The assets of a result as JSON, by path.
pub fn asset<'r>(report: &'r Value, path: &str) -> &'r Value {
    let assets = report["assets"].as_array().unwrap();
    assets.iter().find(|asset| asset["path"] == path).unwrap_or_else(|| panic!("{path}: {report}"))
}

/// Two folders: an asset that changed, one that was added, one that was removed, and one that stayed.
fn folders() -> TempDir {
    project(&[
        ("old/calc.wat", CALC),
        ("old/mods/gone.wat", "(module)"),
        // Git may check text out with other line ends.
        ("old/same.wat", "(module (func))\n"),
        ("old/notes.txt", "no asset"),
        ("old/.hidden/a.wat", "(not wat"),
        ("new/calc.wat", GREEDY),
        ("new/mods/new.wat", CALC),
        ("new/same.wat", "(module (func))\r\n"),
    ])
}

#[test]
fn assets_of_folders_are_matched_by_their_paths() {
    let project = folders();
    let output = wasmport(project.path(), &["diff", "old", "new"]);
    let (out, err) = text(&output);
    assert_eq!((code(&output), err.as_str()), (0, ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    for line in [
        "  changed calc.wat: breaks, major, 36 -> 115 bytes (+79)",
        "          NOW WANTS",
        "            files: reads and writes in folders that the program opens for it (path_open)",
        "            the program: functions of \"env\" (env)",
        "          + import env \"log\": (func (param i32))",
        "              breaks: the host must provide it",
        "          + export \"memory\": (memory 1)",
        "              compatible: callers do not need it",
        "          - export \"one\": (func (result i32))",
        "              breaks: callers lack it",
        "    added mods/new.wat: module, 36 bytes",
        "  removed mods/gone.wat: module, 8 bytes",
        "diff: 1 added, 1 removed, 1 changed, 1 same; breaks, major",
    ] {
        assert!(lines.contains(&line), "{line}\n---\n{out}");
    }
    assert!(out.contains("section import: new, "), "{out}");
    assert!(
        !out.contains("same.wat") && !out.contains("notes") && !out.contains("hidden"),
        "{out}"
    );
    let verbose = text(&wasmport(project.path(), &["diff", "old", "new", "-v"])).0;
    assert!(verbose.contains("     same same.wat"), "{verbose}");
    // Text with other line ends is another file, and the same asset.
    let quiet = text(&wasmport(project.path(), &["diff", "old", "new", "-q"]));
    assert_eq!(quiet, (String::new(), String::new()));
}

#[test]
fn the_result_as_json_has_every_difference() {
    let project = folders();
    let output = wasmport(project.path(), &["diff", "old", "new", "--format", "json"]);
    assert_eq!((code(&output), text(&output).1.as_str()), (0, ""));
    let report = json(&output);
    assert_eq!(report["before"], json!({ "name": "old", "kind": "folder" }));
    let calc = asset(&report, "calc.wat");
    assert_eq!((&calc["status"], &calc["level"]), (&json!("changed"), &json!("major")));
    let log = json!({
        "direction": "import", "of": "env", "name": "log", "before": null, "after": "(func (param i32))",
        "compatibility": "breaks", "level": "major", "reason": "the host must provide it",
    });
    assert!(calc["interface"].as_array().unwrap().contains(&log), "{calc}");
    assert_eq!(calc["capabilities"]["gained"][0]["kind"], "files");
    assert_eq!(calc["engine"]["cargo_features_gained"], json!(["wasi"]));
    // The function has the same size, at another index.
    assert_eq!(calc["sizes"]["functions"], json!([]));
    assert_eq!(calc["sizes"]["sections"][0]["name"], "import");
    let added = asset(&report, "mods/new.wat");
    assert_eq!((&added["status"], &added["before"]), (&json!("added"), &Value::Null));
    assert_eq!(asset(&report, "mods/gone.wat")["compatibility"], "breaks");
    assert_eq!(asset(&report, "same.wat")["status"], "same");
    let expected = json!({
        "added": 1, "removed": 1, "changed": 1, "same": 1, "failed": 0,
        "compatibility": "breaks", "level": "major",
    });
    assert_eq!(report["summary"], expected);
    let without = ["diff", "old", "new", "--no-sizes", "--format", "json"];
    let without = json(&wasmport(project.path(), &without));
    assert_eq!(asset(&without, "calc.wat")["sizes"], Value::Null);
}

#[test]
fn denied_differences_have_a_line_each() {
    let project = folders();
    let denied = |kinds: &str| {
        let output = wasmport(project.path(), &["diff", "old", "new", "--deny", kinds, "-q"]);
        let lines = text(&output).1.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
        (code(&output), lines)
    };
    let (status, lines) = denied("breaking");
    assert_eq!(status, 3);
    assert_eq!(
        lines,
        [
            "error: calc.wat: breaking: import env \"log\": the host must provide it, and 2 more",
            "error: mods/gone.wat: breaking: it was removed",
        ]
    );
    let (status, lines) = denied("new-capabilities,new-imports,larger");
    assert_eq!((status, lines.len()), (3, 3), "{lines:?}");
    assert!(lines[0].contains("new-capabilities: it wants files: "), "{lines:?}");
    assert!(
        lines[1]
            .ends_with("new-imports: it imports env \"log\", wasi_snapshot_preview1 \"path_open\"")
    );
    assert!(lines[2].ends_with("larger: 36 bytes became 115 bytes (+79)"), "{lines:?}");
    // Nothing is denied of the same folder, and the other way round nothing is new.
    assert_eq!(code(&wasmport(project.path(), &["diff", "old", "old", "--deny", "breaking"])), 0);
    let back = ["diff", "new", "old", "--deny", "new-capabilities,new-imports,larger"];
    assert_eq!(code(&wasmport(project.path(), &back)), 0);
    // An added asset wants something, too.
    fs::write(project.path().join("old/wants.wat"), GREEDY).unwrap();
    let back = wasmport(project.path(), &["diff", "new", "old", "--deny", "new-imports"]);
    assert_eq!(code(&back), 3);
    assert!(text(&back).1.contains("wants.wat: new-imports"), "{:?}", text(&back));
    let report = json(&wasmport(
        project.path(),
        &["diff", "old", "new", "--deny", "breaking", "--format", "json"],
    ));
    assert_eq!(report["denied"][1]["rule"], "breaking");
    assert_eq!(code(&wasmport(project.path(), &["diff", "old", "new", "--deny", "x"])), 2);
}

#[test]
fn files_are_compared_whatever_their_names_are() {
    let project = project(&[("one.wat", CALC), ("two.bin", GREEDY), ("bad.wasm", "\0asm\u{1}")]);
    let run = |a: &str, b: &str| wasmport(project.path(), &["diff", a, b, "--format", "json"]);
    let report = json(&run("one.wat", "two.bin"));
    assert_eq!(asset(&report, "two.bin")["compatibility"], "breaks");
    assert_eq!(json(&run("one.wat", "one.wat"))["summary"]["same"], 1);
    let output = run("one.wat", "bad.wasm");
    let report = json(&output);
    assert_eq!((code(&output), &report["assets"][0]["status"]), (1, &json!("failed")));
    assert_eq!(report["summary"]["compatibility"], Value::Null);
    assert!(text(&output).1.contains("bad.wasm"), "{:?}", text(&output));
    // Sides that cannot be compared.
    let refused = |a: &str, b: &str| {
        let output = wasmport(project.path(), &["diff", a, b]);
        assert_eq!(code(&output), 2, "{:?}", text(&output));
        text(&output).1
    };
    assert!(refused("one.wat", "gone.wat").contains("`gone.wat` does not exist"));
    fs::create_dir(project.path().join("folder")).unwrap();
    let mixed = refused("folder", "one.wat");
    assert!(mixed.contains("`folder` is a folder, and `one.wat` is a file"), "{mixed}");
    assert_eq!(json(&run("folder", "folder"))["assets"], json!([]));
}

#[test]
fn components_are_compared_by_interface_and_item() {
    let with = |version: &str, items: &str| {
        format!(
            r#"(component
                (import "demo:app/log@{version}" (instance $log {items}))
                (import "wasi:random/random@0.2.0" (instance)))"#
        )
    };
    let print = r#"(export "print" (func (param "line" string)))"#;
    let more = format!(r#"{print} (export "flush" (func))"#);
    let project = project(&[
        ("a.wat", &with("0.2.0", print)),
        ("b.wat", &with("0.2.1", print)),
        ("c.wat", &with("0.2.1", &more)),
    ]);
    let diff = |a: &str, b: &str| {
        json(&wasmport(project.path(), &["diff", a, b, "--format", "json"]))["assets"][0].clone()
    };
    let version = diff("a.wat", "b.wat");
    assert_eq!(
        (&version["compatibility"], &version["level"]),
        (&json!("compatible"), &json!("minor"))
    );
    let change = &version["interface"][0];
    assert_eq!(change["before"], "demo:app/log@0.2.0", "{version}");
    assert_eq!(change["after"], "demo:app/log@0.2.1");
    let function = diff("b.wat", "c.wat");
    assert_eq!(function["compatibility"], "breaks");
    assert_eq!(function["interface"][0]["name"], "flush", "{function}");
    assert_eq!(function["interface"][0]["after"], "func()");
}

/// A module with names that would control a terminal or a page.
fn hostile(path: &Path, index: usize) {
    let name = r"\1b[2J</code><script>`|\n@all \e2\80\ae";
    let text = format!(
        r#"(module (import "env{name}" "{name}" (func)) (func (export "f{index}{name}") nop))"#
    );
    fs::write(path, text).unwrap();
}

#[test]
fn pages_for_pull_requests_are_bounded_and_escaped() {
    let project = project(&[("old/a.wat", CALC), ("new/a.wat", CALC)]);
    hostile(&project.path().join("new/a.wat"), 0);
    let run = |deny: &str| {
        wasmport(project.path(), &["diff", "old", "new", "--format", "markdown", "--deny", deny])
    };
    let output = run("breaking");
    let page = text(&output).0;
    assert_eq!(code(&output), 3);
    assert!(page.starts_with("### Differences of `old` and `new`\n\n1 changed; breaks, major\n"));
    assert!(
        page.contains("\n| asset | result | compatibility | version | size |\n|---|"),
        "{page}"
    );
    assert!(page.contains("\n| `a.wat` | changed | breaks | major | 36 -> "), "{page}");
    assert!(page.contains("- **breaking**: `a.wat`: "), "{page}");
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{page:?}");
    // Markup is inside code spans alone.
    for line in page.lines().filter(|line| line.contains("<script>")) {
        let before = line.split("<script>").next().unwrap();
        assert!(before.contains("``"), "{line}");
    }
    for index in 0..400 {
        hostile(&project.path().join(format!("new/{index}{}.wat", "x".repeat(100))), index);
    }
    let page = text(&run("new-imports")).0;
    assert!((50_000..=60_100).contains(&page.len()), "{}", page.len());
    assert!(page.trim_end().ends_with("assets were left out."), "{page}");
}

#[test]
fn names_control_no_terminal() {
    let project = project(&[("old/a.wat", CALC)]);
    fs::create_dir(project.path().join("new")).unwrap();
    hostile(&project.path().join("new/a.wat"), 0);
    let output = wasmport(
        project.path(),
        &["diff", "old", "new", "-v", "--deny", "breaking,new-imports,new-capabilities,larger"],
    );
    let (out, err) = text(&output);
    assert_eq!(code(&output), 3);
    for shown in [out, err] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        assert!(shown.contains(r"\u{1b}[2J"), "{shown}");
    }
}
