//! Every pass hits, on worlds that have what it is for.

use super::PASSES;
use crate::codegen::component::prepare::Choices;
use crate::codegen::component::tests::{chosen, wrapper};
use crate::codegen::component::{Bindings, bindings};
use crate::component::World;
use crate::settings::{AssetSettings, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The hits of each pass on the golden wrappers, and on the worlds below.
const HITS: &[(&str, usize, usize)] = &[
    ("plain-impls", 11, 5),
    ("one-import", 35, 11),
    ("own-lints", 24, 7),
    ("sync-instantiation", 18, 8),
    ("host-linker", 0, 1),
    ("used-parameters", 0, 2),
    ("stream-readers", 0, 1),
    ("distinct-parameters", 1, 2),
    ("parameter-names", 48, 3),
    ("short-calls", 57, 5),
    ("typed-functions", 59, 6),
    ("export-lookups", 30, 4),
    ("interface-lookups", 12, 2),
    ("loads", 59, 6),
    ("fields-in-place", 142, 16),
    ("layout-checks", 21, 5),
    ("enum-repr", 0, 1),
    ("long-tuples", 0, 1),
    ("derived-debug", 3, 0),
    ("short-debug", 5, 1),
    ("one-derive", 15, 3),
    ("unit-results", 2, 0),
    ("wit-docs", 187, 275),
    ("own-prose", 140, 50),
    ("documented-items", 398, 116),
    ("missing-hosts", 40, 8),
    ("flags-modules", 3, 0),
    ("host-errors", 8, 0),
    ("optional-exports", 0, 3),
    ("short-paths", 893, 191),
];

/// A component that the golden wrappers do not have: it waits, and it reaches the store.
const CONCURRENT: &str = "
    package demo:pipe;
    interface source {
        type bytes = stream<u8>;
        open: func(host: u32) -> bytes;
        next: async func(accessor: u32) -> future<u32>;
    }
    world app { import source; export run: async func(n: u32) -> u32; }";

/// A component with a type of WASI in an interface of its own.
const COMMAND: &str = "
    package demo:app;
    interface pipe { use wasi:io/streams@0.2.6.{input}; open: func() -> input; }
    world app { import wasi:io/streams@0.2.6; import pipe; export wasi:cli/run@0.2.6; }
    package wasi:io@0.2.6 { interface streams { resource input { close: func(); } } }
    package wasi:cli@0.2.6 { interface run { run: func() -> result; } }";

/// A component that imports an interface with types and without functions.
const TYPES: &str = "
    package demo:app;
    interface types { record point { x: u32, first-y: u32 } }
    world app { import types; use types.{point}; export draw: func(at: point); }";

/// A component that exports a function and an interface, which others may lack.
const OPTIONAL: &str = "
    package demo:app;
    interface themes { names: func() -> list<string>; }
    world app { export themes; export run: func(count: u32) -> u32; export stop: func(); }";

/// A component with an enum of 256 cases, and with a tuple that does not implement `Debug`.
fn sizes() -> String {
    let cases: Vec<String> = (0..256).map(|case| format!("c{case}")).collect();
    let (cases, numbers) = (cases.join(", "), vec!["u8"; 13].join(", "));
    format!(
        "package demo:sizes;
         interface types {{ enum byte {{ {cases} }} record row {{ key: tuple<{numbers}> }} }}
         world app {{ import types; }}"
    )
}

#[test]
fn every_pass_hits() {
    let others = add_up(
        [
            wrapper(
                CONCURRENT,
                &chosen(|c| c.store_functions = vec!["demo:pipe/source.open".into()]),
            ),
            wrapper(COMMAND, &chosen(|c| c.wasi = true)),
            wrapper(TYPES, &Choices::default()),
            wrapper(&sizes(), &Choices::default()),
            wrapper(OPTIONAL, &chosen(|c| c.lacking.optional = Some(vec!["*".into()]))),
        ]
        .map(Result::unwrap),
    );
    // A published package has no fixtures.
    let Some(golden) = golden_wrappers().map(add_up) else {
        let expected: Vec<_> = HITS.iter().map(|(name, _, others)| (*name, *others)).collect();
        let hits: Vec<_> = PASSES.iter().map(|pass| (pass.name, others[pass.name])).collect();
        return assert_eq!(hits, expected);
    };
    let hits: Vec<_> =
        PASSES.iter().map(|pass| (pass.name, golden[pass.name], others[pass.name])).collect();
    assert_eq!(hits, HITS);
    for pass in PASSES {
        assert!(
            golden[pass.name] + others[pass.name] > 0,
            "`{}` never hits: {}",
            pass.name,
            pass.why
        );
    }
}

fn add_up(wrappers: impl IntoIterator<Item = Bindings>) -> BTreeMap<&'static str, usize> {
    let mut sums = BTreeMap::new();
    for (name, hits) in wrappers.into_iter().flat_map(|bindings| bindings.hits) {
        *sums.entry(name).or_default() += hits;
    }
    sums
}

/// The wrappers of `fixtures/assets/components`, with the choices of `fixtures/wasmport.toml`; none outside of the
/// repository.
fn golden_wrappers() -> Option<Vec<Bindings>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    if !fixtures.is_dir() {
        return None;
    }
    let settings = Settings::from_file(&fixtures.join("wasmport.toml")).unwrap();
    let folder = std::fs::read_dir(fixtures.join("assets/components")).unwrap();
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let generate = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let rules = settings.assets.iter();
        let rules = rules.filter(|rule| rule.pattern == Some(format!("components/{name}")));
        let own = rules.fold(AssetSettings::defaults(), |own, rule| own.overridden_by(rule));
        let world = World::of(&wat::parse_file(path).unwrap(), "golden").unwrap();
        bindings(&world.resolve, world.id, &Choices::of(&own)).unwrap()
    };
    Some(paths.iter().map(generate).collect())
}
