//! Sessions that cannot be recorded.

use super::super::{Caller, RecordError};
use super::*;
use crate::MemoryBudget;

fn refused<T>(result: crate::Result<T>) -> RecordError {
    match result.map(drop).unwrap_err() {
        crate::Error::Record { source, .. } => source,
        other => panic!("{other}"),
    }
}

#[test]
fn what_cannot_be_recorded_is_refused_by_name() {
    let recorder = Recorder::new();
    let start = |text: &str, config: &EngineConfig| {
        let loaded = load_for(text, config, RuntimeOptions::default());
        refused(start(&loaded, &recorder, (), |linker| {
            linker.func_wrap("host", "raw", || 1_i32)?;
            Ok(())
        }))
    };
    let config = EngineConfig::new();
    assert_eq!(start("(module)", &config.deterministic(false)), RecordError::NotDeterministic);
    let raw = start(r#"(module (import "host" "raw" (func (result i32))))"#, &config);
    let named = ("host".to_owned(), "raw".to_owned());
    assert_eq!(raw, RecordError::ImportedFunction { module: named.0, name: named.1 });
    let memory = start(r#"(module (import "env" "m" (memory 1)))"#, &config);
    let named = ("env".to_owned(), "m".to_owned());
    assert_eq!(memory, RecordError::ImportedValue { module: named.0, name: named.1 });
}

#[test]
fn a_budget_of_several_sessions_is_refused() {
    let (loaded, recorder) = (load("(module)"), Recorder::new());
    let runtime = loaded.runtime().with_memory_budget(&MemoryBudget::new(1 << 20));
    let loaded = loaded.with_runtime(&runtime.with_recorder(&recorder));
    let session = Session::of(&loaded, (), |_, _| Ok(()));
    assert_eq!(refused(session), RecordError::MemoryBudget);
}

#[test]
fn a_session_that_is_not_recorded_has_no_recording() {
    let mut session = Session::of(&load("(module)"), (), |_, _| Ok(())).unwrap();
    assert_eq!(refused(session.recording()), RecordError::NotRecorded);
}

#[test]
fn functions_defined_for_a_recording_serve_other_sessions_too() {
    let text = r#"(module (import "host" "ten" (func $ten (result i32)))
        (func (export "get") (result i32) (call $ten)))"#;
    let recorder = Recorder::new();
    let define = |linker: &mut HostLinker<u8>| {
        Recorder::func(linker, "host", "ten", |_: &mut Caller<'_, u8>| Ok(10))
    };
    let loaded = load(text);
    let recorded = start(&loaded, &recorder, 0, define);
    let mut plain = Session::of(&loaded, 0, |linker, _| define(linker)).unwrap();
    assert_eq!(plain.call_func::<(), i32>("get", ()).unwrap(), 10);
    assert_eq!(recorded.unwrap().call_func::<(), i32>("get", ()).unwrap(), 10);
    assert_eq!(recorder.take().len(), 1);
}

#[test]
fn a_table_that_the_host_changes_ends_the_recording() {
    let text = r#"(module (table (export "table") 2 funcref) (func (export "f")))"#;
    let recorder = Recorder::new();
    let mut session = start(&load(text), &recorder, (), |_| Ok(())).unwrap();
    let instance = *session.wrapper();
    let table = instance.get_table(session.store_mut(), "table").unwrap();
    let table = crate::TypedTable::<Option<wasmtime::Func>>::from_table(table);
    table.set(session.store_mut(), 0, None).unwrap();
    session.call_func::<(), ()>("f", ()).unwrap();
    assert_eq!(refused(session.recording()), RecordError::Table);
}

#[test]
fn a_reference_that_the_host_passes_or_sets_ends_the_recording() {
    let text = r#"(module (global (export "last") (mut funcref) (ref.null func))
        (func (export "f") (param funcref)))"#;
    let recorder = Recorder::new();
    let mut session = start(&load(text), &recorder, (), |_| Ok(())).unwrap();
    let _ = session.call_values("f", &[wasmtime::Val::FuncRef(None)]).unwrap();
    assert_eq!(refused(session.recording()), RecordError::Reference { name: "f".into() });

    let mut session = start(&load(text), &recorder, (), |_| Ok(())).unwrap();
    let instance = *session.wrapper();
    let global = instance.get_global(session.store_mut(), "last").unwrap();
    let global = crate::TypedGlobal::<Option<wasmtime::Func>>::from_global(global);
    global.set(session.store_mut(), None).unwrap();
    assert_eq!(refused(session.recording()), RecordError::Global);
}

#[test]
fn a_memory_of_the_host_that_it_writes_ends_the_recording() {
    let mut session = start(&load("(module)"), &Recorder::new(), (), |_| Ok(())).unwrap();
    let memory = wasmtime::MemoryType::new(1, None);
    let memory = wasmtime::Memory::new(session.store_mut(), memory).unwrap();
    crate::memory::GuestMemory::of(session.store_mut(), memory).write(0, 1_u8).unwrap();
    assert_eq!(refused(session.recording()), RecordError::Memory);
}

#[cfg(feature = "threads")]
#[test]
fn a_shared_memory_is_refused() {
    let loaded = load(r#"(module (memory (export "shared") 1 1 shared))"#);
    let session = start(&loaded, &Recorder::new(), (), |_| Ok(()));
    assert_eq!(refused(session), RecordError::SharedMemory { name: "shared".into() });
}

#[cfg(feature = "gc")]
#[test]
fn an_exception_ends_the_recording() {
    let text = r#"(module (tag $tag) (func (export "f") (throw $tag)))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |_| Ok(())).unwrap();
    assert!(session.call_func::<(), ()>("f", ()).is_err());
    assert_eq!(refused(session.recording()), RecordError::Exception);
}

#[test]
fn a_guest_that_is_called_with_the_functions_of_wasmtime_ends_the_recording() {
    let text = r#"(module (import "host" "ten" (func $ten (result i32)))
        (func (export "get") (result i32) (call $ten)))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |linker| {
        Recorder::func(linker, "host", "ten", |_: &mut Caller<'_, ()>| Ok(10))
    });
    let session = session.as_mut().unwrap();
    let ten = session.call(|instance, store| {
        instance.get_typed_func::<(), i32>(&mut *store, "get")?.call(store, ())
    });
    assert_eq!(ten.unwrap(), 10);
    assert_eq!(refused(session.recording()), RecordError::Unrecorded);
}

#[test]
fn a_budget_that_a_session_shares_later_ends_the_recording() {
    let mut session = start(&load("(module)"), &Recorder::new(), (), |_| Ok(())).unwrap();
    session.share(&MemoryBudget::new(1 << 20));
    assert_eq!(refused(session.recording()), RecordError::MemoryBudget);
}

/// The state of the snapshot is not in the recording.
#[cfg(feature = "snapshot")]
#[test]
fn a_session_that_starts_from_a_snapshot_is_refused() {
    let digest = "0123456789abcdef".repeat(4);
    let loaded = load(&format!(
        r#"(module (memory (export "wasmport:memory:0") 1)
            (global (export "wasmport:snapshot:{digest}") i32 (i32.const 1)))"#
    ));
    let mut session = Session::of(&loaded, (), |_, _| Ok(())).unwrap();
    let snapshot = session.snapshot().unwrap();
    let warm = loaded.with_runtime(&loaded.runtime().with_snapshot(&snapshot));
    assert!(Session::of(&warm, (), |_, _| Ok(())).is_ok());
    let session = start(&warm, &Recorder::new(), (), |_| Ok(()));
    assert_eq!(refused(session), RecordError::Snapshot);
    assert!(start(&loaded, &Recorder::new(), (), |_| Ok(())).is_ok());
}

#[cfg(feature = "async")]
#[test]
fn an_async_call_ends_the_recording() {
    let text = r#"(module (func (export "f")))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |_| Ok(())).unwrap();
    session.call_func::<(), ()>("f", ()).unwrap();
    {
        let mut calling = std::pin::pin!(session.call_func_async::<(), ()>("f", ()));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(called) = calling.as_mut().poll(&mut context) else {
            panic!("it waits");
        };
        called.unwrap();
    }
    assert_eq!(refused(session.recording()), RecordError::Async);
}

#[cfg(feature = "async")]
#[test]
fn async_sessions_are_refused() {
    let (loaded, recorder) = (load("(module)"), Recorder::new());
    let loaded = loaded.with_runtime(&loaded.runtime().with_recorder(&recorder));
    let mut starting = std::pin::pin!(Session::of_async(&loaded, (), |_, _| Ok(())));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(started) = starting.as_mut().poll(&mut context) else {
        panic!("it waits");
    };
    assert_eq!(refused(started), RecordError::Async);
}

#[cfg(feature = "component-model")]
#[test]
fn components_are_refused() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap().with_recorder(&Recorder::new());
    let component = DynamicAsset::component("empty", "(component)");
    let component = runtime.load_dynamic(&component).unwrap();
    assert_eq!(refused(Session::of(&component, (), |_, _| Ok(()))), RecordError::Component);
}
