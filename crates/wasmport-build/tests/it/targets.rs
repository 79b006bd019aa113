//! Targets: which artifacts there are, and what becomes of modules that a target cannot run.

use crate::project::{CALC, Project, asset, failure, statuses, wasm};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmport_build::{Stage, Status, Target};
use wasmtime::{Config, Engine};

/// What Wasmtime itself makes of a module, asked for a triple in its own words.
fn precompiled(triple: &str, module: &str) -> Vec<u8> {
    let mut config = Config::new();
    config.target(triple).unwrap();
    Engine::new(&config).unwrap().precompile_module(&wasm(module)).unwrap()
}

/// The sections of a 64-bit little-endian ELF file, by name.
fn sections(elf: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let number = |at: usize, len: usize| {
        elf[at..at + len].iter().rev().fold(0_usize, |n, byte| n << 8 | usize::from(*byte))
    };
    let (table, size, count, names) = (number(40, 8), number(58, 2), number(60, 2), number(62, 2));
    let header = |index: usize| table + index * size;
    let bytes = |index: usize| {
        let (kind, offset, len) = (
            number(header(index) + 4, 4),
            number(header(index) + 24, 8),
            number(header(index) + 32, 8),
        );
        // What is all zeros is not in the file.
        if kind == 8 { Vec::new() } else { elf[offset..offset + len].to_vec() }
    };
    let texts = bytes(names);
    let name = |index: usize| {
        let name = &texts[number(header(index), 4)..];
        String::from_utf8(name.split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap()
    };
    (0..count).map(|index| (name(index), bytes(index))).collect()
}

const MODULES: &[&str] = &[
    CALC,
    "(module (memory 1) (data (i32.const 8) \"hello\") (func (export \"f\") (param i32) (result i32) local.get 0 i32.load))",
    "(module (import \"env\" \"f\" (func $f (param f64) (result f64))) (func (export \"g\") (param f64) (result f64) local.get 0 f64.ceil call $f f64.nearest))",
    "(module (func (export \"f\") (param f32 f32 f32) (result f32) local.get 0 local.get 1 f32.div local.get 2 f32.sqrt f32.floor f32.add))",
    "(module (table 4 funcref) (func (export \"f\") (param i32) (result i32) (local v128) local.get 1 i8x16.popcnt drop local.get 0 (call_indirect (param i32) (result i32) (local.get 0))))",
    "(module (func $f (export \"f\") (param i64) (result i64) (if (result i64) (i64.eqz (local.get 0)) (then unreachable) (else (i64.div_s (i64.const 1) (call $f (i64.sub (local.get 0) (i64.const 1))))))))",
    "(module (memory 1) (tag $t (param i32)) (func (export \"f\") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)) (throw $t (local.get 0))))",
];

/// The names of the sections that differ.
fn differing(one: &str, other: &str) -> Vec<String> {
    let mut names = Vec::new();
    for module in MODULES {
        let (a, b) = (sections(&precompiled(one, module)), sections(&precompiled(other, module)));
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        assert!(!a[".text"].is_empty() && a.contains_key(".wasmtime.engine"), "{:?}", a.keys());
        names.extend(a.keys().filter(|name| a[*name] != b[*name]).cloned());
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn abis_that_are_one_target_differ_in_the_name_that_wasmtime_records() {
    for (one, other, word, other_word) in [
        ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "gnu", "musl"),
        ("aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl", "gnu", "musl"),
        ("x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu", "msvc", "gnu"),
        ("aarch64-pc-windows-msvc", "aarch64-pc-windows-gnullvm", "msvc", "gnullvm"),
    ] {
        assert_eq!(differing(one, other), [".wasmtime.engine"], "{one} {other}");
        for module in MODULES {
            let [a, b] = [one, other].map(|triple| {
                sections(&precompiled(triple, module)).remove(".wasmtime.engine").unwrap()
            });
            let text = |bytes: &[u8]| bytes.iter().map(|b| char::from(*b)).collect::<String>();
            // The triple is written with its length before it.
            let named = |triple: &str| format!("{}{triple}", char::from(triple.len() as u8));
            assert!(text(&a).contains(&named(one)), "{:?}", text(&a));
            assert_eq!(
                text(&a).replace(&named(one), &named(other)),
                text(&b),
                "{word} {other_word}"
            );
        }
    }
    // Where it does make a difference, the comparison sees it.
    let [linux, windows] = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"]
        .map(|triple| sections(&precompiled(triple, CALC)).remove(".text"));
    assert_ne!(linux, windows);
}

#[test]
fn one_of_them_is_compiled_for_and_the_other_is_the_same_twice() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("targets = [\"x86_64-unknown-linux-musl+v3\"]\n");
    let target = &asset(&report, "calc.wat").artifacts[0].target;
    assert_eq!(target.to_string(), "x86_64-unknown-linux-gnu+v3");
    // The other name finds it fresh.
    let report = project.import_with("targets = [\"x86_64-unknown-linux-gnu+v3\"]\n");
    assert_eq!(statuses(&report), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn duplicates_are_refused_with_their_place() {
    let project = Project::new();
    for (text, name, place) in [
        ("targets = [\"portable\",\n  \"portable\"]", "portable", "line 2, column 3: "),
        (
            "targets = [\"source\", \"x86_64-unknown-linux-gnu\", \"x86_64-unknown-linux-musl\"]",
            "x86_64-unknown-linux-gnu",
            "line 1, column 50: ",
        ),
        (
            "targets = [\"x86_64-unknown-linux-gnu+v3\", \"x86_64-unknown-linux-gnu+v2+v3\"]",
            "x86_64-unknown-linux-gnu+v3",
            "line 1, column 43: ",
        ),
    ] {
        let error = project.settings(text).unwrap_err().to_string();
        assert!(error.contains(&format!("{place}the target `{name}` is there twice")), "{error}");
        assert!(error.contains("wasmport.toml") && error.contains("gnu and musl"), "{error}");
    }
    // From code there is no place, also where the file has other targets.
    let importer = project.configured("targets = [\"portable\", \"source\"]\n");
    let error = importer.target(Target::SOURCE).run(&()).unwrap_err().to_string();
    assert!(error.starts_with("the target `source` is there twice"), "{error}");
}

#[test]
fn native_is_this_machine_with_all_that_its_cpu_has() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("targets = [\"native\"]\n");
    let target = &asset(&report, "calc.wat").artifacts[0].target;
    assert_eq!(*target, Target::native());
    assert!(target.runs_here() && target.has_triple_of(&Target::host()));
    assert_ne!(target.to_string(), "native");
    let report = project.import_with("targets = [\"native\"]\n");
    assert_eq!(statuses(&report), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn source_is_the_wasm_itself() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("targets = [\"source\"]\n");
    assert_eq!(asset(&report, "calc.wat").artifacts[0].path, "artifacts/calc.source.wasm");
    assert_eq!(project.artifact(&report, "calc.wat", "source"), wasm(CALC));
}

const SHARED: &str = "(module (memory 1 1 shared) (func (export \"f\") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))";
const SIMD: &str = "(module (func (export \"f\") (result v128) (i32x4.splat (i32.const 1))))";

#[test]
fn what_a_target_cannot_run_is_judged_as_the_settings_say() {
    for (module, targets, cannot, why) in [
        (SHARED, ["portable", "x86_64-unknown-linux-gnu"], "portable", "shared memories"),
        (
            SIMD,
            ["x86_64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"],
            "riscv64gc-unknown-linux-gnu",
            "vector extension",
        ),
    ] {
        let project =
            Project::with(&[("it.wat", module.as_bytes()), ("good.wat", CALC.as_bytes())]);
        let text = |policy: &str| {
            format!("targets = {targets:?}\n[[asset]]\nmatch = \"it.wat\"\n{policy}\n")
        };
        let report = project.import_with(&text(""));
        let error = failure(&report);
        assert_eq!(error.stage, Stage::Compile);
        assert!(error.message.contains(&format!("{cannot} cannot run it")), "{error}");
        assert!(error.message.contains(why), "{error}");
        assert!(error.help.as_ref().unwrap().contains("unsupported = \"skip\""), "{error}");
        assert_eq!(asset(&report, "good.wat").artifacts.len(), 2);
        assert!(!project.out().join("it.rs").exists());

        for (policy, warnings) in [("warn", 1), ("skip", 0)] {
            let text = text(&format!("unsupported = {policy:?}"));
            let report = project.import_with(&text);
            assert_eq!(report.warnings.len(), warnings, "{:?}", report.warnings);
            assert!(report.warnings.iter().all(|w| w.contains("`it.wat`") && w.contains(cannot)));
            let it = asset(&report, "it.wat");
            assert_eq!(it.artifacts.len(), 1);
            let left_out = it.stages.iter().find(|stage| stage.skipped.is_some()).unwrap();
            assert_eq!(left_out.stage, Stage::Compile);
            assert_eq!(left_out.target.as_ref().unwrap().to_string(), cannot);
            let skipped = &project.manifest()["assets"]["it"]["skipped"];
            assert_eq!(skipped, &serde_json::json!([cannot]));
            assert!(project.manifest()["assets"]["good"]["skipped"].is_null());
            // It is remembered, and nothing is stale.
            let importer = project.configured(&text);
            assert_eq!(importer.run(&()).unwrap().count(Status::Unchanged), 2, "{policy}");
            assert_eq!(importer.run_check().unwrap().count(Status::Unchanged), 2, "{policy}");
        }
        // Without the target there is nothing to remember.
        let one = targets.iter().find(|target| **target != cannot).unwrap();
        let report = project.import_with(&format!(
            "targets = [{one:?}]\n[[asset]]\nmatch = \"it.wat\"\nunsupported = \"skip\"\n"
        ));
        assert_eq!(report.count(Status::Imported), 2, "{:?}", statuses(&report));
        assert!(project.manifest()["assets"]["it"]["skipped"].is_null());
        // And it is refused again where that is wanted.
        assert_eq!(failure(&project.import_with(&text(""))).stage, Stage::Compile);
    }
}

#[test]
fn an_asset_that_no_target_runs_has_a_wrapper_and_no_artifact() {
    let project = Project::with(&[("it.wat", SHARED.as_bytes())]);
    let text = "targets = [\"portable\"]\n[defaults]\nunsupported = \"skip\"\n";
    assert!(asset(&project.import_with(text), "it.wat").artifacts.is_empty());
    assert_eq!(statuses(&project.import_with(text)), [("it.wat", Status::Unchanged)]);
    syn::parse_file(&project.wrapper("it")).unwrap();
}

#[test]
fn riscv_with_vectors_runs_simd() {
    let project = Project::with(&[("it.wat", SIMD.as_bytes())]);
    for cpu in ["v", "rva23"] {
        let target = format!("riscv64gc-unknown-linux-gnu+{cpu}");
        let report = project.import_with(&format!("targets = [{target:?}]\n"));
        assert_eq!(asset(&report, "it.wat").artifacts.len(), 1);
    }
}

/// What is refused is what Wasmtime refuses: should it learn it, this test says so.
#[test]
fn wasmtime_itself_cannot_compile_them() {
    let compiles = |triple: &str, module: &str| {
        let attempt = || {
            let mut config = Config::new();
            config.wasm_threads(module == SHARED).target(triple)?;
            Engine::new(&config)?.precompile_module(&wasm(module)).map(drop)
        };
        catch_unwind(AssertUnwindSafe(attempt)).is_ok_and(|result| result.is_ok())
    };
    assert!(compiles("pulley64", CALC) && compiles("riscv64gc-unknown-linux-gnu", CALC));
    assert!(!compiles("pulley64", SHARED));
    assert!(!compiles("riscv64gc-unknown-linux-gnu", SIMD));
}
