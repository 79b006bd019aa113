//! Targets of other architectures, which need the cargo feature `all-targets`.

use crate::project::{CALC, Project, asset, failure, statuses, wasm};
use crate::targets::SHARED;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmport_build::{AssetSettings, Policy, Stage, Status, Target};
use wasmtime::{Config, Engine};

const SIMD: &str = "(module (func (export \"f\") (result v128) (i32x4.splat (i32.const 1))))";

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
fn riscv_with_vectors_runs_simd() {
    let project = Project::with(&[("it.wat", SIMD.as_bytes())]);
    for cpu in ["v", "rva23"] {
        let target = format!("riscv64gc-unknown-linux-gnu+{cpu}");
        let report = project.import_with(&format!("targets = [{target:?}]\n"));
        assert_eq!(asset(&report, "it.wat").artifacts.len(), 1);
    }
}

/// The targets that wasmport refuses are those that Wasmtime cannot compile for.
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

#[test]
fn any_target_is_compiled_for_and_never_the_build_machines_cpu() {
    let targets = [
        "x86_64-unknown-linux-gnu",
        "x86_64-unknown-linux-gnu+v3",
        "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc",
        "riscv64gc-unknown-linux-gnu",
    ];
    let text = "(module (func (export \"f\") (param f64) (result f64) local.get 0 f64.floor))";
    let project = Project::with(&[("floor.wat", text.as_bytes())]);
    let mut importer = project.importer();
    for target in targets {
        importer = importer.target(target.parse::<Target>().unwrap());
    }
    let report = importer.run(&()).unwrap();
    assert_eq!(report.count(Status::Imported), 1, "{:?}", report.assets);
    let artifacts = &report.assets[0].artifacts;
    assert_eq!(artifacts.iter().map(|a| a.target.to_string()).collect::<Vec<_>>(), targets);
    let machine = |artifact: usize| {
        let bytes = std::fs::read(project.out().join(&artifacts[artifact].path)).unwrap();
        assert!(bytes.starts_with(b"\x7fELF"));
        u16::from_le_bytes([bytes[18], bytes[19]])
    };
    assert_eq!([0, 1, 2, 3, 4].map(machine), [62, 62, 183, 62, 243]);
    // The baseline has no `roundsd`, which every x86-64 machine of today would offer.
    assert_ne!(artifacts[0].blake3, artifacts[1].blake3);
}

#[test]
fn simd_on_a_riscv_without_vectors_is_an_error_not_a_panic() {
    let text = "(module (func (export \"f\") (param v128) (result v128) local.get 0 local.get 0 i32x4.add))";
    let project = Project::with(&[("simd.wat", text.as_bytes()), ("good.wat", CALC.as_bytes())]);
    let report =
        project.importer().target("riscv64gc-unknown-linux-gnu".parse().unwrap()).run(&()).unwrap();
    assert_eq!(report.count(Status::Imported), 1);
    let (_, error) = report.failures().next().unwrap();
    assert_eq!(error.stage, wasmport_build::Stage::Compile);
    assert!(error.message.contains("riscv64"), "{error}");
}

#[test]
fn copies_on_a_riscv_without_vectors_are_judged_like_simd() {
    let text = r#"(module (memory 1) (func (export "f")
        (memory.copy (i32.const 64) (i32.const 0) (i32.const 32))))"#;
    let project = Project::with(&[("copy.wat", text.as_bytes())]);
    let import = |policy| {
        let mut settings = AssetSettings::matching("**");
        settings.unsupported = Some(policy);
        let targets = ["riscv64gc-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu+v"];
        let importer = project.importer().asset(settings);
        targets.iter().fold(importer, |i, t| i.target(t.parse().unwrap())).run(&()).unwrap()
    };
    let error = import(Policy::Fail).assets[0].error.clone().unwrap().to_string();
    assert!(error.contains("cannot run it") && error.contains("+v"), "{error}");
    let report = import(Policy::Skip);
    assert_eq!(report.assets[0].artifacts.len(), 1, "{:?}", report.assets);
}
