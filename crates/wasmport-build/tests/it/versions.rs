//! Interfaces with versions: what of them is derived, and what is refused.

mod names;

use crate::project::Project;
use std::fs;
use wasmport_build::{GuestLanguage, Report, Status};

const SETTINGS: &str = r#"
import.roots = []

[[interface]]
name = "plugin"
versions = { v1 = "v1.wit#plugin", v2 = "v2.wit#plugin" }
"#;

/// A project with an interface whose versions have this content.
fn project(v1: &str, v2: &str) -> Project {
    let project = Project::new();
    write(&project, "v1", v1);
    write(&project, "v2", v2);
    project
}

fn write(project: &Project, version: &str, wit: &str) {
    let text = format!("package demo:app;\n{wit}");
    fs::write(project.path().join(format!("{version}.wit")), text).unwrap();
}

fn error(report: &Report) -> String {
    report.failures().map(|(_, error)| error.to_string()).collect()
}

/// The list in the wrapper's documentation, of the older version.
fn list(v1: &str, v2: &str) -> Vec<String> {
    let project = project(v1, v2);
    let report = project.import_with(SETTINGS);
    assert_eq!(error(&report), "");
    let wrapper = project.wrapper("plugin");
    let (_, list) = wrapper.split_once("//! ## `v1`").unwrap();
    let (list, _) = list.split_once("//! ## `v2`").unwrap();
    let lines = list.lines().filter_map(|line| line.strip_prefix("//! - "));
    lines.map(ToOwned::to_owned).collect()
}

/// A world that exports and imports functions with one type.
fn with_type(definition: &str) -> String {
    format!(
        "interface types {{ {definition} give: func() -> thing; take: func(thing: thing); }}
         world plugin {{ import types; export run: func(things: list<string>); }}"
    )
}

#[test]
fn changes_of_types_are_derived_if_nothing_is_lost() {
    let written = |v1: &str, v2: &str| {
        let list = list(&with_type(v1), &with_type(v2));
        let of = |title: &str| {
            let found = list.iter().find_map(|line| line.strip_prefix(title));
            found.unwrap_or_default().to_owned()
        };
        (
            of("Types of `v2`: "),
            of("Conversions to and from `v2` that are derived: "),
            of("Conversions to and from `v2` that the program writes: "),
        )
    };
    let none = String::new;
    let thing = || "`demo::app::types::Thing`".to_owned();
    let both = || "`upgrade_thing`, `downgrade_thing`".to_owned();
    let cases = [
        // The same, whatever the documentation.
        ("record thing { a: u8 }", "/// New.\nrecord thing { a: u8 }", thing(), none(), none()),
        (
            "record thing { a: u8 }",
            "record thing { a: u8, b: option<u8> }",
            none(),
            thing(),
            none(),
        ),
        (
            "record thing { a: u8, b: option<u8> }",
            "record thing { a: u8 }",
            none(),
            thing(),
            none(),
        ),
        ("record thing { a: u8 }", "record thing { a: u8, b: u8 }", none(), none(), both()),
        ("record thing { a: u8 }", "record thing { a: u16 }", none(), none(), both()),
        ("record thing { a: u8, b: u8 }", "record thing { b: u8, a: u8 }", none(), thing(), none()),
        ("enum thing { a }", "enum thing { a, b }", none(), thing(), none()),
        // A guest may give the case that is gone.
        ("enum thing { a, b }", "enum thing { a }", none(), thing(), "`upgrade_thing`".into()),
        ("variant thing { a(u8) }", "variant thing { a(u8), b(string) }", none(), thing(), none()),
        ("variant thing { a(u8) }", "variant thing { a(u16) }", none(), none(), both()),
        ("flags thing { a }", "flags thing { a, b }", none(), thing(), none()),
        ("flags thing { a, b }", "flags thing { a }", none(), thing(), "`upgrade_thing`".into()),
        ("enum thing { a }", "record thing { a: u8 }", none(), none(), both()),
        // Both have the cases, but are not one type of Rust.
        ("enum thing { a }", "variant thing { a }", none(), thing(), none()),
        // Options alone prove nothing, and a field in the place of another may be the same under a new name.
        (
            "record thing { a: option<u8> }",
            "record thing { b: option<u8> }",
            none(),
            none(),
            both(),
        ),
        (
            "record thing { a: u8, b: option<u8> }",
            "record thing { a: u8, c: option<u8> }",
            none(),
            none(),
            both(),
        ),
        // What is a part of a type that the program converts is not converted by itself.
        (
            "record part { a: u8 } record thing { part: part, b: u8 }",
            "record part { a: u16 } record thing { part: part, c: u8 }",
            none(),
            none(),
            both(),
        ),
    ];
    for (v1, v2, shared, derived, by_program) in cases {
        assert_eq!(written(v1, v2), (shared, derived, by_program), "{v1} {v2}");
    }
}

#[test]
fn functions_are_found_by_their_names() {
    let lines = list(
        "interface host { moved: func(a: u8) -> u8; changed: func(a: u8); gone: func(); twice: func(); }
         world plugin { import host; export run: func() -> u8; export same: func(text: string) -> string; }",
        "interface host { changed: func(a: u8, b: u8); }
         interface other { moved: func(b: u8) -> u8; twice: func(); }
         interface third { twice: func(); }
         world plugin {
             import host; import other; import third;
             export run: func(a: u8) -> u8; export same: func(words: string) -> string; export new: func();
         }",
    );
    assert_eq!(
        lines,
        [
            "Parameters that have another name in `v2`: `a` of `demo::app::host::moved`, now `b`, `text` of `same`, now \
             `words`",
            "Conversions to and from `v2` that the program writes: `host_changed`, `host_gone`, `host_twice`, `call_run`",
            "Functions of `v2` that guests lack: `new`",
        ]
    );
}

#[test]
fn parameters_are_found_by_their_names() {
    let lines = list(
        "interface host { copy: func(source: string, target: string); show: func(text: string); }
         world plugin {
             import host;
             export find: func(text: string, limit: u32) -> u32; export open: func(path: string, mode: u8);
             export run: func(first: u8, second: u8); export set: func(value: u8); export try: func(a: u8);
         }",
        "interface host { copy: func(target: string, source: string); show: func(text: string, colour: option<u8>); }
         world plugin {
             import host;
             export find: func(limit: u32, text: string) -> u32; export open: func(mode: u8, file: string);
             export run: func(first: u8, last: u8); export set: func(value: u8, scale: option<u8>);
             export try: func(a: u8, b: u8);
         }",
    );
    assert_eq!(
        lines,
        [
            "Optional values that only `v2` or only `v1` has: `demo::app::host::show(colour)`, `set(scale)`",
            "Parameters that have another name in `v2`: `second` of `run`, now `last`",
            "Conversions to and from `v2` that the program writes: `call_open`, `call_try`",
        ]
    );
}

#[test]
fn values_go_to_the_parameters_of_their_names() {
    let project = project(
        "interface host { copy: func(source: u8, target: u8); }
         world plugin { import host; export find: func(first: u8, second: u8) -> u32; }",
        "interface host { copy: func(target: u8, source: u8, mode: option<u8>); }
         world plugin { import host; export find: func(second: u8, first: u8, limit: option<u8>) -> u32; }",
    );
    assert_eq!(error(&project.import_with(SETTINGS)), "");
    let wrapper = project.wrapper("plugin");
    let wrapper: String = wrapper.split_whitespace().collect();
    assert!(
        wrapper.contains("::copy(self,target,source,::core::option::Option::None"),
        "{wrapper}"
    );
    assert!(wrapper.contains("call_find::<_C>(plugin,store,first,second)"), "{wrapper}");
}

#[test]
fn types_with_two_names_are_converted_by_the_program() {
    let text = |name: &str| {
        format!(
            "interface types {{
                 record first {{ a: u8 }} record second {{ a: u8 }} record other {{ a: u8, b: option<u8> }}
                 give: func() -> {name}; many: func() -> list<{name}>;
             }}
             world plugin {{ import types; }}"
        )
    };
    let program =
        "Conversions to and from `v2` that the program writes: `downgrade_second_to_first`";
    assert_eq!(list(&text("first"), &text("second")).last().unwrap(), program);
}

#[test]
fn optional_fields_that_a_version_lacks_are_listed() {
    let with = |fields: &str| {
        format!(
            "interface types {{ record thing {{ a: u8{fields} }} take: func(thing: thing); }}
             world plugin {{ export types; }}"
        )
    };
    let lines = list(&with(""), &with(", b: option<u8>"));
    let dropped =
        "Optional values that only `v2` or only `v1` has: `exports::demo::app::types::Thing.b`";
    assert!(lines.iter().any(|line| line == dropped), "{lines:?}");
}

#[test]
fn what_cannot_be_converted_is_refused() {
    let refused = |v1: &str| {
        let project = project(v1, "world plugin { export run: func() -> u8; }");
        error(&project.import_with(SETTINGS))
    };
    let error = refused("world plugin { export run: async func() -> u8; }");
    assert!(
        error.contains("an interface with versions has an export that runs beside other calls in the version `v1`"),
        "{error}"
    );
    let help = "make an interface of its own of the version, with `wit` in the place of `versions`";
    assert!(error.contains(help), "{error}");
    let error = refused("world plugin { import wait: async func(); export run: func() -> u8; }");
    assert!(error.contains("in the version `v1`"), "{error}");
    let error = refused("world other {}");
    assert!(error.contains("v1.wit") && error.contains("World `plugin` not found"), "{error}");
}

#[test]
fn a_change_of_any_version_makes_the_wrapper_stale() {
    let world = "world plugin { export run: func() -> u8; }";
    let project = project(world, world);
    assert_eq!(error(&project.import_with(SETTINGS)), "");
    let before = project.wrapper("plugin");
    let stale = || project.configured(SETTINGS).run_check().unwrap().count(Status::Stale);
    assert_eq!(stale(), 0);
    write(&project, "v1", "world plugin { export run: func() -> u16; }");
    assert_eq!(stale(), 1);
    assert_eq!(error(&project.import_with(SETTINGS)), "");
    assert_ne!(project.wrapper("plugin"), before);
}

#[test]
fn settings_of_versions_are_checked_where_they_stand() {
    let project = project("world plugin {}", "world plugin {}");
    let said = |text: &str| project.settings(text).unwrap_err().to_string();
    let text = said(&format!("{SETTINGS}detect = {{ section = \"a\", export = \"b-*\" }}\n"));
    assert!(text.contains("line 7, column 1"), "{text}");
    assert!(text.contains("the version is detected in one way"), "{text}");
    let text = said(&format!("{SETTINGS}wit = \"v1.wit#plugin\"\n"));
    assert!(text.contains("needs one description"), "{text}");
}

#[test]
fn guests_are_written_for_a_version() {
    let project = project(
        "world plugin { export first: func(); }",
        "world plugin { export second: func(); }",
    );
    let text = format!("{SETTINGS}detect = {{ section = \"plugin-version\" }}\n");
    let guest = |version: Option<&str>| {
        project.configured(&text).guest("plugin", version, GuestLanguage::Wit)
    };
    let newest = guest(None).unwrap();
    assert!(newest.contains("export second") && newest.contains("`v2`"), "{newest}");
    let first = guest(Some("v1")).unwrap();
    assert!(first.contains("export first") && first.contains("*b\"v1\""), "{first}");
    let error = guest(Some("v3")).unwrap_err().to_string();
    assert!(error.contains("there is no version `v3`, only v1, v2"), "{error}");
}

#[test]
fn a_function_that_is_still_in_its_interface_has_not_moved() {
    let commands = "interface commands { run: func(text: string) -> u32; }";
    let tasks = "interface tasks { run: func(text: string) -> u32; }";
    let list_of = |newer: &str| {
        list(
            &format!("{commands} world plugin {{ export commands; }}"),
            &format!("{commands} {tasks} world plugin {{ {newer} }}"),
        )
    };
    let lacking = "Functions of `v2` that guests lack: `demo:app/tasks#run`";
    assert_eq!(list_of("export commands; export tasks;"), [lacking]);
    assert_eq!(list_of("export tasks;"), [""; 0], "it has moved");

    let file = "interface file { write: func(text: string); }";
    let logger = "interface logger { write: func(text: string); }";
    let found = list(
        &format!("{file} {logger} world plugin {{ import file; import logger; }}"),
        &format!("{file} world plugin {{ import file; }}"),
    );
    let written = "Conversions to and from `v2` that the program writes: `logger_write`";
    assert_eq!(found, [written], "no text for the log goes to the file");
}

#[test]
fn a_parameter_may_be_called_plugin() {
    let world = |more: &str| {
        format!("world plugin {{ export run: func(plugin: string, store: u32{more}) -> u32; }}")
    };
    let found = list(&world(""), &world(", more: u32"));
    assert_eq!(found, ["Conversions to and from `v2` that the program writes: `call_run`"]);
}

#[test]
fn types_with_handles_are_one_if_the_resources_are() {
    let world = |other: &str, from: &str| {
        format!(
            "interface first {{ resource file {{ close: func(); }} }} {other}
             interface types {{ use {from}.{{file}}; record thing {{ file: file }} take: func(thing: thing); }}
             world plugin {{ import first; import types; }}"
        )
    };
    let other = "interface second { resource file { close: func(); } }";
    let lines = list(&world("", "first"), &world(other, "second"));
    assert_eq!(
        lines,
        [
            "Own types: `demo::app::types::Thing`",
            "Types of `v2`: `demo::app::first::File`",
            "Conversions to and from `v2` that the program writes: `upgrade_thing`",
        ]
    );
    let lines = list(&world("", "first"), &world(other, "first"));
    assert_eq!(lines, ["Types of `v2`: `demo::app::first::File`, `demo::app::types::Thing`"]);
}

#[test]
fn exports_that_code_may_lack_are_those_of_any_version() {
    let worlds = [
        "world plugin { export old: func(); export run: func(); }",
        "world plugin { export new: func(); export run: func(); }",
    ];
    let said = |choice: &str| {
        let project = project(worlds[0], worlds[1]);
        error(&project.import_with(&format!("{SETTINGS}{choice}\n")))
    };
    assert_eq!(said(r#"optional = ["old", "new"]"#), "");
    assert_eq!(said(r#"one-of = ["old", "new"]"#), "");
    assert_eq!(said(r#"optional = ["o*"]"#), "");
    let error = said(r#"optional = ["run", "olb"]"#);
    assert!(error.contains("`optional` has `olb`, which the interface does not export"), "{error}");
    let error = said(r#"one-of = ["old", "nev"]"#);
    assert!(error.contains("`one-of` has `nev`, which the interface does not export"), "{error}");
    let error = said(r#"one-of = ["old", "new", "old"]"#);
    assert!(error.contains("`one-of` has the export `old` twice"), "{error}");
    let error = said(r#"one-of = ["old"]"#);
    assert!(error.contains("the version `v2` has no export of `one-of`"), "{error}");

    // A version has those that it exports, in the guest's side too.
    let project = project(worlds[0], worlds[1]);
    let text = format!("{SETTINGS}optional = [\"old\", \"new\"]\n");
    let guest = |version| {
        project.configured(&text).guest("plugin", Some(version), GuestLanguage::Wit).unwrap()
    };
    for (version, has) in [("v1", "old"), ("v2", "new")] {
        let guest = guest(version);
        let (before, _) = guest.split_once(&format!("export {has}")).unwrap();
        assert!(before.trim_end().ends_with("a guest may leave it out."), "{guest}");
    }

    // A guest is refused like the import.
    let refused = |choice: &str, version| {
        let configured = project.configured(&format!("{SETTINGS}{choice}\n"));
        configured.guest("plugin", Some(version), GuestLanguage::Wit).unwrap_err().to_string()
    };
    for version in ["v1", "v2"] {
        let error = refused(r#"optional = ["older"]"#, version);
        assert!(error.contains("`optional` has `older`"), "{error}");
        let error = refused(r#"one-of = ["old"]"#, version);
        assert!(error.contains("the version `v2` has no export of `one-of`"), "{error}");
    }
}

#[test]
fn modules_of_versions_lack_what_they_may_lack() {
    let project = Project::new();
    let module = |name: &str, export: &str| {
        let text = format!(r#"(module (func (export "{export}")) (func (export "run")))"#);
        fs::write(project.path().join(name), text).unwrap();
    };
    module("v1.wat", "old");
    module("v2.wat", "new");
    let settings = |choice: &str| {
        let text = SETTINGS.replace(".wit#plugin", ".wat");
        format!("{text}{choice}\n")
    };
    let report = project.import_with(&settings(r#"optional = ["old", "new"]"#));
    assert_eq!(error(&report), "");
    let wrapper = project.wrapper("plugin");
    assert!(wrapper.contains(r#".with_optional(&["old"])"#), "{wrapper}");
    assert!(wrapper.contains(r#".with_optional(&["new"])"#), "{wrapper}");
    let text = error(&project.import_with(&settings(r#"optional = ["older"]"#)));
    assert!(text.contains("`optional` has `older`, which the interface does not export"), "{text}");
    let guest = |version| {
        let configured = project.configured(&settings(r#"optional = ["old", "new"]"#));
        configured.guest("plugin", Some(version), GuestLanguage::C).unwrap()
    };
    assert!(guest("v1").contains("a guest may leave it out."), "{}", guest("v1"));
}

#[test]
fn mends_name_the_exports_of_all_versions() {
    let project = project(
        "world plugin { export initialize: func(); }",
        "world plugin { export terminate: func(); }",
    );
    let check = |choice: &str, mend: &str| {
        let error = error(&project.import_with(&format!("{SETTINGS}{choice}\n")));
        assert!(error.contains(&format!("help: {mend}")), "{error}");
    };
    check(r#"optional = ["initialise"]"#, "did you mean `initialize`?");
    check(r#"optional = ["terminated"]"#, "did you mean `terminate`?");
    check(r#"one-of = ["initialize", "terminat"]"#, "did you mean `terminate`?");
    check(r#"one-of = ["initialize"]"#, "add the export that code of `v2` has in their place");
}

#[test]
fn one_type_tells_the_kind_of_code_of_all_versions() {
    let interfaces = "interface filter { run: func(); } interface mapper { run: func(); }";
    let world = |version: &str, exports: &str| {
        format!("package demo:app@{version};\n{interfaces} world plugin {{ {exports} }}")
    };
    let project = Project::new();
    let write = |name: &str, text: String| fs::write(project.path().join(name), text).unwrap();
    write("v1.wit", world("1.0.0", "export filter;"));
    write("v2.wit", world("2.0.0", "export filter; export mapper;"));
    let choice = r#"one-of = ["demo:app/filter", "demo:app/mapper"]"#;
    let report = project.import_with(&format!("{SETTINGS}{choice}\n"));
    assert_eq!(error(&report), "");
    let wrapper = project.wrapper("plugin");
    assert_eq!(wrapper.matches("pub enum PluginKind").count(), 1, "{wrapper}");
    let text: String = wrapper.split_whitespace().collect();
    let names = r#""demo:app/filter@1.0.0"|"demo:app/filter@2.0.0"=>Self::Filter,_=>Self::Mapper"#;
    assert!(text.contains(names), "{wrapper}");
    // The only one of a version is an export like others.
    let of_newest = r#".with_one_of(&["demo:app/filter@2.0.0","demo:app/mapper@2.0.0"])"#;
    assert!(text.contains(of_newest), "{wrapper}");
    assert_eq!(text.matches(".with_one_of(").count(), 1, "{wrapper}");
    let guest = |version| {
        let configured = project.configured(&format!("{SETTINGS}{choice}\n"));
        configured.guest("plugin", Some(version), GuestLanguage::Wit).unwrap()
    };
    assert!(!guest("v1").contains("The host calls exactly one of"), "{}", guest("v1"));
    assert!(guest("v2").contains("The host calls exactly one of"), "{}", guest("v2"));
}
