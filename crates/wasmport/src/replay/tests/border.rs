//! Ways by which the host's data enters the guest.

use super::super::Caller;
use super::*;
use crate::memory::GuestMemory;
use wasmtime::Val;

/// The function adds the bytes in a range of the memory.
const SUM: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "sum") (param $at i32) (param $end i32) (result i32) (local $sum i32)
        (loop $more
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
        (local.get $sum)))"#;

fn memory_of(session: &mut Session<(), Instance>) -> GuestMemory<'_, SessionData<()>> {
    let instance = *session.wrapper();
    let memory = instance.get_memory(session.store_mut(), "memory").unwrap();
    GuestMemory::of(session.store_mut(), memory)
}

#[test]
fn slices_of_a_whole_memory_are_compared_once() {
    let mut session = start(&load(SUM), &Recorder::new(), (), |_| Ok(())).unwrap();
    for at in [100, 200] {
        memory_of(&mut session).data_mut()[at] = 1;
    }
    assert_eq!(session.call_func::<(i32, i32), i32>("sum", (100, 300)).unwrap(), 2);
    let recording = session.recording().unwrap();
    let text = recording.to_string();
    assert_eq!(text.matches("write 1 bytes").count(), 2, "{text}");
    assert_eq!(replay_everywhere(SUM, &recording).calls, 1);
}

/// More writes than are noted at once.
#[test]
fn many_writes_between_two_calls_are_recorded() {
    for compare in [false, true] {
        let recorder = Recorder::new().compare_memory(compare);
        let mut session = start(&load(SUM), &recorder, (), |_| Ok(())).unwrap();
        let mut memory = memory_of(&mut session);
        // Backwards and apart, so that no two are one.
        for at in (0..20_000_u32).step_by(2).rev() {
            memory.write(at, 1_u8).unwrap();
        }
        let sum = session.call_func::<(i32, i32), i32>("sum", (0, 20_000)).unwrap();
        assert_eq!(sum, 10_000);
        let recording = session.recording().unwrap();
        assert_eq!(replay_everywhere(SUM, &recording).calls, 1);
    }
}

#[test]
fn floats_are_recorded_by_their_bits() {
    let text = r#"(module
        (import "host" "widen" (func $widen (param f32) (result f64)))
        (memory (export "memory") 1)
        (func (export "keep") (param f32) (result f64)
            (f32.store (i32.const 0) (local.get 0))
            (f64.store (i32.const 8) (call $widen (local.get 0)))
            (f64.load (i32.const 8))))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |linker| {
        Recorder::func(linker, "host", "widen", |_: &mut Caller<'_, ()>, _: f32| {
            Ok(f64::from_bits(0x7ff8_0000_dead_beef))
        })
    });
    let session = session.as_mut().unwrap();
    let value = session.call_func::<f32, f64>("keep", f32::from_bits(0x7fc1_2345)).unwrap();
    assert_eq!(value.to_bits(), 0x7ff8_0000_dead_beef);
    assert_eq!(memory_of(session).read::<u32>(0).unwrap(), 0x7fc1_2345);
    // The memory at the end is compared.
    assert_eq!(replay_everywhere(text, &session.recording().unwrap()).calls, 1);
}

/// The instance is not finished when its start function calls the host.
#[test]
fn what_the_host_changes_while_a_guest_starts_is_recorded() {
    let text = r#"(module
        (import "host" "prepare" (func $prepare))
        (memory (export "memory") 1)
        (global $level (export "level") (mut i32) (i32.const 1))
        (func $start (global.set $level (i32.const 2)) (call $prepare)
            (i32.store (i32.const 8) (i32.add (global.get $level) (i32.load (i32.const 4)))))
        (start $start)
        (func (export "get") (result i32) (i32.load (i32.const 8))))"#;
    let recorder = Recorder::new().compare_memory(true);
    let mut session = start(&load(text), &recorder, (), |linker| {
        Recorder::func(linker, "host", "prepare", |host: &mut Caller<'_, ()>| {
            let caller = host.caller();
            let level = caller.get_export("level").and_then(wasmtime::Extern::into_global);
            level.unwrap().set(&mut *caller, Val::I32(5))?;
            let memory = caller.get_export("memory").and_then(wasmtime::Extern::into_memory);
            memory.unwrap().data_mut(&mut *caller)[4] = 7;
            Ok(())
        })
    });
    let session = session.as_mut().unwrap();
    assert_eq!(session.call_func::<(), i32>("get", ()).unwrap(), 12);
    let recording = session.recording().unwrap();
    assert!(recording.to_string().contains("set level to 5"), "{recording}");
    assert_eq!(replay_everywhere(text, &recording).imports, 1);
}

/// The pooling allocator lets tables grow less than the limits do.
#[cfg(feature = "pool")]
#[test]
fn the_bounds_of_the_pooling_allocator_are_recorded() {
    let text = r#"(module (table 1 funcref)
        (func (export "grow") (param i32) (result i32)
            (table.grow (ref.null func) (local.get 0))))"#;
    let pooling = crate::Pooling {
        total_core_instances: 2,
        total_memories: 2,
        total_tables: 2,
        table_elements: 100,
        ..crate::Pooling::default()
    };
    let options = RuntimeOptions { pooling: Some(pooling), ..RuntimeOptions::default() };
    let loaded = load_for(text, &EngineConfig::new(), options);
    let mut session = start(&loaded, &Recorder::new(), (), |_| Ok(())).unwrap();
    assert_eq!(session.call_func::<i32, i32>("grow", 200).unwrap(), -1);
    assert_eq!(session.call_func::<i32, i32>("grow", 20).unwrap(), 1);
    assert_eq!(replay_everywhere(text, &session.recording().unwrap()).calls, 2);
}
