//! Conformance: differences between a component and the world that it must implement.

use super::error::ConformanceError;
use super::items::{compare_worlds, is_wasi};
use super::world::World;
use crate::panics::catch_panic;
use std::collections::BTreeSet;
use wit_parser::{PackageId, Resolve, WorldItem, WorldKey};

/// Compares a component, with the world `have`, with the world `want` that it must implement. Returns a
/// line for each item that is missing or has another type. If `ignore_wasi`, the component may import
/// any part of WASI.
pub(crate) fn differences(
    have: &World,
    component: &[u8],
    want: &World,
    ignore_wasi: bool,
) -> Vec<String> {
    let mut lines = compare_worlds(have, want, ignore_wasi);
    if lines.is_empty() {
        let validated = validate(have, component, want, ignore_wasi);
        lines.extend(validated.err().map(|error| error.to_string()));
    }
    lines
}

/// Checks with the validator that the component is a subtype of the world.
///
/// # Errors
///
/// Fails with [`ConformanceError`] at the first difference.
fn validate(
    have: &World,
    component: &[u8],
    want: &World,
    ignore_wasi: bool,
) -> Result<(), ConformanceError> {
    catch_panic(|| {
        let target = if ignore_wasi { with_wasi_of(want, have)? } else { want.clone() };
        wit_component::targets(&target.resolve, target.id, component).map_err(|error| {
            // The offset refers to bytes that the validator built, and helps nobody.
            let plain = error.root_cause().downcast_ref::<wasmparser::BinaryReaderError>();
            let text = plain.map_or_else(|| format!("{error:#}"), |e| e.message().into());
            ConformanceError::Mismatch(without_numbers(&text, want.name()))
        })
    })?
}

/// Returns the validator's reason on one line, without its numbers of resources.
fn without_numbers(reason: &str, world: &str) -> String {
    let reason = reason.replace('\n', ": ");
    let reason = reason.split(" (ResourceId").next().unwrap_or_default();
    reason.trim_start_matches(&format!("type mismatch for import `{world}`: ")).into()
}

/// Returns the world `want` with the WASI imports of `have` added.
fn with_wasi_of(want: &World, have: &World) -> Result<World, ConformanceError> {
    let mut extended = want.clone();
    let merged = extended.resolve.merge(wasi_of(have));
    let map = merged.map_err(|e| ConformanceError::Merge(e.into()))?;
    for (key, item) in &have.resolve.worlds[have.id].imports {
        let (
            WorldKey::Interface(id),
            WorldItem::Interface { stability, docs, span, external_id, .. },
        ) = (key, item)
        else {
            continue;
        };
        if !is_wasi(&have.resolve.name_world_key(key)) {
            continue;
        }
        let id = map.map_interface(*id, *span);
        let id = id.map_err(|e| ConformanceError::Merge(e.to_string().into()))?;
        let item = WorldItem::Interface {
            id,
            stability: stability.clone(),
            docs: docs.clone(),
            span: *span,
            external_id: external_id.clone(),
        };
        let imports = &mut extended.resolve.worlds[extended.id].imports;
        let _ = imports.entry(WorldKey::Interface(id)).or_insert(item);
    }
    Ok(extended)
}

/// Returns the packages of a world, renamed unless WASI needs them: merging unites packages with the
/// same name.
fn wasi_of(world: &World) -> Resolve {
    let mut resolve = world.resolve.clone();
    let wasi = resolve.packages.iter().filter(|(_, package)| is_wasi(&package.name.to_string()));
    let mut kept: Vec<PackageId> = wasi.map(|(id, _)| id).collect();
    let mut next = 0;
    while let Some(package) = kept.get(next).copied() {
        let needed: Vec<_> = resolve.package_direct_deps(package).collect();
        kept.extend(needed.into_iter().filter(|id| !kept.contains(id)).collect::<BTreeSet<_>>());
        next += 1;
    }
    let others = resolve.packages.iter_mut().filter(|(id, _)| !kept.contains(id));
    others.for_each(|(_, package)| package.name.namespace.push_str(" of the component"));
    let names = resolve.packages.iter().map(|(id, package)| (package.name.clone(), id));
    resolve.package_names = names.collect();
    resolve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::examples::{component, world};

    const APP: &str = "package demo:app@0.1.0;
        interface shapes {
            record shape { x: f32, y: f32 }
            variant kind { round, square(u8) }
            flags look { bold, thin }
            enum tone { dark, light }
            type id = u32;
            resource canvas {
                constructor(w: u32);
                draw: func(s: shape);
                open: static func() -> canvas;
            }
            area: func(s: shape) -> f64;
            all: func(k: kind, l: look, t: tone, i: id) -> list<tuple<u8, string>>;
        }
        interface log { line: func(text: string); }
        world app {
            import log;
            import now: func() -> u64;
            export shapes;
            export greet: func(name: string) -> string;
        }";

    /// Compares a component built for the one world with the other.
    fn compare(have: &str, want: &str, ignore_wasi: bool) -> Vec<String> {
        let component = component(have);
        let have = World::of(&component, "asset").unwrap();
        let want = world(want);
        // Comparison and validator have the same result.
        let listed = compare_worlds(&have, &want, ignore_wasi);
        let validated = validate(&have, &component, &want, ignore_wasi);
        assert_eq!(listed.is_empty(), validated.is_ok(), "{listed:#?} {validated:?}");
        differences(&have, &component, &want, ignore_wasi)
    }

    /// Compares a component built for `APP` with one text replaced.
    fn changed(from: &str, to: &str) -> Vec<String> {
        assert!(APP.contains(from), "{from}");
        compare(&APP.replacen(from, to, 1), APP, false)
    }

    #[test]
    fn a_component_made_for_the_world_does_not_differ() {
        assert_eq!(compare(APP, APP, false), [""; 0]);
        // It may import less and export more.
        assert_eq!(changed("import now: func() -> u64;", "export more: func();"), [""; 0]);
        assert_eq!(changed("area: func", "more: func(); area: func"), [""; 0]);
    }

    #[test]
    fn each_difference_is_named_with_both_types() {
        let shapes = "export `demo:app/shapes@0.1.0`";
        let cases = [
            (
                "export greet: func(name: string) -> string;",
                "",
                "export `greet` is missing: the world has `greet: func(name: string) -> string`".into(),
            ),
            (
                "func(name: string)",
                "func(who: string)",
                "export `greet` is `func(who: string) -> string` instead of `func(name: string) -> string`".into(),
            ),
            (
                "func(name: string)",
                "async func(name: string)",
                "export `greet` is `async func(name: string) -> string` instead of `func(name: string) -> string`".into(),
            ),
            (
                "(name: string) -> string",
                "(name: string) -> option<char>",
                "export `greet`: the result is `option<char>` instead of `string`".into(),
            ),
            (
                "export greet: func(name: string) -> string;",
                "export greet: interface { hello: func(); }",
                "export `greet` is `interface` instead of `func(name: string) -> string`".into(),
            ),
            (
                "import now: func() -> u64;",
                "import now: func() -> u32;",
                "import `now`: the result is `u32` instead of `u64`".into(),
            ),
            (
                "import now: func() -> u64;",
                "import then: func(t: list<u8>);",
                "import `then: func(t: list<u8>)` is not in the world".into(),
            ),
            (
                "line: func(text: string);",
                "line: func(text: string); more: func(n: u8);",
                "import `demo:app/log@0.1.0`: function `more` is not in the world: it is `func(n: u8)`".into(),
            ),
            (
                "area: func(s: shape) -> f64;",
                "",
                format!("{shapes}: function `area` is missing: the world has `func(s: shape) -> f64`"),
            ),
            (
                "area: func(s: shape)",
                "area: func(s: kind)",
                format!("{shapes}: function `area`: parameter `s` is `variant kind {{ round, square(u8) }}` instead of `record shape {{ x: f32, y: f32 }}`"),
            ),
            (
                "draw: func(s: shape);",
                "draw: func(s: tuple<u8>);",
                format!("{shapes}: method `canvas.draw`: parameter `s` is `tuple<u8>` instead of `record shape {{ x: f32, y: f32 }}`"),
            ),
            (
                "open: static func() -> canvas;",
                "",
                format!("{shapes}: static function `canvas.open` is missing: the world has `func() -> canvas`"),
            ),
            (
                "constructor(w: u32);",
                "constructor(w: u64);",
                format!("{shapes}: constructor `canvas`: parameter `w` is `u64` instead of `u32`"),
            ),
            (
                "list<tuple<u8, string>>",
                "list<tuple<u16, string>>",
                format!("{shapes}: function `all`: the result is `list<tuple<u16, string>>` instead of `list<tuple<u8, string>>`"),
            ),
            ("y: f32 }", "y: f64 }", format!("{shapes}: type `shape`: field `y` is `f64` instead of `f32`")),
            (", y: f32", "", format!("{shapes}: type `shape` lacks the field `y`")),
            (
                "x: f32, y: f32",
                "y: f32, x: f32",
                format!("{shapes}: type `shape` has the fields `y, x` instead of `x, y`"),
            ),
            (
                "square(u8)",
                "square",
                format!("{shapes}: type `kind`: case `square` is of no type instead of `u8`"),
            ),
            (
                "square(u8)",
                "square(u16)",
                format!("{shapes}: type `kind`: case `square` is `u16` instead of `u8`"),
            ),
            (
                "{ dark, light }",
                "{ dark, light, grey }",
                format!("{shapes}: type `tone` has a further enum case, `grey`"),
            ),
            ("bold, thin", "bold", format!("{shapes}: type `look` lacks the flag `thin`")),
            (
                "flags look {",
                "enum look {",
                format!("{shapes}: type `look` is `enum look {{ bold, thin }}` instead of `flags look {{ bold, thin }}`"),
            ),
            ("type id = u32", "type id = u64", format!("{shapes}: type `id` is `u64` instead of `u32`")),
        ];
        for (from, to, expected) in cases {
            assert_eq!(changed(from, to), [expected], "{from} -> {to}");
        }
    }

    #[test]
    fn all_differences_are_named() {
        let have = APP
            .replace("y: f32", "y: u8")
            .replace("export greet: func(name: string) -> string;", "import wait: func();")
            .replace("area: func(s: shape) -> f64", "area: func(s: shape) -> s8");
        assert_eq!(
            compare(&have, APP, false),
            [
                "import `wait: func()` is not in the world",
                "export `greet` is missing: the world has `greet: func(name: string) -> string`",
                "export `demo:app/shapes@0.1.0`: type `shape`: field `y` is `u8` instead of `f32`",
                "export `demo:app/shapes@0.1.0`: function `area`: the result is `s8` instead of `f64`",
            ]
        );
    }

    #[test]
    fn other_versions_are_named() {
        let have = APP.replace("@0.1.0", "@0.1.1");
        assert_eq!(
            compare(&have, APP, false),
            [
                "import `demo:app/log@0.1.1: interface` is not in the world, which has `demo:app/log@0.1.0`",
                "export `demo:app/shapes@0.1.0` is missing: the world has `demo:app/shapes@0.1.0: interface`, the component has `demo:app/shapes@0.1.1`",
            ]
        );
    }

    #[test]
    fn resources_are_the_same_by_interface() {
        let wit = "package a:b;
            interface x { resource r; }
            interface y { resource r; }
            world w { import x; import y; export z: interface { use x.{r}; f: func(r: r, s: borrow<r>); } }";
        let other = wit.replace("use x.{r}", "use y.{r}");
        assert_eq!(compare(wit, wit, false), [""; 0]);
        assert_eq!(
            compare(&other, wit, false),
            ["export `z`: type `r` is `resource a:b/y.r` instead of `resource a:b/x.r`",]
        );
    }

    #[test]
    fn the_validator_finds_differences_that_are_not_listed() {
        let want =
            "package a:b; interface x { resource r; } interface y { use x.{r}; f: func(r: r); }
            world w { import x; export y; }";
        let component = component(&want.replace("import x", "export x"));
        let have = World::of(&component, "asset").unwrap();
        let reason = "type mismatch for export `a:b/y`: type mismatch in instance export `r`: resource types are not the same";
        assert_eq!(differences(&have, &component, &world(want), false), [reason]);
    }

    #[test]
    fn names_of_equal_types_do_not_matter() {
        let have = "package a:b; world w { export f: func(p: list<u8>); }";
        let want = "package a:b; interface t { type bytes = list<u8>; }
            world w { use t.{bytes}; export f: func(p: bytes); }";
        assert_eq!(compare(have, want, false), [""; 0]);
    }

    #[test]
    fn imports_of_wasi_can_be_ignored() {
        let wasi = "
            package wasi:io@0.2.6 { interface error { resource error; } interface streams {
                use error.{error}; resource out { write: func() -> result<_, error>; } } }
            package demo:lib { interface io { use wasi:io/streams@0.2.6.{out}; put: func(o: out); } }";
        let plain = format!("package a:b; world w {{ export f: func(); }} {wasi}");
        let have = format!(
            "package a:b; world w {{ import wasi:io/streams@0.2.6; export f: func(); }} {wasi}"
        );
        assert_eq!(compare(&have, &plain, false).len(), 2);
        assert_eq!(compare(&have, &plain, true), [""; 0]);
        let io = "import wasi:io/streams@0.2.6; import demo:lib/io;";
        let have = format!("package a:b; world w {{ {io} }} {wasi}");
        let lines = compare(&have, &plain, true);
        assert_eq!(lines[0], "import `demo:lib/io: interface` is not in the world");
        assert_eq!(lines[1], "export `f` is missing: the world has `f: func()`");
        // The world has a part of WASI itself.
        let want = format!("package a:b; world w {{ import demo:lib/io; }} {wasi}");
        assert_eq!(compare(&have, &want, true), [""; 0]);
    }

    #[test]
    fn ignoring_wasi_ignores_nothing_else() {
        let log = "package demo:app; interface log { line: func(); MORE }
            interface extra { f: func(EXTRA); } world w { import log; EXPORT }";
        let wit = |more: &str, extra: &str, export: &str| {
            log.replace("MORE", more).replace("EXTRA", extra).replace("EXPORT", export)
        };
        let want = wit("", "a: u8", "");
        let more = wit("more: func(n: u8); type t = u8;", "a: u8", "");
        assert_eq!(
            compare(&more, &want, true),
            ["import `demo:app/log`: function `more` is not in the world: it is `func(n: u8)`"]
        );
        // Items that the world does not name are not compared.
        let exports = wit("", "a: u8, b: u8", "export extra;");
        assert_eq!(compare(&exports, &want, true), [""; 0]);
        let wasi = "import wasi:x/y; }
            package wasi:x { interface y { use demo:lib/t.{r}; f: func(r: r); } }
            package demo:lib { interface t { resource r; } }";
        let with_wasi = wit("", "", "export extra; END").replace("END }", wasi);
        assert_eq!(
            compare(&with_wasi, &want, true),
            ["import `demo:lib/t: interface` is not in the world"]
        );
        let lib =
            wit("", "", "import demo:lib/t; } package demo:lib { interface t { resource r; } ");
        assert_eq!(compare(&with_wasi, &lib, true), [""; 0]);
    }

    #[test]
    fn texts_are_cut() {
        let fields: Vec<String> = (0..200).map(|i| format!("field-{i}: u8")).collect();
        let wit = |export: &str| {
            format!(
                "package a:b; interface i {{ record long {{ {} }} f: func(p: {export}); }} world w {{ export i; }}",
                fields.join(", ")
            )
        };
        let lines = compare(&wit("long"), &wit("u8"), false);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() < 600 && lines[0].ends_with("…` instead of `u8`"), "{lines:?}");
    }
}
