//! The required features of a module are exactly those it uses, and it compiles for many targets.

use crate::project::{CALC, Project, wasm};
use wasmport_build::{RequiredFeatures, Status, WasmFeature, inspect};

fn features_of(text: &str) -> Vec<&'static str> {
    let project = Project::with(&[("module.wasm", &wasm(text))]);
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let inspection = inspect(&project.assets().join("module.wasm"), everything).unwrap();
    inspection.features.iter().map(WasmFeature::name).collect()
}

#[test]
fn each_feature_is_found_where_it_is_used() {
    let cases: &[(&str, &[&str])] = &[
        (CALC, &[]),
        ("(global (export \"g\") (mut i32) (i32.const 0))", &["mutable-global"]),
        ("(func (drop (i32.trunc_sat_f32_s (f32.const 0))))", &["saturating-float-to-int"]),
        ("(func (drop (i32.extend8_s (i32.const 0))))", &["sign-extension"]),
        ("(table 1 funcref) (table 1 funcref)", &["reference-types"]),
        ("(func (result i32 i32) (i32.const 0) (i32.const 0))", &["multi-value"]),
        (
            "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
            &["bulk-memory"],
        ),
        ("(memory 1) (data \"x\")", &["bulk-memory"]),
        ("(func (param v128))", &["simd"]),
        (
            "(func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0))))",
            &["simd", "relaxed-simd"],
        ),
        ("(memory 1 1 shared)", &["threads"]),
        ("(func $f (return_call $f))", &["tail-call"]),
        ("(memory 1) (memory 1)", &["multi-memory"]),
        ("(memory i64 1)", &["memory64"]),
        ("(global i32 (i32.add (i32.const 1) (i32.const 2)))", &["extended-const"]),
        ("(func (param externref))", &["reference-types", "gc-types"]),
        ("(tag (param i32))", &["exceptions"]),
        ("(memory 1 (pagesize 1))", &["custom-page-sizes"]),
    ];
    for (text, expected) in cases {
        assert_eq!(features_of(text), *expected, "{text}");
    }
}

#[test]
fn gc_modules_need_gc() {
    let features = features_of(
        "(type $s (struct (field i32))) (func (result (ref $s)) (struct.new $s (i32.const 1)))",
    );
    assert!(features.contains(&"gc") && features.contains(&"gc-types"), "{features:?}");
}

#[test]
fn what_a_module_needs_stands_in_its_wrapper() {
    let project = Project::with(&[
        ("threads.wat", b"(module (memory (export \"m\") 1 1 shared))"),
        ("gc.wat", b"(module (func (export \"f\") (param externref)))"),
        ("exceptions.wat", b"(module (tag (export \"t\") (param i32)))"),
        ("plain.wat", CALC.as_bytes()),
    ]);
    let report = project.import();
    assert_eq!(report.count(Status::Imported), 4, "{:?}", report.assets);
    assert!(project.wrapper("threads").contains("::wasmport::__require_threads!(\"threads\")"));
    assert!(project.wrapper("gc").contains("::wasmport::__require_gc!(\"gc\")"));
    assert!(project.wrapper("exceptions").contains("::wasmport::__require_gc!(\"exceptions\")"));
    assert!(!project.wrapper("plain").contains("__require"));
    for (name, item) in [
        ("threads", "`\"m\"`: `(memory 1 1 shared)`"),
        ("gc", "`(func (param externref))`"),
        ("exceptions", "`(tag (param i32))`"),
    ] {
        let wrapper = project.wrapper(name);
        assert!(wrapper.contains(item), "{wrapper}");
    }
}

#[test]
fn what_wasmtime_needs_beyond_the_validator_is_kept() {
    // Exceptions need GC types in Wasmtime, whatever else was missed in the scan.
    let text = r#"(module (tag $e (param i32)) (elem declare func 0)
        (func (export "f") (result i32)
            (block $h (result i32)
                (try_table (catch $e $h) (throw $e (i32.const 7))) (unreachable))))"#;
    let project = Project::with(&[("m.wat", text.as_bytes())]);
    let report = project.import();
    assert_eq!(report.assets[0].error, None);
    assert!(project.wrapper("m").contains("WasmFeature::GcTypes"));
}
