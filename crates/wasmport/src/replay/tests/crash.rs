//! A crash that random inputs find, reproduced from its recording alone.

use super::super::Caller;
use super::*;
use wasmtime::Trap;

/// Parses fields with a length in front of each. It believes the lengths.
const PARSER: &str = r#"(module
    (import "host" "read" (func $read (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "parse") (result i32) (local $at i32) (local $end i32) (local $sum i32)
        (local.set $end (call $read (i32.const 65000) (i32.const 64)))
        (local.set $at (i32.const 65000))
        (local.set $end (i32.add (local.get $at) (local.get $end)))
        (block $done (loop $more
            (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
            (local.set $sum (i32.add (local.get $sum)
                (i32.load8_u (i32.add (local.get $at)
                    (i32.mul (i32.load8_u (local.get $at)) (i32.const 3))))))
            (local.set $at (i32.add (local.get $at)
                (i32.add (i32.load8_u (local.get $at)) (i32.const 1))))
            (br $more)))
        (local.get $sum)))"#;

/// Pseudorandom bytes, the same in every run.
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) as u8
    }
}

#[test]
fn a_crash_found_by_fuzzing_is_reproduced_from_the_recording() {
    let (loaded, recorder) = (load(PARSER), Recorder::new());
    let mut session = start(&loaded, &recorder, Random(0x9e37_79b9), |linker| {
        Recorder::func(
            linker,
            "host",
            "read",
            |host: &mut Caller<'_, Random>, at: i32, len: i32| {
                let len = i32::from(host.get().byte()) % len;
                // Most bytes are small: inputs that are nearly right.
                let input: Vec<u8> = (0..len)
                    .map(|_| {
                        if host.get().byte() < 6 {
                            host.get().byte()
                        } else {
                            host.get().byte() % 8
                        }
                    })
                    .collect();
                host.memory()?.write_bytes(at, &input)?;
                Ok(len)
            },
        )
    });
    let session = session.as_mut().unwrap();
    let crash = (0..10_000).find_map(|_| session.call_func::<(), i32>("parse", ()).err());
    let crash = crash.expect("no input crashes the parser");
    assert_eq!(crash.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
    // As it is in a file.
    let bytes = crash.recording().unwrap().as_bytes().to_vec();
    let recording = Recording::from_bytes(bytes).unwrap();
    let report = replay_everywhere(PARSER, &recording);
    assert_eq!(report.trap, Some(Trap::MemoryOutOfBounds));
    assert!(report.calls > 1 && report.calls == report.imports, "{report:?}");
}
