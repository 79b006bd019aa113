//! Modules before and after, and sessions of them that are saved and start again.

use super::rewrite::with_exports;
use super::survey::Survey;
use crate::settings::ImportLimits;
use crate::wasm::{RawWasm, validate};
use std::sync::Mutex;
use wasmparser::{ExternalKind, Parser, Payload};
use wasmport::engine::RequiredFeatures;
use wasmport::wasmtime::Caller;
use wasmport::{DynamicAsset, EngineConfig, LoadedModule, Runtime, Session, SessionData, Snapshot};

/// Returns a module after the stage, or the reason why it is refused.
fn prepared(text: &str) -> Result<Vec<u8>, String> {
    let wasm = wat::parse_str(text).unwrap();
    let allowed = RequiredFeatures::of_this_build();
    let valid = |wasm| validate(RawWasm::new("guest.wat", wasm), allowed, &ImportLimits::default());
    let module = valid(wasm).unwrap();
    let survey = Survey::of(module.wasm(), module.types()).map_err(|e| e.to_string())?;
    let wasm = with_exports(module.wasm(), &survey).unwrap();
    assert_eq!(with_exports(module.wasm(), &survey).unwrap(), wasm);
    Ok(valid(wasm).unwrap().wasm().to_vec())
}

/// Returns the exports that the stage adds, but for the mark.
fn added(text: &str) -> Vec<(String, ExternalKind, u32)> {
    let wasm = prepared(text).unwrap();
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        if let Payload::ExportSection(section) = payload.unwrap() {
            exports.extend(section.into_iter().map(Result::unwrap).filter_map(|export| {
                let name = export.name.strip_prefix("wasmport:")?.to_owned();
                Some((name, export.kind, export.index))
            }));
        }
    }
    let mark = exports.remove(0);
    assert!(mark.0.starts_with("snapshot:") && mark.1 == ExternalKind::Global);
    exports
}

fn names(text: &str) -> Vec<String> {
    added(text).into_iter().map(|(name, ..)| name).collect()
}

fn load(text: &str) -> LoadedModule {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    runtime.load_dynamic(&DynamicAsset::new("guest", prepared(text).unwrap())).unwrap()
}

fn start(loaded: &LoadedModule) -> Session<()> {
    Session::of(loaded, (), |_, _| Ok(())).unwrap()
}

fn warm(session: &mut Session<()>, loaded: &LoadedModule) -> LoadedModule {
    let bytes = session.snapshot().unwrap().to_bytes().unwrap();
    let snapshot = Snapshot::from_bytes(&bytes).unwrap();
    loaded.with_runtime(&loaded.runtime().with_snapshot(&snapshot))
}

#[test]
fn state_that_can_change_is_exported() {
    assert_eq!(names("(module)"), [""; 0]);
    assert_eq!(names("(module (memory 1) (memory i64 1))"), ["memory:0", "memory:1"]);
    let globals = "(module (global i32 (i32.const 1)) (global (mut f64) (f64.const 0)))";
    assert_eq!(names(globals), ["global:1"]);
    // Nobody writes to the table, so neither it nor its functions are exported.
    let constant =
        "(module (table funcref (elem $f)) (func $f) (func (call_indirect (i32.const 0))))";
    assert_eq!(names(constant), [""; 0]);
    let written = "(module (table $a funcref (elem $f)) (table $b 1 funcref) (elem declare func $g)
        (func $f) (func $g) (func $never) (func (export \"e\") (table.set $b (i32.const 0) (ref.func $g))))";
    assert_eq!(names(written), ["table:1", "func:0", "func:1", "func:3"]);
    let exported = "(module (import \"e\" \"f\" (func $i)) (table (export \"t\") 2 funcref) (elem (i32.const 0) $i))";
    assert_eq!(names(exported), ["table:0", "func:0"]);
    let global = "(module (global (mut funcref) (ref.func $f)) (func $f) (func $never))";
    assert_eq!(names(global), ["global:0", "func:0"]);
    let imported = "(module (import \"e\" \"g\" (global (mut i32))) (import \"e\" \"t\" (table 1 externref)) (import \"e\" \"m\" (memory 1)))";
    assert_eq!(names(imported), ["memory:0", "global:0", "table:0"]);
}

#[test]
fn other_sections_and_names_stay() {
    let text =
        "(module $m (type (func)) (memory 1) (func $start) (func $f (param i32)) (start $start)
        (data (i32.const 0) \"x\") (@custom \"own\" (after code) \"abc\"))";
    let wasm = wat::parse_str(text).unwrap();
    let sections = |wasm: &[u8]| -> Vec<(u8, Vec<u8>)> {
        let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
        let sections = payloads.filter_map(|payload| payload.as_section());
        sections.map(|(id, range)| (id, wasm[range].to_vec())).collect()
    };
    let (before, after) = (sections(&wasm), sections(&prepared(text).unwrap()));
    let others = |sections: &[(u8, Vec<u8>)]| -> Vec<(u8, Vec<u8>)> {
        sections.iter().filter(|(id, _)| ![6, 7, 8].contains(id)).cloned().collect()
    };
    assert_eq!(others(&after), others(&before));
    let ids: Vec<u8> = after.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 3, 5, 6, 7, 10, 0, 11, 0]);
    let tags = "(module (memory 1) (tag) (data \"x\") (func (export \"d\") (data.drop 0)) (func (throw 0)))";
    let ids: Vec<u8> = sections(&prepared(tags).unwrap()).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [1, 3, 5, 13, 6, 7, 12, 10, 11]);
}

#[test]
fn what_a_snapshot_cannot_hold_is_refused() {
    let refused = |text: &str, reason: &str| {
        let message = prepared(text).unwrap_err();
        assert!(message.contains(reason), "{message}");
    };
    refused("(module (memory 1) (memory 1 2 shared))", "memory 1 is shared");
    refused("(module (import \"e\" \"m\" (memory 1 2 shared)))", "memory 0 is shared");
    refused("(module (memory (export \"wasmport:memory:7\") 1))", "\"wasmport:memory:7\"");
    let base = "(import \"e\" \"base\" (global $base i32))";
    let offset = "(global $own i32 (global.get $base)) (memory 1) (data (global.get $own) \"x\")";
    refused(&format!("(module {base} {offset})"), "data segment 0");
    refused(
        &format!("(module {base} (table 1 funcref) (elem (global.get $base) func))"),
        "element segment 0",
    );
    let table =
        "(module (import \"e\" \"f\" (global $f funcref)) (table 1 funcref (global.get $f)))";
    refused(table, "table 0 begins");
    let object = "(type $fixed (struct (field i32))) (type $own (struct (field (mut i32))))";
    refused(
        &format!("(module {object} (global (ref $own) (struct.new $own (i32.const 1))))"),
        "an object of type 1",
    );
    refused(
        "(module (type $own (array (mut i8))) (table 1 arrayref (array.new_default $own (i32.const 1))))",
        "an object of type 0",
    );
    let constant = "(global (ref $fixed) (struct.new $fixed (i32.const 1)))";
    let saved = "(global (mut (ref null $own)) (struct.new $own (i32.const 1)))";
    assert_eq!(names(&format!("(module {object} {constant} {saved})")), ["global:1"]);
    // The program decides how imported memories begin: they are saved whole.
    let whole = "(import \"e\" \"m\" (memory 1)) (import \"e\" \"base\" (global $base i32)) (data (global.get $base) \"x\")";
    assert_eq!(names(&format!("(module {whole})")), ["memory:0"]);
}

#[test]
fn the_start_function_runs_once() {
    static CALLS: Mutex<Vec<i32>> = Mutex::new(Vec::new());
    let loaded = load(
        "(module (import \"e\" \"call\" (func $call (param i32))) (memory 1)
        (func $start (call $call (i32.const 1)) (i32.store (i32.const 8) (i32.const 42)))
        (func (export \"_initialize\") (call $call (i32.load (i32.const 8))))
        (func (export \"get\") (result i32) (i32.load (i32.const 8)))
        (start $start))",
    );
    let start = |loaded: &LoadedModule| {
        Session::of(loaded, (), |linker, _| {
            let call = |_: Caller<'_, SessionData<()>>, id: i32| {
                CALLS.lock().unwrap().push(id);
            };
            linker.func_wrap("e", "call", call).map(drop)
        })
        .unwrap()
    };
    let mut first = start(&loaded);
    assert_eq!(*CALLS.lock().unwrap(), [1, 42]);
    let warm = warm(&mut first, &loaded);
    let mut second = start(&warm);
    assert_eq!(second.call_func::<(), i32>("get", ()).unwrap(), 42);
    assert_eq!(*CALLS.lock().unwrap(), [1, 42]);
}

#[test]
fn dropped_segments_stay_dropped() {
    let loaded = load(
        "(module (memory 1) (table $t 2 funcref)
        (data $a \"A\") (data $b \"B\") (data (i32.const 9) \"active\") (elem $e func $f)
        (func $f (result i32) (i32.const 7))
        (func (export \"drop\") (param i32)
            (if (local.get 0) (then (data.drop $b) (elem.drop $e)) (else (data.drop $a))))
        (func (export \"a\") (memory.init $a (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export \"b\") (memory.init $b (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export \"e\") (table.init $t $e (i32.const 1) (i32.const 0) (i32.const 1)))
        (func (export \"call\") (result i32) (call_indirect $t (result i32) (i32.const 1))))",
    );
    let works = |loaded: &LoadedModule| {
        ["a", "b", "e"].map(|name| start(loaded).call_func::<(), ()>(name, ()).is_ok())
    };
    assert_eq!(works(&loaded), [true; 3]);
    let mut session = start(&loaded);
    session.call_func::<(), ()>("e", ()).unwrap();
    let none = warm(&mut session, &loaded);
    assert_eq!(works(&none), [true; 3]);
    session.call_func::<i32, ()>("drop", 1).unwrap();
    let two = warm(&mut session, &loaded);
    assert_eq!(works(&two), [true, false, false]);
    assert_eq!(start(&two).call_func::<(), i32>("call", ()).unwrap(), 7);
    // What a restored session drops and has dropped is in its snapshots.
    let mut again = start(&two);
    again.call_func::<i32, ()>("drop", 0).unwrap();
    assert_eq!(works(&warm(&mut again, &loaded)), [false; 3]);
}
