//! Round trips, refusals, and damaged bytes.

use crate::{
    DynamicAsset, EngineConfig, Error, Limits, LoadedModule, Runtime, Session, Snapshot,
    SnapshotError, SnapshotItem,
};
use wasmtime::{Func, Ref, Val};

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Returns a module with a mark.
fn module(items: &str) -> String {
    format!(r#"(module {items} (global (export "wasmport:snapshot:{DIGEST}") i32 (i32.const 1)))"#)
}

fn runtime() -> Runtime {
    Runtime::new(&EngineConfig::new()).unwrap()
}

fn load(runtime: &Runtime, text: &str) -> LoadedModule {
    runtime.load_dynamic(&DynamicAsset::new("guest", text)).unwrap()
}

fn start(loaded: &LoadedModule) -> crate::Result<Session<()>> {
    Session::of(loaded, (), |_, _| Ok(()))
}

/// Starts a session from a snapshot that went through bytes.
fn again(loaded: &LoadedModule, snapshot: &Snapshot) -> Session<()> {
    let bytes = snapshot.to_bytes().unwrap();
    let snapshot = Snapshot::from_bytes(&bytes).unwrap();
    assert_eq!(snapshot.to_bytes().unwrap(), bytes);
    start(&loaded.with_runtime(&loaded.runtime().with_snapshot(&snapshot))).unwrap()
}

fn snapshot_error(result: crate::Result<impl Sized>) -> SnapshotError {
    match result.err() {
        Some(Error::Snapshot { asset, source }) if asset == "guest" => source,
        other => panic!("{other:?}"),
    }
}

const COUNTER: &str = r#"
    (memory (export "wasmport:memory:0") 2)
    (memory (export "wasmport:memory:1") 1 10)
    (memory (export "wasmport:memory:2") i64 1)
    (data (memory 0) (i32.const 10) "hello")
    (data (memory 0) (i32.const 70000) "gone")
    (global $count (export "wasmport:global:0") (mut i32) (i32.const 5))
    (global $wide (export "wasmport:global:1") (mut v128) (v128.const i64x2 1 2))
    (global $long (export "wasmport:global:2") (mut i64) (i64.const -1))
    (global $float (export "wasmport:global:3") (mut f32) (f32.const 0.5))
    (global $double (export "wasmport:global:4") (mut f64) (f64.const 0.25))
    (func (export "wasmport:start") (i32.store8 offset=3 (i32.const 0) (i32.add (i32.load8_u offset=3 (i32.const 0)) (i32.const 1))))
    (func (export "_initialize") (i32.store8 offset=4 (i32.const 0) (i32.add (i32.load8_u offset=4 (i32.const 0)) (i32.const 1))))
    (func (export "change")
        (i32.store (i32.const 100000) (i32.const 77))
        (i32.store (i32.const 70000) (i32.const 0))
        (i32.store8 (i32.const 10) (i32.const 72))
        (drop (memory.grow 1 (i32.const 4)))
        (i64.store 1 (i32.const 300000) (i64.const 1234567890123))
        (drop (memory.grow 2 (i64.const 1)))
        (i32.store8 2 (i64.const 131071) (i32.const 9))
        (global.set $count (i32.const 6))
        (global.set $wide (v128.const i64x2 3 -4))
        (global.set $long (i64.const 1099511627776))
        (global.set $float (f32.const nan:0x200001))
        (global.set $double (f64.const -0)))
    (func (export "sum") (result i64)
        (local $sum i64)
        (local.set $sum (i64.extend_i32_u (i32.add (i32.load (i32.const 100000)) (i32.load (i32.const 70000)))))
        (local.set $sum (i64.add (local.get $sum) (i64.load 1 (i32.const 300000))))
        (local.set $sum (i64.add (local.get $sum) (i64.load8_u 2 (i64.const 131071))))
        (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 8))))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (global.get $count))))
        (local.set $sum (i64.add (local.get $sum) (i64x2.extract_lane 1 (global.get $wide))))
        (local.set $sum (i64.add (local.get $sum) (global.get $long)))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.reinterpret_f32 (global.get $float)))))
        (local.set $sum (i64.add (local.get $sum) (i64.reinterpret_f64 (global.get $double))))
        (i64.add (local.get $sum) (i64.extend_i32_u (i32.add (memory.size 0) (i32.shl (memory.size 1) (i32.const 8))))))
    (func (export "starts") (result i32) (i32.load16_u offset=3 (i32.const 0)))"#;

#[test]
fn memories_and_globals_are_as_they_were_and_nothing_is_initialized_again() {
    let runtime = runtime();
    let loaded = load(&runtime, &module(COUNTER));
    let mut first = start(&loaded).unwrap();
    first.call_func::<(), ()>("change", ()).unwrap();
    let sum: i64 = first.call_func("sum", ()).unwrap();
    let snapshot = first.snapshot().unwrap();
    // A changed page each in the first memory at 0, 69,632 (the zeros of which are not stored) and 98,304, and one in each
    // of the others.
    assert_eq!(snapshot.memory_bytes(), 4 * 4096);
    assert_eq!(snapshot.asset(), "guest");
    for _ in 0..2 {
        let mut second = again(&loaded, &snapshot);
        assert_eq!(second.call_func::<(), i64>("sum", ()).unwrap(), sum);
        // Once each, in the first session.
        assert_eq!(second.call_func::<(), i32>("starts", ()).unwrap(), 0x0101);
        second.call_func::<(), ()>("_initialize", ()).unwrap();
        let third = second.snapshot().unwrap();
        assert_eq!(again(&loaded, &third).call_func::<(), i32>("starts", ()).unwrap(), 0x0201);
    }
    // The first session goes on alone.
    let mut cold = start(&loaded).unwrap();
    assert_eq!(cold.call_func::<(), i32>("starts", ()).unwrap(), 0x0101);
    assert!(cold.call_func::<(), i64>("sum", ()).is_err(), "its second memory has not grown");
}

#[test]
fn an_untouched_session_needs_no_pages() {
    let loaded = load(
        &runtime(),
        &module(r#"(memory (export "wasmport:memory:0") 300) (data (i32.const 1) "x")"#),
    );
    let snapshot = start(&loaded).unwrap().snapshot().unwrap();
    assert_eq!(snapshot.memory_bytes(), 0);
    assert!(snapshot.to_bytes().unwrap().len() < 300);
}

const TABLES: &str = r#"
    (type $f (func (result i32)))
    (table $t (export "wasmport:table:0") 4 funcref)
    (table $n (export "wasmport:table:1") 2 (ref null $f))
    (table $nn (export "wasmport:table:2") 1 (ref $f) (ref.func $one))
    (elem (table $t) (i32.const 0) func $one $two $one)
    (elem declare func $three)
    (global $g (export "wasmport:global:0") (mut funcref) (ref.null func))
    (func $one (export "wasmport:func:0") (type $f) (i32.const 1))
    (func $two (export "wasmport:func:1") (type $f) (i32.const 2))
    (func $three (export "wasmport:func:2") (type $f) (i32.const 3))
    (func (export "change")
        (table.set $t (i32.const 0) (ref.null func))
        (table.set $t (i32.const 3) (ref.func $three))
        (drop (table.grow $t (ref.func $two) (i32.const 3)))
        (table.set $t (i32.const 5) (ref.null func))
        (table.set $n (i32.const 1) (ref.func $two))
        (drop (table.grow $nn (ref.func $three) (i32.const 2)))
        (global.set $g (ref.func $two)))
    (func (export "call") (param i32) (result i32)
        (if (result i32) (ref.is_null (table.get $t (local.get 0)))
            (then (i32.const 0))
            (else (call_indirect $t (type $f) (local.get 0)))))
    (func (export "others") (result i32)
        (table.set $t (i32.const 0) (global.get $g))
        (i32.add
            (i32.mul (i32.const 1000) (call_indirect $t (type $f) (i32.const 0)))
            (i32.add
                (i32.mul (i32.const 100) (call_ref $f (table.get $n (i32.const 1))))
                (i32.add
                    (i32.mul (i32.const 10) (call_ref $f (table.get $nn (i32.const 2))))
                    (table.size $nn)))))"#;

#[test]
fn functions_in_tables_and_globals_are_those_of_the_new_instance() {
    let loaded = load(&runtime(), &module(TABLES));
    let mut first = start(&loaded).unwrap();
    first.call_func::<(), ()>("change", ()).unwrap();
    let snapshot = first.snapshot().unwrap();
    let mut second = again(&loaded, &snapshot);
    let called: Vec<i32> = (0..7).map(|i| second.call_func("call", i).unwrap()).collect();
    assert_eq!(called, [0, 2, 1, 3, 2, 0, 2]);
    assert!(second.call_func::<i32, i32>("call", 7).is_err(), "the table has 7 elements");
    let mut third = again(&loaded, &snapshot);
    assert_eq!(third.call_func::<(), i32>("others", ()).unwrap(), 2233);
}

#[test]
fn imported_memories_and_tables_are_saved_whole() {
    let text = module(
        r#"(memory (import "e" "m") 1) (table (import "e" "t") 2 funcref)
        (export "wasmport:memory:0" (memory 0)) (export "wasmport:table:0" (table 0))
        (data (i32.const 5000) "data")
        (func $f (export "wasmport:func:0") (result i32) (i32.const 9))
        (elem declare func $f)
        (func (export "change") (i32.store8 (i32.const 5000) (i32.const 0)) (i32.store8 (i32.const 9000) (i32.const 1))
            (table.set 0 (i32.const 1) (ref.func $f)))
        (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "f") (result i32) (call_indirect (result i32) (i32.const 1)))"#,
    );
    let loaded = load(&runtime(), &text);
    let start = |loaded: &LoadedModule, filled: u8| {
        Session::of(loaded, (), |linker, store| {
            let memory = wasmtime::Memory::new(&mut *store, wasmtime::MemoryType::new(1, None))?;
            memory.data_mut(&mut *store).fill(filled);
            let ty = wasmtime::TableType::new(wasmtime::RefType::FUNCREF, 2, None);
            let func = Func::wrap(&mut *store, || ());
            let table = wasmtime::Table::new(&mut *store, ty, Ref::Func(None))?;
            if filled != 0 {
                table.set(&mut *store, 0, Ref::Func(Some(func)))?;
            }
            let _ = linker.define(&*store, "e", "m", memory)?.define(&*store, "e", "t", table)?;
            Ok(())
        })
        .unwrap()
    };
    let mut first = start(&loaded, 0);
    first.call_func::<(), ()>("change", ()).unwrap();
    let snapshot = first.snapshot().unwrap();
    let warm = loaded.with_runtime(&loaded.runtime().with_snapshot(&snapshot));
    let mut second = start(&warm, 7);
    let at = |session: &mut Session<()>, at| session.call_func::<i32, i32>("at", at).unwrap();
    let found = [0, 5000, 5001, 9000, 65535].map(|address| at(&mut second, address));
    assert_eq!(found, [0, 0, i32::from(b'a'), 1, 0]);
    assert_eq!(second.call_func::<(), i32>("f", ()).unwrap(), 9);
    // Function 0 of the program was in its table before, and a session with it cannot be saved.
    let item = SnapshotItem::Element { table: 0, index: 0 };
    let error = snapshot_error(start(&loaded, 7).snapshot());
    assert!(
        matches!(&error, SnapshotError::Reference { item: own, .. } if *own == item),
        "{error}"
    );
}

#[test]
fn imported_tables_without_null_are_saved_whole() {
    use wasmtime::{FuncType, HeapType, RefType, Table, TableType, ValType};
    let text = module(
        r#"(type $f (func (result i32))) (import "e" "t" (table 3 (ref $f))) (export "wasmport:table:0" (table 0))
        (func $one (export "wasmport:func:0") (type $f) (i32.const 1))
        (func $two (export "wasmport:func:1") (type $f) (i32.const 2))
        (func (export "change") (table.fill 0 (i32.const 0) (ref.func $one) (i32.const 2))
            (table.set 0 (i32.const 2) (ref.func $two)))
        (func (export "call") (param i32) (result i32) (call_ref $f (table.get 0 (local.get 0))))"#,
    );
    let loaded = load(&runtime(), &text);
    let start = |loaded: &LoadedModule| {
        Session::of(loaded, (), |linker, store| {
            let ty = FuncType::new(store.engine(), [], [ValType::I32]);
            let ty = TableType::new(RefType::new(false, HeapType::ConcreteFunc(ty)), 3, None);
            let func = Func::wrap(&mut *store, || 0_i32);
            let table = Table::new(&mut *store, ty, Ref::Func(Some(func)))?;
            linker.define(&*store, "e", "t", table).map(drop)
        })
        .unwrap()
    };
    let mut first = start(&loaded);
    first.call_func::<(), ()>("change", ()).unwrap();
    let snapshot = first.snapshot().unwrap();
    let mut second = start(&loaded.with_runtime(&loaded.runtime().with_snapshot(&snapshot)));
    let called = [0, 1, 2].map(|index| second.call_func::<i32, i32>("call", index).unwrap());
    assert_eq!(called, [1, 1, 2]);
}

#[test]
fn modules_and_states_that_cannot_be_saved_are_refused() {
    let loaded = load(&runtime(), r#"(module (memory (export "m") 1))"#);
    let error = snapshot_error(start(&loaded).unwrap().snapshot());
    assert!(matches!(error, SnapshotError::NotImported), "{error}");
    let newer = module("").replace("(i32.const 1)", "(i32.const 2)");
    let error = snapshot_error(start(&load(&runtime(), &newer)).unwrap().snapshot());
    assert!(matches!(error, SnapshotError::Exports { found: 2 }), "{error}");

    let foreign =
        r#"(global (export "wasmport:global:0") (export "g") (mut funcref) (ref.null func))"#;
    let loaded = load(&runtime(), &module(foreign));
    let mut session = start(&loaded).unwrap();
    let func = Func::wrap(session.store_mut(), || ());
    let global =
        session.call(|instance, store| Ok(instance.get_global(store, "g"))).unwrap().unwrap();
    global.set(session.store_mut(), Val::FuncRef(Some(func))).unwrap();
    let error = snapshot_error(session.snapshot());
    assert_eq!(
        error.to_string(),
        "global 0 holds a reference to a function of the host or of another module, which cannot be saved"
    );

    let loaded = load(&runtime(), &module(r#"(func (export "trap") unreachable)"#));
    let mut session = start(&loaded).unwrap();
    session.call_func::<(), ()>("trap", ()).unwrap_err();
    assert!(matches!(session.snapshot(), Err(Error::Poisoned { .. })));
}

#[test]
fn a_snapshot_is_of_one_module_and_one_engine() {
    let (own, runtime) = (module(COUNTER), runtime());
    let loaded = load(&runtime, &own);
    let snapshot = start(&loaded).unwrap().snapshot().unwrap();
    let other = load(&runtime, &own.replace(DIGEST, &DIGEST.replace("00", "11")));
    let warm = runtime.with_snapshot(&snapshot);
    let error = snapshot_error(start(&other.with_runtime(&warm)));
    assert!(matches!(error, SnapshotError::OtherModule), "{error}");

    let fuelled = Runtime::new(&EngineConfig::new().fuel(true)).unwrap();
    let other = load(&fuelled, &own);
    let error = snapshot_error(start(&other.with_runtime(&fuelled.with_snapshot(&snapshot))));
    assert!(matches!(error, SnapshotError::OtherEngine), "{error}");

    // An asset with another name begins as always.
    let named = runtime.load_dynamic(&DynamicAsset::new("other", own)).unwrap();
    let mut session = start(&named.with_runtime(&warm)).unwrap();
    assert_eq!(session.call_func::<(), i32>("starts", ()).unwrap(), 0x0101);
}

#[test]
fn limits_hold_for_what_grows() {
    let runtime = runtime();
    let loaded = load(&runtime, &module(COUNTER));
    let mut first = start(&loaded).unwrap();
    first.call_func::<(), ()>("change", ()).unwrap();
    let warm = runtime.with_snapshot(&first.snapshot().unwrap());
    let limits = Limits { memory_bytes: 3 << 16, ..Limits::default() };
    let small = warm.with_limits(limits).unwrap();
    match start(&loaded.with_runtime(&small)) {
        Err(Error::Limit { limit, .. }) => {
            assert_eq!((limit.setting, limit.asked), ("memory_bytes", 5 << 16))
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn fault_109_damaged_bytes_are_errors() {
    let loaded = load(&runtime(), &module(COUNTER));
    let mut first = start(&loaded).unwrap();
    first.call_func::<(), ()>("change", ()).unwrap();
    let bytes = first.snapshot().unwrap().to_bytes().unwrap();
    for len in 0..bytes.len() {
        assert!(Snapshot::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(Snapshot::from_bytes(&changed).is_err(), "byte {at}");
    }
    let error = Snapshot::from_bytes_within(&bytes, 100).unwrap_err();
    assert!(matches!(error, SnapshotError::Length { limit: 100 }), "{error}");
    assert!(matches!(Snapshot::from_bytes(b"other"), Err(SnapshotError::NotSnapshot)));
}

/// Bytes whose digest is right can say anything: neither reading them nor a session may panic.
#[test]
fn fault_109_forged_bytes_never_panic() {
    const HEADER: usize = 18 + 4;
    let runtime = runtime();
    let mut forged = 0;
    for text in [COUNTER, TABLES] {
        let loaded = load(&runtime, &module(text));
        let mut first = start(&loaded).unwrap();
        first.call_func::<(), ()>("change", ()).unwrap();
        let bytes = super::bytes::plain_bytes(&first.snapshot().unwrap());
        // The length, the head, and the first bytes of pages.
        let end = bytes.len().min(HEADER + 32 + 300);
        for at in HEADER + 32..end {
            for value in [0, 0xff, bytes[at].wrapping_add(1)] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let digest = crate::Digest::of(&changed[HEADER + 32..]);
                changed[HEADER..HEADER + 32].copy_from_slice(digest.as_bytes());
                let Ok(snapshot) = Snapshot::from_bytes(&changed) else { continue };
                forged += 1;
                let small =
                    Limits { memory_bytes: 1 << 20, table_elements: 1000, ..Limits::default() };
                let warm = runtime.with_snapshot(&snapshot).with_limits(small).unwrap();
                let _ = start(&loaded.with_runtime(&warm)).map(drop);
            }
        }
    }
    assert!(forged > 100, "{forged} of the changed snapshots can be read");
}

/// Wasmtime compiles the initialization of this module as a function, which counts fuel and looks at the epoch.
#[test]
fn modules_whose_initialization_is_compiled_are_saved_on_any_engine() {
    let text = module(
        r#"(memory 1) (export "wasmport:memory:0" (memory 0)) (table $t (export "wasmport:table:0") 4 funcref)
        (elem $passive func $one) (func $one (export "wasmport:func:0") (result i32) (i32.const 1))
        (func (export "change") (i32.store (i32.const 0) (i32.const 9))
            (table.init $t $passive (i32.const 2) (i32.const 0) (i32.const 1)))
        (func (export "sum") (result i32)
            (i32.add (i32.load (i32.const 0)) (call_indirect $t (result i32) (i32.const 2))))"#,
    );
    for config in [
        EngineConfig::new().fuel(true),
        EngineConfig::new().epoch_interruption(true),
        EngineConfig::new().fuel(true).epoch_interruption(true),
    ] {
        let loaded = load(&Runtime::new(&config).unwrap(), &text);
        let mut first = start(&loaded).unwrap();
        first.call_func::<(), ()>("change", ()).unwrap();
        let snapshot = first.snapshot().unwrap();
        assert_eq!(again(&loaded, &snapshot).call_func::<(), i32>("sum", ()).unwrap(), 10);
    }
}
