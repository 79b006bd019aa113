//! Proposals that Wasmtime has off by default: refused by name, and imported if the settings allow them.

use crate::project::{Project, asset, failure, failure_of};
use wasmport::wasmtime::component::Val;
use wasmport::{DynamicAsset, EngineConfig, Runtime, Session};
use wasmport_build::{RequiredFeatures, Status, WasmFeature, inspect};

/// A component for each proposal, with what it exports.
const COMPONENTS: [(WasmFeature, &str); 8] = [
    (
        WasmFeature::ComponentModelMap,
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
                (func (export "f") (param i32 i32) (result i32) (local.get 1)))
            (core instance $i (instantiate $m))
            (type $map (map u32 u8))
            (func (export "f") (param "m" $map) (result u32)
                (canon lift (core func $i "f") (memory $i "memory") (realloc (func $i "realloc")))))"#,
    ),
    (
        WasmFeature::ComponentModelFixedLengthLists,
        r#"(component
            (core module $m
                (func (export "f") (param i32 i32 i32) (result i32)
                    (i32.add (local.get 0) (i32.add (local.get 1) (local.get 2)))))
            (core instance $i (instantiate $m))
            (type $list (list u32 3))
            (func (export "f") (param "l" $list) (result u32) (canon lift (core func $i "f"))))"#,
    ),
    (
        WasmFeature::ComponentModelImplements,
        r#"(component
            (import "primary" (implements "demo:kv/store")
                (instance $primary (export "get" (func (param "key" u32) (result u32)))))
            (import "backup" (implements "demo:kv/store")
                (instance $backup (export "get" (func (param "key" u32) (result u32)))))
            (core func $get (canon lower (func $backup "get")))
            (core instance $host (export "get" (func $get)))
            (core module $m (import "" "get" (func $get (param i32) (result i32)))
                (func (export "f") (param i32) (result i32) (call $get (local.get 0))))
            (core instance $i (instantiate $m (with "" (instance $host))))
            (func (export "f") (param "key" u32) (result u32) (canon lift (core func $i "f"))))"#,
    ),
    (
        WasmFeature::ComponentModelMemory64,
        r#"(component
            (component $a
                (core module $m
                    (memory (export "memory") i64 1)
                    (func (export "realloc") (param i64 i64 i64 i64) (result i64) (i64.const 1024))
                    (func (export "len") (param i64 i64) (result i32) (i32.wrap_i64 (local.get 1))))
                (core instance $i (instantiate $m))
                (func (export "len") (param "s" string) (result u32)
                    (canon lift (core func $i "len") (memory $i "memory")
                        (realloc (func $i "realloc")))))
            (instance $a (instantiate $a))
            (component $b
                (import "len" (func $len (param "s" string) (result u32)))
                (core module $text (memory (export "memory") 1) (data (i32.const 8) "12345"))
                (core instance $text (instantiate $text))
                (core func $lowered (canon lower (func $len) (memory $text "memory")))
                (core instance $host (export "len" (func $lowered)))
                (core module $m (import "" "len" (func $len (param i32 i32) (result i32)))
                    (func (export "f") (param i32) (result i32)
                        (call $len (i32.const 8) (local.get 0))))
                (core instance $i (instantiate $m (with "" (instance $host))))
                (func (export "f") (param "len" u32) (result u32)
                    (canon lift (core func $i "f"))))
            (instance $b (instantiate $b (with "len" (func $a "len"))))
            (export "f" (func $b "f")))"#,
    ),
    (
        WasmFeature::ComponentModelErrorContext,
        r#"(component (import "f" (func (param "e" error-context))))"#,
    ),
    (
        WasmFeature::ComponentModelAsyncStackful,
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func (export "f") async (canon lift (core func $i "f") async)))"#,
    ),
    (
        WasmFeature::ComponentModelMoreAsyncBuiltins,
        "(component (core func (canon subtask.cancel async)))",
    ),
    (WasmFeature::ComponentModelThreading, "(component (core func (canon thread.index)))"),
];

const MEMORY64: &str = "`f.wat`: the component uses `component-model-memory64`: Wasmtime 48 passes texts and lists \
    between the host and functions with a 64-bit memory wrongly, and panics in builds with debug assertions; \
    numbers, and calls between components, are right";

#[test]
fn each_is_refused_with_the_setting_that_allows_it_and_imported_with_it() {
    for (feature, text) in COMPONENTS {
        let failed = failure_of("f.wat", text.as_bytes());
        let uses =
            format!("the module is valid but uses features that are not enabled: {feature} (");
        assert!(failed.message.starts_with(&uses), "{failed}");
        let help = format!(
            "enable it with `wasm-features = [\"{feature}\"]` under `[import]` in wasmport.toml, \
             `--wasm-feature {feature}`, or `wasm_feature` of the builder"
        );
        assert_eq!(failed.help, Some(help));

        let project = Project::with(&[("f.wat", text.as_bytes())]);
        let allow = format!("import.wasm-features = [\"{feature}\"]");
        let report = project.import_with(&allow);
        assert_eq!(asset(&report, "f.wat").status, Status::Imported, "{feature}");
        let warnings =
            if feature == WasmFeature::ComponentModelMemory64 { vec![MEMORY64] } else { vec![] };
        assert_eq!(report.warnings, warnings, "{feature}");
        let variant = format!("WasmFeature::{feature:?}");
        assert!(project.wrapper("f").contains(&variant), "{variant}: {}", project.wrapper("f"));
        let engine = &project.manifest()["engine"]["concurrency-support"];
        assert_eq!(engine.as_bool(), Some(feature.needs_concurrency()), "{feature}");
        assert_eq!(project.import_with(&allow).count(Status::Unchanged), 1);

        let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
        let found = inspect(&project.assets().join("f.wat"), everything).unwrap().features;
        let optional: Vec<_> = found.iter().filter(|found| !found.on_by_default()).collect();
        assert_eq!(optional, [feature]);
    }
}

/// Calls `f` of a component that the program compiles, with imports that add one.
fn call(text: &str, param: Val) -> Val {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let component = runtime.load_dynamic(&DynamicAsset::component("x", text)).unwrap();
    let mut session = Session::of(&component, (), |linker, _| {
        for (name, more) in [("primary", 1), ("backup", 2)] {
            linker.instance(name)?.func_wrap("get", move |_, (key,): (u32,)| Ok((key + more,)))?;
        }
        Ok(())
    })
    .unwrap();
    let mut results = [Val::Bool(false)];
    let call = session.call(|instance, store| {
        let f = instance.get_func(&mut *store, "f").unwrap();
        f.call(store, std::slice::from_ref(&param), &mut results)
    });
    call.unwrap();
    let [result] = results;
    result
}

#[test]
fn components_that_use_them_run() {
    let text = |feature| COMPONENTS.iter().find(|(of, _)| *of == feature).unwrap().1;
    let pairs = vec![(Val::U32(7), Val::U8(1)), (Val::U32(8), Val::U8(2))];
    assert_eq!(call(text(WasmFeature::ComponentModelMap), Val::Map(pairs)), Val::U32(2));
    let list = Val::FixedLengthList([1, 2, 3].map(Val::U32).into());
    assert_eq!(call(text(WasmFeature::ComponentModelFixedLengthLists), list), Val::U32(6));
    assert_eq!(call(text(WasmFeature::ComponentModelImplements), Val::U32(5)), Val::U32(7));
    assert_eq!(call(text(WasmFeature::ComponentModelMemory64), Val::U32(5)), Val::U32(5));
}

#[test]
fn what_no_import_can_allow_is_named_with_the_reason() {
    let gc = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f") gc)))"#;
    let cont = "(module (type $f (func)) (type $c (cont $f)))";
    for (text, list) in [
        (gc, "`component-model-gc`, at which the compiler of Wasmtime 48 panics"),
        (
            cont,
            "`stack-switching`, which changes the code of every module of a program, and which x86-64 \
             alone has",
        ),
    ] {
        let failed = failure_of("f.wat", text.as_bytes());
        let help = format!("the file uses proposals that no import can allow: {list}");
        assert_eq!(failed.help, Some(help), "{failed}");
    }
}

#[test]
fn an_import_by_a_plain_name_is_not_taken_for_wasi() {
    let inbox = r#"(component
        (import "inbox" (implements "wasi:random/random@0.2.6")
            (instance (export "get-random-u64" (func (result u64))))))"#;
    let allow = "import.wasm-features = [\"component-model-implements\"]";
    let project = Project::with(&[("f.wat", inbox.as_bytes())]);
    let report = project.import_with(allow);
    assert_eq!(asset(&report, "f.wat").status, Status::Imported);
    let wrapper = project.wrapper("f");
    assert!(wrapper.contains("\"inbox\"") && !wrapper.contains("wasi::Wasi"), "{wrapper}");

    let both = inbox.replacen(
        "(component",
        r#"(component (import "wasi:random/random@0.2.6" (instance
            (export "get-random-u64" (func (result u64)))))"#,
        1,
    );
    let project = Project::with(&[("f.wat", both.as_bytes())]);
    let report = project.import_with(allow);
    assert!(report.failures().next().is_none(), "{}", failure(&report));
    let wrapper = project.wrapper("f");
    assert!(wrapper.contains("\"inbox\"") && wrapper.contains("wasi::Wasi"), "{wrapper}");
}
