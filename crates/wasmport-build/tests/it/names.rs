//! Names that could break generated code, or collide.

use crate::project::{CALC, Project, failure_of, statuses};
use std::collections::BTreeSet;
use wasmport_build::Status;

/// A wrapper of functions exported under these names.
fn wrapper(names: &[&str]) -> String {
    let exports: String =
        names.iter().map(|name| format!("(func (export \"{}\"))", escaped(name))).collect();
    let project = Project::with(&[("names.wat", format!("(module {exports})").as_bytes())]);
    let report = project.import();
    assert_eq!(statuses(&report), [("names.wat", Status::Imported)], "{:?}", report.assets);
    project.wrapper("names")
}

fn escaped(name: &str) -> String {
    name.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

/// The public methods of the wrapper's main `impl`.
fn methods(source: &str) -> Vec<String> {
    let file = syn::parse_file(source).unwrap();
    let impls = file.items.iter().filter_map(|item| match item {
        syn::Item::Impl(item) if item.trait_.is_none() => Some(item),
        _ => None,
    });
    let is_wrapper = |item: &&syn::ItemImpl| matches!(&*item.self_ty, syn::Type::Path(path) if path.path.is_ident("Names"));
    let items = impls.filter(is_wrapper).flat_map(|item| &item.items);
    items
        .filter_map(|item| match item {
            syn::ImplItem::Fn(method) => Some(method.sig.ident.to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn fault_12_hostile_text_stays_inside_literals() {
    let names = [
        "quote\"d",
        "new\nline",
        "*/ end",
        "/* open",
        "\"#",
        "}",
        "{0}",
        "back\\slash",
        "`code`",
        "[link]",
        "<b>",
        "\r",
        "\u{202e}x",
        "a\u{200b}b",
    ];
    let source = wrapper(&names);
    syn::parse_file(&source).unwrap();
    assert!(
        !source.contains('\u{202e}') && !source.contains('\u{200b}'),
        "bidi text reached the source"
    );
    assert!(source.lines().all(|line| !line.contains('\r')));
    assert_eq!(methods(&source).len(), names.len());
}

#[test]
fn fault_13_keywords_and_impossible_identifiers() {
    let names =
        ["type", "self", "Self", "crate", "_", "1st", "", "async", "new", "instance", "r#fn"];
    let source = wrapper(&names);
    let methods = methods(&source);
    for expected in ["type_", "self_", "crate_", "_1st", "async_", "new_", "instance_"] {
        assert!(methods.iter().any(|m| m.starts_with(expected)), "{expected} not in {methods:?}");
    }
}

#[test]
fn fault_14_every_export_has_its_own_method() {
    let names = ["getX", "get_x", "GetX", "foo-bar", "foo_bar", "set-n", "n", "é", "e\u{301}", "ü"];
    let methods = methods(&wrapper(&names));
    let unique: BTreeSet<_> = methods.iter().collect();
    assert_eq!(unique.len(), methods.len(), "{methods:?}");
    assert!(methods.contains(&"get_x".into()) && methods.contains(&"foo_bar".into()));
    // A further export takes no name from those that are there.
    let more = self::methods(&wrapper(&[&["get-x"][..], &names[..]].concat()));
    assert!(methods.iter().all(|name| more.contains(name)), "{methods:?} {more:?}");
}

#[test]
fn a_setter_never_takes_an_exports_name() {
    let text = r#"(module (global (export "n") (mut i32) (i32.const 0)) (func (export "set_n")))"#;
    let project = Project::with(&[("names.wat", text.as_bytes())]);
    project.import();
    let methods = methods(&project.wrapper("names"));
    assert!(
        methods.contains(&"set_n".into()) && methods.iter().any(|m| m.starts_with("set_n_")),
        "{methods:?}"
    );
}

#[test]
fn fault_16_files_with_strange_names() {
    let names = [
        "spa ce.wat",
        "qu\"ote.wat",
        "self.wat",
        "mod.wat",
        "1.wat",
        "é.wat",
        "a.b.wat",
        "UPPER.wat",
        "CON.wat",
        "nul.wat",
    ];
    let project = Project::new();
    // Windows has no files of these names.
    let is_file =
        |name: &&&str| !cfg!(windows) || !["qu\"ote.wat", "CON.wat", "nul.wat"].contains(name);
    names.iter().filter(is_file).for_each(|name| project.write(name, CALC));
    let report = project.import();
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
    for path in project.outputs().keys() {
        let path = &*path.to_str().unwrap().replace('\\', "/");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/_.-".contains(c);
        assert!(path.chars().all(plain), "{path}");
        assert!(!["con.rs", "nul.rs"].contains(&path), "{path} is no file on Windows");
        if path.ends_with(".rs") {
            syn::parse_file(&std::fs::read_to_string(project.out().join(path)).unwrap()).unwrap();
        }
    }
}

#[test]
fn messages_hold_no_control_characters() {
    let text = "(module (func (export \"\\1b[31mred\\0a\")) (func (export \"\\1b[31mred\\0a\")))";
    let error = failure_of("twice.wat", text.as_bytes());
    // The lines of the text are lines of the message.
    let is_control = |c: char| c.is_control() && c != '\n';
    assert!(error.message.contains("red\\n") && !error.message.contains(is_control), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn fault_17_names_that_differ_in_case_or_extension_only() {
    let names = ["Foo.wasm", "foo.wasm", "FOO.WAT", "foo/bar.wat"];
    let project = Project::new();
    names.iter().for_each(|name| project.write(name, CALC));
    let report = project.import();
    assert_eq!(report.count(Status::Imported), names.len(), "{:?}", report.assets);
    // On a file system that ignores case the outputs are files of their own too.
    let outputs: Vec<String> =
        project.outputs().keys().map(|p| p.to_str().unwrap().to_lowercase()).collect();
    assert_eq!(outputs.iter().collect::<BTreeSet<_>>().len(), outputs.len());
    let names: BTreeSet<_> = report.assets.iter().map(|a| &a.name).collect();
    assert_eq!(names.len(), report.assets.len());
}

#[cfg(unix)]
#[test]
fn a_path_that_could_speak_to_cargo_is_refused() {
    let project = Project::with(&[("good.wat", CALC.as_bytes())]);
    project.write("x\ncargo::warning=pwned .wat", CALC);
    project.write("folder\r/inside.wat", CALC);
    let report = project.import();
    assert_eq!(report.count(Status::Failed), 2, "{:?}", report.assets);
    for (_, error) in report.failures() {
        assert!(error.message.contains("control character"), "{error}");
        assert_eq!(error.to_string().lines().count(), 2, "{error}");
    }
    assert_eq!(report.count(Status::Imported), 1);
}

#[test]
fn fault_15_invisible_and_look_alike_names_are_told_apart_in_plain_text() {
    // Right-to-left override, zero-width joiner, and one letter composed and decomposed.
    let names =
        ["\u{202e}evil", "evil", "a\u{200d}b", "ab", "caf\u{e9}", "cafe\u{301}", "\u{430}", "a"];
    let source = wrapper(&names);
    assert!(!source.contains(['\u{202e}', '\u{200d}']), "nothing in the source is invisible");
    let methods = methods(&source);
    assert!(methods.iter().all(|method| method.is_ascii()), "{methods:?}");
    assert_eq!(methods.iter().collect::<BTreeSet<_>>().len(), names.len(), "{methods:?}");
    for name in names {
        let shown: String = name
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() })
            .collect();
        assert!(source.contains(&shown), "{shown} is documented");
    }
}

#[test]
fn fault_19_over_long_names_are_cut_and_told_apart() {
    let (long, longer) = ("x".repeat(700), "x".repeat(701));
    let names = [long.as_str(), longer.as_str(), "x"];
    let source = wrapper(&names);
    let methods = methods(&source);
    let cut: BTreeSet<&String> = methods.iter().filter(|m| m.starts_with("xxx")).collect();
    assert_eq!(cut.len(), 2, "{methods:?}");
    assert!(cut.iter().all(|m| m.len() < 80));
    assert!(source.contains(&format!("\"{longer}\"")), "the whole name is what is looked up");
}
