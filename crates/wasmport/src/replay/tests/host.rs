//! Host functions, memories, globals and nested calls.

use super::super::{Caller, ReplayEnd, ReplayError};
use super::*;
use crate::memory::GuestMemory;
use crate::record::Number;
use crate::support::FuncCell;
use crate::{Exit, GuestSlice};
use wasmtime::{AsContextMut as _, Memory, Trap};

const SUM: &str = r#"(module
    (import "host" "next" (func $next (param i32 f64) (result i64)))
    (import "host" "log" (func $log (param i64)))
    (func (export "sum") (param $count i32) (result i64) (local $sum i64)
        (loop $more
            (local.set $sum (i64.add (local.get $sum)
                (call $next (local.get $count) (f64.convert_i64_s (local.get $sum)))))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br_if $more (local.get $count)))
        (call $log (local.get $sum))
        (local.get $sum)))"#;

fn sum(linker: &mut HostLinker<i64>) -> wasmtime::Result<()> {
    Recorder::func(linker, "host", "next", |host: &mut Caller<'_, i64>, count: i32, _: f64| {
        *host.get() += 7;
        Ok(*host.get() * i64::from(count))
    })?;
    Recorder::func(linker, "host", "log", |_: &mut Caller<'_, i64>, _: i64| Ok(()))
}

fn recorded_sum(recorder: &Recorder) -> (Session<i64, Instance>, Recording) {
    let mut session = start(&load(SUM), recorder, 1, sum).unwrap();
    assert_eq!(session.call_func::<i32, i64>("sum", 3).unwrap(), 76);
    let values = session.call_values("sum", &[wasmtime::Val::I32(2)]).unwrap();
    assert_eq!(values[0].unwrap_i64(), 94);
    let recording = session.recording().unwrap();
    (session, recording)
}

#[test]
fn results_of_host_functions_are_answered_from_the_recording() {
    let (_, recording) = recorded_sum(&Recorder::new());
    let report = replay_everywhere(SUM, &recording);
    assert_eq!((report.calls, report.imports, report.end), (2, 7, ReplayEnd::Complete));
    let text = recording.to_string();
    assert!(text.contains("export sum(3)") && text.contains("import host.next(3, 0)"), "{text}");
    assert!(recording.as_bytes().len() < 400, "{} bytes", recording.as_bytes().len());
}

#[test]
fn the_first_difference_is_reported_with_its_function() {
    let (_, recording) = recorded_sum(&Recorder::new());
    let changed = recording.with_return(0, Number::I64(25));
    let ReplayError::Difference(difference) = replay(&load(SUM), &changed).unwrap_err() else {
        panic!("another error");
    };
    // The guest passes its sum on.
    assert_eq!(difference.function, "host.next");
    assert_eq!(difference.expected, "import host.next(2, 24)");
    assert_eq!(difference.found, "import host.next(2, 25)");
    assert_eq!(difference.event, 6, "{recording}");
}

#[test]
fn an_ended_session_leaves_its_recording_with_the_recorder() {
    let recorder = Recorder::new();
    let (session, recording) = recorded_sum(&recorder);
    assert!(recorder.take().is_empty());
    drop(session);
    let left = recorder.take();
    assert_eq!(left.len(), 1);
    // Without the digests of memories, of which the guest has none.
    assert_eq!(left[0].as_bytes(), recording.as_bytes());
    assert!(recorder.take().is_empty());
}

const MEMORY: &str = r#"(module
    (import "host" "fill" (func $fill (param i32 i32)))
    (memory (export "memory") 1)
    (global (export "level") (mut i32) (i32.const 1))
    (func (export "sum") (param $at i32) (param $len i32) (result i32) (local $sum i32)
        (call $fill (local.get $at) (local.get $len))
        (loop $more
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
                (i32.load8_u (i32.add (local.get $at) (local.get $len)))))
            (local.set $len (i32.sub (local.get $len) (i32.const 1)))
            (br_if $more (i32.ge_s (local.get $len) (i32.const 0))))
        (i32.add (local.get $sum) (i32.mul (global.get 0) (memory.size)))))"#;

fn memory_of<T: 'static>(session: &mut Session<T, Instance>) -> Memory {
    let instance = *session.wrapper();
    instance.get_memory(session.store_mut(), "memory").unwrap()
}

#[test]
fn what_the_host_writes_is_in_the_recording() {
    type Fill = fn(&mut Caller<'_, u8>, i32, i32) -> wasmtime::Result<()>;
    let write: Fill = |host, at, len| {
        let value = *host.get();
        let mut memory = host.memory()?;
        memory.write_slice(at, &vec![value; len as usize])?;
        GuestSlice::<u16>::new(at, 2).write(&mut memory, &[0x0102, 0x0304])?;
        Ok(())
    };
    let slice: Fill = |host, at, len| {
        let (bytes, value) = host.memory_and_host()?;
        bytes[at as usize..][..len as usize].fill(*value);
        bytes[60_000] = 1;
        Ok(())
    };
    for fill in [write, slice] {
        let recorder = Recorder::new();
        let loaded = load(MEMORY);
        let mut session =
            start(&loaded, &recorder, 9, |linker| Recorder::func(linker, "host", "fill", fill));
        let session = session.as_mut().unwrap();
        let first = session.call_func::<(i32, i32), i32>("sum", (100, 40)).unwrap();
        // Between calls: memory, global, growth.
        let memory = memory_of(session);
        let mut guest = GuestMemory::of(session.store_mut(), memory);
        guest.write(140, 77_u8).unwrap();
        guest.grow(2).unwrap();
        guest.write_bytes(150_000, b"far").unwrap();
        guest.data_mut()[139..141].copy_from_slice(&[3, 4]);
        let instance = *session.wrapper();
        let level = instance.get_global(session.store_mut(), "level").unwrap();
        level.set(session.store_mut(), wasmtime::Val::I32(5)).unwrap();
        let second = session.call_func::<(i32, i32), i32>("sum", (100, 40)).unwrap();
        assert_ne!(first, second);
        session.data_mut().clone_from(&3);
        let _ = session.call_func::<(i32, i32), i32>("sum", (100, 40)).unwrap();
        let recording = session.recording().unwrap();
        assert_eq!(replay_everywhere(MEMORY, &recording).calls, 3);
        let text = recording.to_string();
        assert!(
            text.contains("grow memory by 2 pages") && text.contains("set level to 5"),
            "{text}"
        );
        assert!(recording.as_bytes().len() < 1000, "{text}");
    }
}

#[test]
fn memories_are_compared_if_the_host_writes_with_the_functions_of_wasmtime() {
    let compared = |compare| {
        let recorder = Recorder::new().compare_memory(compare);
        let mut session = start(&load(MEMORY), &recorder, 9, |linker| {
            Recorder::func(
                linker,
                "host",
                "fill",
                |host: &mut Caller<'_, u8>, at: i32, len: i32| {
                    let memory = host.caller().get_export("memory").unwrap().into_memory().unwrap();
                    memory.data_mut(host.caller())[at as usize..][..len as usize].fill(8);
                    Ok(())
                },
            )
        });
        let session = session.as_mut().unwrap();
        for _ in 0..2 {
            let _ = session.call_func::<(i32, i32), i32>("sum", (100, 40)).unwrap();
            let memory = memory_of(session);
            memory.data_mut(session.store_mut())[120] += 1;
        }
        session.recording().unwrap()
    };
    assert_eq!(replay_everywhere(MEMORY, &compared(true)).calls, 2);
    let unseen = replay(&load(MEMORY), &compared(false)).unwrap_err();
    assert!(matches!(unseen, ReplayError::Difference(_)), "{unseen}");
}

const FAILING: &str = r#"(module
    (import "host" "check" (func $check (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (param i32) (result i32)
        (i32.div_u (i32.const 100) (call $check (local.get 0)))))"#;

#[test]
fn failures_are_recorded_and_compared() {
    let check = |_: &mut Caller<'_, ()>, case: i32| match case {
        1 => Err(wasmtime::Error::msg("the host refuses")),
        2 => Err(Trap::IntegerOverflow.into()),
        3 => Err(Exit::new(-4).into()),
        _ => Ok(case),
    };
    for (case, trap) in [
        (0, Some(Trap::IntegerDivisionByZero)),
        (1, None),
        (2, Some(Trap::IntegerOverflow)),
        (3, None),
        (9, None),
    ] {
        let recorder = Recorder::new();
        let define = |linker: &mut _| Recorder::func(linker, "host", "check", check);
        let mut session = start(&load(FAILING), &recorder, (), define).unwrap();
        let result = session.call_func::<i32, i32>("run", case);
        assert_eq!(result.is_ok(), case == 9);
        let report = replay_everywhere(FAILING, &session.recording().unwrap());
        assert_eq!((report.trap, report.end), (trap, ReplayEnd::Complete));
    }
}

const NESTED: &str = r#"(module
    (import "host" "twice" (func $twice (param i32) (result i32)))
    (func (export "step") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 1))
            (else (i32.add (local.get 0)
                (call $twice (i32.sub (local.get 0) (i32.const 1))))))))"#;

#[test]
fn host_functions_that_call_the_guest_are_nested() {
    #[derive(Default)]
    struct Data {
        instance: Option<Instance>,
    }
    let recorder = Recorder::new();
    let mut session = start(&load(NESTED), &recorder, Data::default(), |linker| {
        Recorder::func(linker, "host", "twice", |host: &mut Caller<'_, Data>, value: i32| {
            let instance = host.get().instance.unwrap();
            let step = FuncCell::<(i32,), i32>::default();
            let once = step.call(&instance, &mut *host, "step", (value,))?;
            Ok(once + step.call(&instance, &mut *host, "step", (value / 2,))?)
        })
    });
    let session = session.as_mut().unwrap();
    session.data_mut().instance = Some(*session.wrapper());
    let _ = session.call_func::<i32, i32>("step", 6).unwrap();
    let recording = session.recording().unwrap();
    let report = replay_everywhere(NESTED, &recording);
    assert!(report.calls > 10 && report.calls == 2 * report.imports + 1, "{report:?}");
    assert!(recording.to_string().contains("\n    6       import host.twice(4)"), "{recording}");
}

#[test]
fn fuel_is_part_of_a_recording() {
    let config = EngineConfig::new().fuel(true);
    let loaded = load_for(SUM, &config, RuntimeOptions::default());
    let recorder = Recorder::new();
    let mut session = start(&loaded, &recorder, 1, sum).unwrap();
    let _ = session.call_func::<i32, i64>("sum", 3).unwrap();
    session.set_fuel(100).unwrap();
    let error = session.call_func::<i32, i64>("sum", 1000).unwrap_err();
    assert!(matches!(error, crate::Error::OutOfFuel { .. }), "{error}");
    let recording = error.recording().unwrap();
    let report = replay(&loaded, recording).unwrap();
    assert_eq!((report.trap, report.calls), (Some(Trap::OutOfFuel), 2));
    #[cfg(feature = "pulley")]
    assert_eq!(replay(&load_portable(SUM, &config), recording).unwrap(), report);
    assert!(matches!(replay(&load(SUM), recording), Err(ReplayError::Fuel { recorded: true })));
}

/// What `snapshot = true` adds to a module, whose start is an export then.
const SAVABLE: &str = r#"(export "wasmport:start" (func $start)) (export "wasmport:memory:0" (memory 0))
    (global $count (export "wasmport:global:0") (mut i32) (i32.const 0))
    (global (export "wasmport:snapshot:0") i32 (i32.const 1))"#;

#[test]
fn a_start_function_and_a_failed_start_are_recorded() {
    let check = |host: &mut Caller<'_, i32>, _: i32| {
        host.memory()?.write(4, 17)?;
        Ok(*host.get())
    };
    let define = |linker: &mut _| Recorder::func(linker, "host", "check", check);
    for start_of in ["(start $start)", SAVABLE] {
        let text = format!(
            r#"(module
            (import "host" "check" (func $check (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 8) "hello")
            (func $start (i32.store (i32.const 0) (call $check (i32.const 5)))
                (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 50)) (then unreachable)))
            {start_of}
            (func (export "get") (result i32) (i32.load (i32.const 4))))"#
        );
        let recorder = Recorder::new();
        let mut session = start(&load(&text), &recorder, 3, define).unwrap();
        assert_eq!(session.call_func::<(), i32>("get", ()).unwrap(), 17);
        assert_eq!(replay_everywhere(&text, &session.recording().unwrap()).imports, 1);
        let error = start(&load(&text), &recorder, 300, define).err().unwrap();
        let report = replay_everywhere(&text, error.recording().unwrap());
        assert_eq!(report.trap, Some(Trap::UnreachableCodeReached));
        assert!(!error.to_string().contains("recording"), "{error}");
    }
}

#[test]
fn a_recording_that_is_full_replays_until_then() {
    let recorder = Recorder::new().max_bytes(600);
    let mut session = start(&load(SUM), &recorder, 1, sum).unwrap();
    let _ = session.call_func::<i32, i64>("sum", 1000).unwrap();
    let recording = session.recording().unwrap();
    assert!(recording.as_bytes().len() < 800);
    let report = replay_everywhere(SUM, &recording);
    assert!(report.end == ReplayEnd::Truncated && report.imports > 10, "{report:?}");

    let recorder = recorder.at_limit(super::super::AtLimit::FailCalls);
    let mut session = start(&load(SUM), &recorder, 1, sum).unwrap();
    let error = session.call_func::<i32, i64>("sum", 1000).unwrap_err();
    let full = error.downcast_ref::<super::super::RecordError>();
    assert!(matches!(full, Some(super::super::RecordError::Full { limit: 600 })), "{error}");
}

fn timed(text: &str, millis: u64) -> LoadedModule {
    let time = Some(std::time::Duration::from_millis(millis));
    let limits = crate::Limits { time, ..crate::Limits::default() };
    let config = EngineConfig::new().epoch_interruption(true);
    load_for(text, &config, RuntimeOptions { limits, ..RuntimeOptions::default() })
}

#[test]
fn a_call_that_a_deadline_ended_is_replayed_with_a_deadline() {
    let text = r#"(module (import "host" "log" (func $log (param i64)))
        (memory (export "memory") 1)
        (func (export "spin") (call $log (i64.const 1))
            (loop $more
                (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (i64.const 1)))
                (br $more))))"#;
    let recorder = Recorder::new();
    let mut session = start(&timed(text, 20), &recorder, 0, |linker| {
        Recorder::func(linker, "host", "log", |_: &mut Caller<'_, i64>, _: i64| Ok(()))
    });
    let session = session.as_mut().unwrap();
    let error = session.call_func::<(), ()>("spin", ()).unwrap_err();
    assert!(matches!(error, crate::Error::TimedOut { .. }), "{error}");
    let recording = session.recording().unwrap();
    let report = replay(&timed(text, 10), &recording).unwrap();
    assert_eq!((report.imports, report.end), (1, ReplayEnd::Interrupted));
    let config = EngineConfig::new().epoch_interruption(true);
    let untimed = load_for(text, &config, RuntimeOptions::default());
    assert!(matches!(replay(&untimed, &recording), Err(ReplayError::NoTimeLimit)));
}

#[test]
fn a_start_that_a_deadline_ended_is_replayed_with_a_deadline() {
    let text = r#"(module (import "host" "log" (func $log (param i64)))
        (memory (export "memory") 1)
        (func $spin (call $log (i64.const 1)) (loop $more (br $more)))
        (start $spin))"#;
    let define = |linker: &mut _| {
        Recorder::func(linker, "host", "log", |_: &mut Caller<'_, i64>, _: i64| Ok(()))
    };
    let error = start(&timed(text, 20), &Recorder::new(), 0, define).err().unwrap();
    let recording = error.recording().unwrap();
    let report = replay(&timed(text, 10), recording).unwrap();
    assert_eq!((report.imports, report.end), (1, ReplayEnd::Interrupted));
    // What differs before is reported, however long the start takes then.
    let other = text.replace("i64.const 1", "i64.const 2");
    let loaded = timed(&other, 10);
    let mut bytes = recording.as_bytes()[..recording.as_bytes().len() - 32].to_vec();
    let source = recording.source_digest();
    let at = bytes.windows(32).position(|bytes| bytes == source.as_bytes()).unwrap();
    bytes[at..at + 32].copy_from_slice(loaded.asset().source_digest().as_bytes());
    let error = replay(&loaded, &Recording::finished(bytes).unwrap()).unwrap_err();
    assert!(matches!(error, ReplayError::Difference(_)), "{error}");
}

#[test]
fn a_deadline_that_ended_a_wait_of_the_host_needs_none_in_the_replay() {
    let text = r#"(module (import "host" "wait" (func $wait))
        (func (export "run") (call $wait)))"#;
    let recorder = Recorder::new();
    let mut session = start(&load(text), &recorder, (), |linker| {
        let ended = || wasmtime::Error::from(Trap::Interrupt);
        Recorder::func(linker, "host", "wait", move |_: &mut Caller<'_, ()>| Err::<(), _>(ended()))
    })
    .unwrap();
    let _ = session.call_func::<(), ()>("run", ()).unwrap_err();
    let report = replay_everywhere(text, &session.recording().unwrap());
    assert_eq!((report.imports, report.end), (1, ReplayEnd::Interrupted));
}

#[test]
fn a_start_without_any_code_has_no_recording() {
    let text = r#"(module (memory (export "memory") 2) (func $start) (start $start))"#;
    let limits = crate::Limits { memory_bytes: 65_536, ..crate::Limits::default() };
    let options = RuntimeOptions { limits, ..RuntimeOptions::default() };
    let recorder = Recorder::new();
    let loaded = load_for(text, &EngineConfig::new(), options);
    let error = start(&loaded, &recorder, (), |_| Ok(())).err().unwrap();
    assert!(error.recording().is_none(), "{error}");
    assert!(recorder.take().is_empty());
}

/// As a wrapper's import does that returns a text.
#[test]
fn what_the_start_makes_the_host_call_is_replayed() {
    let module = |start: &str| {
        format!(
            r#"(module
            (import "host" "text" (func $text (result i32)))
            (memory (export "memory") 1)
            (global $next (mut i32) (i32.const 1024))
            (func (export "alloc") (param i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 0))))
            (func $start (i32.store (i32.const 0) (call $text)))
            {start}
            (func (export "get") (result i32) (i32.load (i32.load (i32.const 0)))))"#
        )
    };
    for start_of in ["(start $start)", r#"(export "_initialize" (func $start))"#] {
        let text = module(start_of);
        let mut session = start(&load(&text), &Recorder::new(), (), |linker| {
            Recorder::func(linker, "host", "text", |host: &mut Caller<'_, ()>| {
                let caller = host.caller();
                let alloc = caller.get_export("alloc").unwrap().into_func().unwrap();
                let alloc = crate::record::exported(caller.as_context_mut(), "alloc", alloc);
                let address = alloc.typed::<i32, i32>(&*caller)?.call(&mut *caller, 4)?;
                host.memory()?.write(address, 77)?;
                Ok(address)
            })
        })
        .unwrap();
        assert_eq!(session.call_func::<(), i32>("get", ()).unwrap(), 77);
        let report = replay_everywhere(&text, &session.recording().unwrap());
        assert_eq!((report.calls, report.imports), (2, 1));
    }
}

#[test]
fn a_memory_that_the_system_does_not_let_grow_ends_the_recording() {
    let text = r#"(module (memory (export "memory") 1 10)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let config = EngineConfig::new()
        .memory_may_move(false)
        .memory_reservation(Some(65_536))
        .memory_guard_size(Some(0));
    let grown = |by| {
        let loaded = load_for(text, &config, RuntimeOptions::default());
        let mut session = start(&loaded, &Recorder::new(), (), |_| Ok(())).unwrap();
        assert_eq!(session.call_func::<i32, i32>("grow", by).unwrap(), -1);
        session.recording()
    };
    // Beyond the maximum of its own, it never grows.
    assert_eq!(replay_everywhere(text, &grown(10).unwrap()).calls, 1);
    match grown(9).unwrap_err() {
        crate::Error::Record { source, .. } => {
            assert_eq!(source, super::super::RecordError::Growth)
        }
        other => panic!("{other}"),
    }
}

/// Wasmtime reports that such a growth failed, but has asked nobody about it.
#[test]
fn a_size_that_the_type_of_a_memory_forbids_is_no_refusal_by_the_system() {
    let text = r#"(module (memory (export "memory") 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |_| Ok(())).unwrap();
    assert_eq!(session.call_func::<i32, i32>("grow", 1).unwrap(), 1);
    assert_eq!(session.call_func::<i32, i32>("grow", -1).unwrap(), -1);
    assert_eq!(replay_everywhere(text, &session.recording().unwrap()).calls, 2);

    let budget = crate::MemoryBudget::new(10 << 16);
    let loaded = load(text);
    let loaded = loaded.with_runtime(&loaded.runtime().with_memory_budget(&budget));
    let mut session = Session::of(&loaded, (), |_: &mut HostLinker<()>, _| Ok(())).unwrap();
    assert_eq!(session.call_func::<i32, i32>("grow", 1).unwrap(), 1);
    assert_eq!(session.call_func::<i32, i32>("grow", -1).unwrap(), -1);
    assert_eq!(budget.used(), 2 << 16);
    drop(session);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_function_with_two_names_is_wrapped_once_for_each() {
    let text = r#"(module (func (export "a") (export "b") (result i32) (i32.const 4)))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |_| Ok(())).unwrap();
    let mut wrapped = std::collections::HashSet::new();
    for name in ["a", "b"].into_iter().cycle().take(10) {
        let instance = *session.wrapper();
        let func = instance.get_func(session.store_mut(), name).unwrap();
        let func = crate::record::exported(session.store_mut().as_context_mut(), name, func);
        let mut store = session.store_mut();
        assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 4);
        let _ = wrapped.insert(func.to_raw(&mut store).addr());
    }
    assert_eq!(wrapped.len(), 2);
    let recording = session.recording().unwrap();
    assert!(recording.to_string().contains("export b()"), "{recording}");
    assert_eq!(replay_everywhere(text, &recording).calls, 10);
}
