//! Recordings that are truncated, changed or made by an attacker.

use super::super::{Caller, RecordingError};
use super::*;

const GUEST: &str = r#"(module
    (import "host" "fill" (func $fill (param i32 f32) (result i32)))
    (memory (export "memory") 1)
    (global (export "level") (mut i64) (i64.const 1))
    (func (export "run") (param i32) (result i64)
        (i32.store (i32.const 8) (call $fill (local.get 0) (f32.const 1.5)))
        (i64.add (i64.load (i32.const 4)) (global.get 0))))"#;

fn recorded() -> Recording {
    let recorder = Recorder::new();
    let mut session = start(&load(GUEST), &recorder, (), |linker| {
        Recorder::func(linker, "host", "fill", |host: &mut Caller<'_, ()>, at: i32, _: f32| {
            let mut memory = host.memory()?;
            memory.write(at, 0x0102_0304_u32)?;
            memory.grow(1)?;
            Ok(at + 1)
        })
    });
    let session = session.as_mut().unwrap();
    for at in [4, 400, 16] {
        let _ = session.call_func::<i32, i64>("run", at).unwrap();
        let instance = *session.wrapper();
        let level = instance.get_global(session.store_mut(), "level").unwrap();
        level.set(session.store_mut(), wasmtime::Val::I64(at.into())).unwrap();
    }
    session.recording().unwrap()
}

#[test]
fn fault_109_truncated_and_changed_recordings_are_refused() {
    let recording = recorded();
    let bytes = recording.as_bytes();
    for end in 0..bytes.len() {
        assert!(Recording::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(Recording::from_bytes(changed).is_err(), "byte {at}");
    }
    let mut newer = bytes.to_vec();
    newer[8] = 2;
    let error = Recording::from_bytes(newer).unwrap_err();
    assert_eq!(error, RecordingError::Format { found: 2, expected: 1 });
    assert_eq!(Recording::from_bytes(*b"\0asm").unwrap_err(), RecordingError::NotARecording);
}

/// An attacker computes the digest again.
#[test]
fn fault_109_no_recording_makes_the_replay_panic() {
    let recording = recorded();
    let loaded = load(GUEST);
    assert_eq!(replay_everywhere(GUEST, &recording).calls, 3);
    let content = &recording.as_bytes()[..recording.as_bytes().len() - 32];
    let (mut readable, mut played) = (0, 0);
    let mut random: u64 = 0x2545_f491;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as usize % below
    };
    for _ in 0..4000 {
        let mut changed = content.to_vec();
        for _ in 0..=next(3) {
            let at = next(changed.len());
            match next(4) {
                0 => changed[at] = next(256) as u8,
                1 => drop(changed.remove(at)),
                2 => changed.insert(at, [0, 1, 2, 3, 4, 5, 127, 128, 255][next(9)]),
                _ => changed.truncate(at.max(1)),
            }
        }
        let Ok(recording) = Recording::finished(changed) else { continue };
        readable += 1;
        let _ = recording.to_string();
        if let Ok(replay) = Replay::new(&loaded, &recording) {
            played += usize::from(replay.run().is_ok());
        }
    }
    assert!(readable > 50 && played > 0, "{readable} {played}");
}

/// Each answer of an import calls the guest again. The interpreter's stack is not the thread's.
#[test]
fn calls_that_a_recording_nests_do_not_overflow_the_stack() {
    let text = r#"(module (import "host" "again" (func $again))
        (func (export "run") (call $again)))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |linker| {
        Recorder::func(linker, "host", "again", |_: &mut Caller<'_, ()>| Ok(()))
    });
    let session = session.as_mut().unwrap();
    session.call_func::<(), ()>("run", ()).unwrap();
    let recording = session.recording().unwrap();
    let mut bytes = recording.as_bytes()[..recording.as_bytes().len() - 32].to_vec();
    // The export 0, the import 0, and the end of both.
    assert!(bytes.ends_with(&[3, 0, 2, 0, 4, 4]), "{recording}");
    bytes.truncate(bytes.len() - 2);
    bytes.extend([3_u8, 0, 2, 0].repeat(4000));
    let nested = Recording::finished(bytes).unwrap();
    assert!(replay(&load(text), &nested).is_err());
    #[cfg(feature = "pulley")]
    {
        let error = replay(&load_portable(text, &EngineConfig::new()), &nested).unwrap_err();
        assert!(matches!(error, ReplayError::Unfit(_) | ReplayError::Difference(_)), "{error}");
    }
}

#[test]
fn the_text_of_an_error_is_one_short_line() {
    let recorder = Recorder::new();
    let mut session = start(&load(GUEST), &recorder, (), |linker| {
        Recorder::func(linker, "host", "fill", |_: &mut Caller<'_, ()>, _: i32, _: f32| {
            Err::<i32, _>(wasmtime::Error::msg("no\n    9 import evil\n".repeat(1000)))
        })
    });
    let session = session.as_mut().unwrap();
    session.call_func::<i32, i64>("run", 4).unwrap_err();
    let recording = session.recording().unwrap();
    let text = recording.to_string();
    assert!(text.contains(r"fail with an error: no\n    9 import evil\n"), "{text}");
    assert!(!text.contains("\n    9 import") && text.len() < 4096, "{text}");
    assert_eq!(replay_everywhere(GUEST, &recording).imports, 1);
}

/// A replay hashes memories for as long as it likes: no limit counts in the host.
#[test]
fn fault_109_digests_of_memories_are_at_the_end_alone() {
    let recording = recorded();
    let content = &recording.as_bytes()[..recording.as_bytes().len() - 32];
    let (events, digest) = content.split_at(content.len() - 34);
    assert_eq!(digest[..2], [10, 0], "{recording}");
    assert!(Recording::finished(content.to_vec()).is_ok());
    let twice = [content, digest].concat();
    let early = [events, digest, &[9, 1]].concat();
    for bytes in [twice, early] {
        let error = Recording::finished(bytes).unwrap_err();
        assert!(matches!(error, RecordingError::Invalid { .. }), "{error}");
    }
}

/// Items of one byte that take more than thirty in memory.
#[test]
fn fault_109_a_recording_takes_memory_in_proportion_to_its_length() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "run") (drop (call $yield))))"#;
    let mut session = start(&load(text), &Recorder::new(), (), |linker| {
        Recorder::func(linker, "wasi_snapshot_preview1", "sched_yield", |_: &mut Caller<'_, ()>| {
            Ok(0)
        })
    })
    .unwrap();
    session.call_func::<(), ()>("run", ()).unwrap();
    let recording = session.recording().unwrap();
    let content = &recording.as_bytes()[..recording.as_bytes().len() - 32];
    // The import without inputs, its result, and the end of the export.
    let (before, after) = content.split_at(content.len() - 4);
    assert_eq!(after, [0, 4, 0, 4], "{recording}");
    let with_inputs = |count: usize| {
        let mut bytes = before.to_vec();
        bytes.extend([(count & 127) as u8 | 128, (count >> 7) as u8]);
        bytes.resize(bytes.len() + count, 0);
        bytes.extend(&after[1..]);
        Recording::finished(bytes)
    };
    assert!(with_inputs(1000).is_ok());
    assert!(matches!(with_inputs(2000), Err(RecordingError::Invalid { .. })));
}

/// A name of a million bytes, and a million events of it.
#[test]
fn fault_109_a_listing_is_as_long_as_the_recording() {
    let name = "é".repeat(10_000);
    let text = format!(
        r#"(module (import "host" "{name}" (func $import)) (memory (export "m{name}") 1)
        (global (export "g{name}") (mut i32) (i32.const 1))
        (func (export "f{name}") (call $import)))"#
    );
    let leaked: &'static str = name.clone().leak();
    let mut session = start(&load(&text), &Recorder::new(), (), |linker| {
        Recorder::func(linker, "host", leaked, |_: &mut Caller<'_, ()>| Ok(()))
    })
    .unwrap();
    for value in 0..100 {
        let instance = *session.wrapper();
        let global = instance.get_global(session.store_mut(), &format!("g{name}")).unwrap();
        global.set(session.store_mut(), wasmtime::Val::I32(value)).unwrap();
        session.call_func::<(), ()>(&format!("f{name}"), ()).unwrap();
    }
    let listing = session.recording().unwrap().to_string();
    assert!(listing.len() < 100 * 3 * 1000, "{} bytes", listing.len());
    assert!(listing.contains("éé…()"), "{}", &listing[..2000]);
}
