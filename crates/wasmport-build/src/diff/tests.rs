//! The table of meanings, row by row.

use super::{Change, Compatibility, ContentsDiff, Direction, Level};
use crate::contents::Contents;
use crate::pipeline::inspected;
use crate::settings::ImportLimits;
use std::path::Path;
use wasmport::engine::{RequiredFeatures, WasmFeature};

fn contents_of(wasm: Vec<u8>) -> Contents {
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let path = Path::new("a.wasm");
    let (valid, found) = inspected(path, wasm, everything, &ImportLimits::default()).unwrap();
    Contents::of_valid(&valid, found).unwrap()
}

fn module(fields: &str) -> Contents {
    contents_of(wat::parse_str(format!("(module {fields})")).unwrap())
}

fn component(world: &str) -> Contents {
    contents_of(crate::component::examples::component(world))
}

/// Returns the meaning, and the changes as signs and names.
fn meaning(before: &Contents, after: &Contents) -> (String, Vec<String>) {
    let diff = ContentsDiff::of(before, after);
    let sign = |change: &Change| match (&change.before, &change.after) {
        (None, _) => '+',
        (_, None) => '-',
        _ => '~',
    };
    let changes = diff.interface.iter().map(|change| {
        let direction = if change.direction == Direction::Import { "import" } else { "export" };
        let of = if change.of.is_empty() { String::new() } else { format!("{} ", change.of) };
        format!("{} {direction} {of}{}", sign(change), change.name).trim_end().to_owned()
    });
    let changes = changes.collect();
    let (compatibility, level) = (diff.compatibility.unwrap(), diff.level.unwrap());
    (format!("{}, {}", compatibility.name(), level.name()), changes)
}

const SAME: &str = "compatible, patch";
const MINOR: &str = "compatible, minor";
const RECOMPILE: &str = "needs-recompile, minor";
const BREAKS: &str = "breaks, major";

#[test]
fn exports_of_modules() {
    let f = "(func (export \"f\") (param i32))";
    let rows = [
        // Functions.
        (f, f, SAME),
        (f, "(func (export \"f\") (param $renamed i32) nop)", SAME),
        ("", f, MINOR),
        (f, "", BREAKS),
        (f, "(func (export \"f\") (param i64))", BREAKS),
        (f, "(func (export \"f\") (param i32) (result i32) i32.const 1)", BREAKS),
        (f, "(memory (export \"f\") 1)", BREAKS),
        // Globals.
        (
            "(global (export \"g\") i32 i32.const 1)",
            "(global (export \"g\") i32 i32.const 2)",
            SAME,
        ),
        (
            "(global (export \"g\") i32 i32.const 1)",
            "(global (export \"g\") i64 i64.const 1)",
            BREAKS,
        ),
        (
            "(global (export \"g\") i32 i32.const 1)",
            "(global (export \"g\") (mut i32) i32.const 1)",
            RECOMPILE,
        ),
        (
            "(global (export \"g\") (mut i32) i32.const 1)",
            "(global (export \"g\") i32 i32.const 1)",
            BREAKS,
        ),
        // Memories.
        ("(memory (export \"m\") 1)", "(memory (export \"m\") 2)", SAME),
        ("(memory (export \"m\") 1)", "(memory (export \"m\") 1 5)", SAME),
        ("(memory (export \"m\") 1 5)", "(memory (export \"m\") 1 4)", SAME),
        ("(memory (export \"m\") 2)", "(memory (export \"m\") 1)", RECOMPILE),
        ("(memory (export \"m\") 1 5)", "(memory (export \"m\") 1 6)", RECOMPILE),
        ("(memory (export \"m\") 1 5)", "(memory (export \"m\") 1)", RECOMPILE),
        ("(memory (export \"m\") 1 5)", "(memory (export \"m\") 1 5 shared)", BREAKS),
        ("(memory (export \"m\") 1)", "(memory (export \"m\") i64 1)", BREAKS),
        ("(memory (export \"m\") 1)", "(memory (export \"m\") 1 (pagesize 1))", BREAKS),
        // Tables.
        ("(table (export \"t\") 1 funcref)", "(table (export \"t\") 2 9 funcref)", SAME),
        ("(table (export \"t\") 2 funcref)", "(table (export \"t\") 1 funcref)", RECOMPILE),
        ("(table (export \"t\") 1 funcref)", "(table (export \"t\") 1 externref)", BREAKS),
        ("(table (export \"t\") 1 funcref)", "(table (export \"t\") i64 1 funcref)", BREAKS),
        // Tags.
        ("(tag (export \"e\") (param i32))", "(tag (export \"e\") (param i32))", SAME),
        ("(tag (export \"e\") (param i32))", "(tag (export \"e\") (param i64))", BREAKS),
    ];
    for (before, after, expected) in rows {
        assert_eq!(meaning(&module(before), &module(after)).0, expected, "{before} -> {after}");
    }
}

#[test]
fn imports_of_modules() {
    let log = "(import \"env\" \"log\" (func (param i32)))";
    let rows = [
        (log, log, SAME),
        ("", log, BREAKS),
        (log, "", MINOR),
        (log, "(import \"env\" \"log\" (func (param i64)))", BREAKS),
        (log, "(import \"env\" \"log\" (global i32))", BREAKS),
        (log, "(import \"other\" \"log\" (func (param i32)))", BREAKS),
        // One import at several types.
        (
            log,
            "(import \"env\" \"log\" (func (param i32))) (import \"env\" \"log\" (func))",
            BREAKS,
        ),
        ("(import \"env\" \"log\" (func)) (import \"env\" \"log\" (func (param i32)))", log, MINOR),
        // Globals.
        ("(import \"env\" \"g\" (global i32))", "(import \"env\" \"g\" (global i64))", BREAKS),
        (
            "(import \"env\" \"g\" (global i32))",
            "(import \"env\" \"g\" (global (mut i32)))",
            BREAKS,
        ),
        (
            "(import \"env\" \"g\" (global (mut i32)))",
            "(import \"env\" \"g\" (global i32))",
            BREAKS,
        ),
        // Memories and tables: the host provides one of the earlier type.
        ("(import \"env\" \"m\" (memory 2))", "(import \"env\" \"m\" (memory 1))", SAME),
        ("(import \"env\" \"m\" (memory 1))", "(import \"env\" \"m\" (memory 2))", RECOMPILE),
        ("(import \"env\" \"m\" (memory 1 5))", "(import \"env\" \"m\" (memory 1))", SAME),
        ("(import \"env\" \"m\" (memory 1 5))", "(import \"env\" \"m\" (memory 1 6))", SAME),
        ("(import \"env\" \"m\" (memory 1))", "(import \"env\" \"m\" (memory 1 5))", RECOMPILE),
        (
            "(import \"env\" \"m\" (memory 1 5))",
            "(import \"env\" \"m\" (memory 1 5 shared))",
            BREAKS,
        ),
        (
            "(import \"env\" \"t\" (table 1 funcref))",
            "(import \"env\" \"t\" (table 2 funcref))",
            RECOMPILE,
        ),
        (
            "(import \"env\" \"t\" (table 1 funcref))",
            "(import \"env\" \"t\" (table 1 externref))",
            BREAKS,
        ),
        ("(import \"env\" \"e\" (tag (param i32)))", "(import \"env\" \"e\" (tag))", BREAKS),
    ];
    for (before, after, expected) in rows {
        assert_eq!(meaning(&module(before), &module(after)).0, expected, "{before} -> {after}");
    }
}

#[test]
fn a_host_that_provides_wasi_provides_all_of_it() {
    let wasi = |name: &str, params: &str| {
        format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func (param {params}) (result i32)))"
        )
    };
    let write = wasi("fd_write", "i32 i32 i32 i32");
    let open = wasi("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32");
    assert_eq!(meaning(&module(&write), &module(&(write.clone() + &open))).0, MINOR);
    assert_eq!(meaning(&module(""), &module(&open)).0, BREAKS);
    let diff = ContentsDiff::of(&module(&write), &module(&(write.clone() + &open)));
    let kinds: Vec<_> = diff.capabilities.gained.iter().map(|c| c.kind.clone()).collect();
    assert_eq!(kinds, [crate::contents::CapabilityKind::Files]);
    assert!(diff.capabilities.lost.is_empty());
    // Of another type it is no function of WASI: the host must provide it.
    let other = wasi("path_open", "i32");
    assert_eq!(meaning(&module(&write), &module(&(write.clone() + &other))).0, BREAKS);
}

#[test]
fn types_of_the_garbage_collector() {
    let export =
        |types: &str| module(&format!("{types} (func (export \"f\") (param (ref null $s)))"));
    let leaf = |ty: &str| {
        format!("(type $leaf (struct (field {ty}))) (type $s (struct (field (ref null $leaf))))")
    };
    assert_eq!(meaning(&export(&leaf("i32")), &export(&leaf("i32"))).0, SAME);
    // The text of the type is the same.
    let (found, changes) = meaning(&export(&leaf("i32")), &export(&leaf("i64")));
    assert_eq!((found.as_str(), changes), (BREAKS, vec!["~ export f".to_owned()]));
    // The same parameters, and a type of its own.
    let open = "(type $f (sub (func (param i32)))) (func (export \"f\") (type $f))";
    let plain = "(func (export \"f\") (param i32))";
    assert_eq!(meaning(&module(plain), &module(open)).0, RECOMPILE);
    let diff = ContentsDiff::of(&module(plain), &export(&leaf("i32")));
    assert_eq!(diff.engine.cargo_features_gained, ["gc"]);
    // A new cargo feature alone.
    let with = module("(func (export \"f\") (param i32) ref.null any drop)");
    assert_eq!(meaning(&module(plain), &with), (RECOMPILE.to_owned(), vec![]));
}

/// A world with one interface of this version.
fn world(version: &str, items: &str, use_it: &str) -> Contents {
    component(&format!(
        "package a:b@{version}; interface i {{ {items} }} world w {{ {use_it} i; }}"
    ))
}

#[test]
fn interfaces_of_components() {
    let f = "f: func(n: u32) -> string;";
    let record = |fields: &str| format!("record r {{ {fields} }} g: func(r: r);");
    let rows: Vec<(&str, String, &str, String, [&str; 2])> = vec![
        ("0.2.0", f.into(), "0.2.0", f.into(), [SAME, SAME]),
        ("0.2.0", f.into(), "0.2.0", format!("{f} g: func();"), [BREAKS, MINOR]),
        ("0.2.0", format!("{f} g: func();"), "0.2.0", f.into(), [MINOR, BREAKS]),
        ("0.2.0", f.into(), "0.2.0", "f: func(n: u64) -> string;".into(), [BREAKS, BREAKS]),
        ("0.2.0", f.into(), "0.2.0", "f: func(n: u32);".into(), [BREAKS, BREAKS]),
        ("0.2.0", f.into(), "0.2.0", "f: func(m: u32) -> string;".into(), [RECOMPILE, RECOMPILE]),
        ("0.2.0", f.into(), "0.2.0", "f: async func(n: u32) -> string;".into(), [BREAKS, BREAKS]),
        ("0.2.0", record("a: u8"), "0.2.0", record("a: u8"), [SAME, SAME]),
        ("0.2.0", record("a: u8"), "0.2.0", record("a: u8, b: u8"), [BREAKS, BREAKS]),
        ("0.2.0", "resource r;".into(), "0.2.0", "resource r;".into(), [SAME, SAME]),
        // Versions.
        ("0.2.0", f.into(), "0.2.1", f.into(), [MINOR, MINOR]),
        ("0.2.1", f.into(), "0.2.0", f.into(), [MINOR, MINOR]),
        ("0.2.0", record("a: u8"), "0.2.1", record("a: u8"), [MINOR, MINOR]),
        ("0.2.0", record("a: u8"), "0.2.1", record("a: u16"), [BREAKS, BREAKS]),
        ("0.2.0", f.into(), "0.2.1", format!("{f} g: func();"), [BREAKS, MINOR]),
        ("0.2.0", f.into(), "0.3.0", f.into(), [BREAKS, BREAKS]),
        ("1.0.0", f.into(), "1.9.0", f.into(), [MINOR, MINOR]),
        ("1.0.0", f.into(), "2.0.0", f.into(), [BREAKS, BREAKS]),
    ];
    for (old, before, new, after, expected) in rows {
        for (direction, expected) in ["import", "export"].into_iter().zip(expected) {
            let before = world(old, &before, direction);
            let found = meaning(&before, &world(new, &after, direction));
            assert_eq!(found.0, expected, "{direction} {old} -> {new} {after}: {:?}", found.1);
        }
    }
}

#[test]
fn resources_of_compatible_versions_are_one() {
    let items = "resource blob { size: func() -> u64; } make: func() -> blob;";
    for direction in ["import", "export"] {
        let (before, after) = (world("0.2.0", items, direction), world("0.2.9", items, direction));
        let (found, changes) = meaning(&before, &after);
        assert_eq!(found, MINOR, "{changes:?}");
        assert_eq!(changes, [format!("~ {direction} a:b/i@0.2.9")]);
    }
}

#[test]
fn differences_of_components_name_what_differs() {
    let before = world("0.2.0", "record r { a: u8, b: u8 } g: func(r: r);", "export");
    let after = world("0.2.0", "record r { a: u16, c: u8 } g: func(r: r);", "export");
    let diff = ContentsDiff::of(&before, &after);
    let [change] = diff.interface.as_slice() else { panic!("{:?}", diff.interface) };
    assert_eq!((change.of.as_str(), change.name.as_str()), ("a:b/i@0.2.0", "r"));
    assert_eq!(change.before.as_deref(), Some("record r { a: u8, b: u8 }"));
    assert_eq!(change.after.as_deref(), Some("record r { a: u16, c: u8 }"));
    assert_eq!(change.details.len(), 3, "{:?}", change.details);
    let gone = ContentsDiff::of(&before, &world("0.3.0", "f: func();", "export"));
    let reasons: Vec<&str> = gone.interface.iter().map(|c| c.reason.as_str()).collect();
    assert!(reasons[0].contains("`a:b/i@0.3.0` is no compatible version"), "{reasons:?}");
    let own = component("package a:b; world w { import now: func() -> u64; export run: func(); }");
    let empty = component("package a:b; world w { export run: func(); }");
    assert_eq!(meaning(&own, &empty), (MINOR.to_owned(), vec!["- import now".to_owned()]));
    assert_eq!(meaning(&empty, &own), (BREAKS.to_owned(), vec!["+ import now".to_owned()]));
}

#[test]
fn what_wit_cannot_describe_is_compared_by_item() {
    let beyond = |ty: &str| {
        let text = format!(
            "(component (import \"m\" (core module)) (import \"a:b/c@0.2.{ty}\" (instance (export \"f\" (func)))))"
        );
        contents_of(wat::parse_str(text).unwrap())
    };
    assert!(beyond("0").world.is_none());
    // What the core module contains is not compared.
    let diff = ContentsDiff::of(&beyond("0"), &beyond("1"));
    assert_eq!((diff.compatibility, diff.interface), (None, vec![]));
    let empty = contents_of(wat::parse_str("(component)").unwrap());
    assert_eq!(meaning(&empty, &beyond("0")).0, BREAKS);
    assert_eq!(meaning(&beyond("0"), &empty).0, MINOR);
    // Another kind of WebAssembly.
    assert_eq!(meaning(&module(""), &empty).0, BREAKS);
}

#[test]
fn a_proposal_that_settings_must_enable_needs_a_compilation() {
    let plain = "(func (export \"f\") (param i64) (result i64) local.get 0)";
    let wide = "(func (export \"f\") (param i64) (result i64) \
                (i64.add128 (local.get 0) (local.get 0) (local.get 0) (local.get 0)) drop)";
    assert_eq!(meaning(&module(plain), &module(wide)).0, RECOMPILE);
}

#[test]
fn new_imports_are_known_beyond_the_list() {
    let exports = (0..super::MOST_CHANGES + 9).map(|n| format!("(export \"e{n}\" (func $f))"));
    let before = module(&format!("(func $f) {}", exports.collect::<String>()));
    let with_wasi = |more: &str| {
        let write = "(func (param i32 i32 i32 i32) (result i32))";
        format!("(import \"wasi_snapshot_preview1\" \"fd_write\" {write}) {more}")
    };
    let diff = ContentsDiff::of(&before, &module(&with_wasi("")));
    assert_eq!(diff.interface.len(), super::MOST_CHANGES);
    assert_eq!(diff.new_imports, ["wasi_snapshot_preview1 \"fd_write\""]);
}

#[test]
fn long_lists_are_cut_and_the_worst_differences_stay() {
    let exports = |count: usize| {
        let exports = (0..count).map(|n| format!("(export \"e{n}\" (func $f))"));
        module(&format!("(func $f) {}", exports.collect::<String>()))
    };
    let after = {
        let mut text = String::from("(func $f) (func $g (param i32))");
        for n in 1..3000 {
            text.push_str(&format!("(export \"e{n}\" (func $f))"));
        }
        module(&text)
    };
    let diff = ContentsDiff::of(&exports(2), &after);
    assert_eq!((diff.interface.len(), diff.unlisted_changes), (super::MOST_CHANGES, 1999));
    assert_eq!(diff.interface[0].compatibility, Compatibility::Breaks);
    assert_eq!(diff.level, Some(Level::Major));
}
