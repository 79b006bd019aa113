//! The stage that exports the state of modules: what it adds, what wrappers see of it, and what it refuses.

use crate::project::{Project, failure, stage};
use wasmport_build::{AssetErrorKind, Stage};

const GUEST: &str = r#"(module
    (memory 1) (global $count (mut i32) (i32.const 0))
    (func $start (global.set $count (i32.const 1)))
    (func (export "count") (result i32) (global.get $count))
    (start $start))"#;

/// The exports of a module, without the digest in the mark.
fn exports(wasm: &[u8]) -> Vec<String> {
    let payloads = wasmparser::Parser::new(0).parse_all(wasm).map(Result::unwrap);
    let sections = payloads.filter_map(|payload| match payload {
        wasmparser::Payload::ExportSection(section) => Some(section),
        _ => None,
    });
    let exports = sections.flatten().map(|export| export.unwrap().name.to_owned());
    let is_mark = |name: &String| name.starts_with("wasmport:snapshot:");
    exports.map(|name| if is_mark(&name) { "mark".to_owned() } else { name }).collect()
}

fn has_start(wasm: &[u8]) -> bool {
    let mut payloads = wasmparser::Parser::new(0).parse_all(wasm).map(Result::unwrap);
    payloads.any(|payload| matches!(payload, wasmparser::Payload::StartSection { .. }))
}

#[test]
fn artifacts_export_the_state_and_wrappers_do_not() {
    let project = Project::with(&[("guest.wat", GUEST.as_bytes())]);
    let targets = "targets = [\"source\"]\n";
    let report = project.import_with(targets);
    let plain = project.artifact(&report, "guest.wat", "source");
    assert!(has_start(&plain) && exports(&plain) == ["count"]);
    assert!(!project.wrapper("guest").contains("reactor: true"));

    let settings = format!("{targets}[[asset]]\nmatch = \"guest.wat\"\nsnapshot = true\n");
    let report = project.import_with(&settings);
    let saved = project.artifact(&report, "guest.wat", "source");
    assert!(!has_start(&saved));
    let expected = ["count", "mark", "wasmport:memory:0", "wasmport:global:0", "wasmport:start"];
    assert_eq!(exports(&saved), expected);
    assert!(stage(&report, Stage::Snapshot).after > stage(&report, Stage::Snapshot).before);
    let wrapper = project.wrapper("guest");
    assert!(!wrapper.contains("\"wasmport:"), "{wrapper}");
    // Instances in stores of the program's own are started too.
    assert!(wrapper.contains("reactor: true"), "{wrapper}");
}

#[test]
fn components_and_reserved_names_are_errors_of_the_settings() {
    let targets = "targets = [\"source\"]\n[defaults]\nsnapshot = true\n";
    let named = r#"(module (memory (export "wasmport:memory:0") 1))"#;
    for (name, text, reason) in [
        ("component.wat", "(component)", "the file is a component"),
        ("named.wat", named, "\"wasmport:memory:0\" has a name that is reserved"),
        ("shared.wat", "(module (memory 1 2 shared))", "memory 0 is shared"),
    ] {
        let project = Project::with(&[(name, text.as_bytes())]);
        let report = project.configured(targets).run(&()).unwrap();
        let error = failure(&report);
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Snapshot, AssetErrorKind::Settings),
            "{error}"
        );
        assert!(error.message.contains(reason) && error.help.is_some(), "{error}");
    }
}
