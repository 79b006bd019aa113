//! Time of sessions that are recorded, beside the same sessions that are not.

use crate::Result;
use crate::measure::{fastest_of, time};
use std::hint::black_box;
use std::time::Duration;
use wasmport::replay::{Caller, Recorder, Recording};
use wasmport::{DynamicAsset, EngineConfig, Runtime, Session};
use wasmtime::TypedFunc;

const TURNS: u32 = 200;
/// Messages of a call.
const MESSAGES: i32 = 5000;
/// The bytes of these messages.
const BYTES: usize = 64 * MESSAGES as usize;

/// Reads messages of 64 bytes from the host, which writes them to memory, sums each, and reports the sum. The other
/// export computes only.
const GUEST: &str = r#"(module
    (import "host" "read" (func $read (param i32 i32) (result i32)))
    (import "host" "report" (func $report (param i64)))
    (memory (export "memory") 1)
    (func (export "messages") (param $count i32) (result i64) (local $at i32) (local $sum i64)
        (loop $message
            (local.set $at (call $read (i32.const 1024) (i32.const 64)))
            (loop $byte
                (local.set $at (i32.sub (local.get $at) (i32.const 1)))
                (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
                    (i64.load8_u offset=1024 (local.get $at))))
                (br_if $byte (local.get $at)))
            (call $report (local.get $sum))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br_if $message (local.get $count)))
        (local.get $sum))
    (func $fib (export "fib") (param $n i32) (result i64)
        (if (result i64) (i32.lt_u (local.get $n) (i32.const 2))
            (then (i64.extend_i32_u (local.get $n)))
            (else (i64.add
                (call $fib (i32.sub (local.get $n) (i32.const 1)))
                (call $fib (i32.sub (local.get $n) (i32.const 2))))))))"#;

/// A guest that calls the host for each 64 bytes, 10,000 times in each session.
pub(crate) fn calls() -> Result<f64> {
    overhead("messages", MESSAGES, BYTES)
}

/// Calls like those of [`calls`], all in one session, whose recording grows to 82 MB.
pub(crate) fn long() -> Result<f64> {
    let runtime = Runtime::new(&EngineConfig::new())?;
    // It ends when it is full: it must not.
    let recorder = Recorder::new().max_bytes(1 << 30);
    let mut ours = side(&runtime.with_recorder(&recorder), "messages", MESSAGES)?;
    let mut theirs = side(&runtime, "messages", MESSAGES)?;
    let fastest = fastest_of(TURNS, || run(&mut ours), || run(&mut theirs))?;
    check(&ours.session.recording()?, TURNS as usize * BYTES)?;
    Ok(fastest.ratio())
}

/// A guest that computes.
pub(crate) fn compute() -> Result<f64> {
    overhead("fib", 27, 0)
}

struct Side {
    session: Session<u64, wasmtime::Instance>,
    func: TypedFunc<i32, i64>,
    param: i32,
}

/// The ratio of calls in sessions that are recorded to the same calls in others. Each has a new session, as the requests
/// of a service do.
fn overhead(export: &str, param: i32, least: usize) -> Result<f64> {
    let runtime = Runtime::new(&EngineConfig::new())?;
    let recorder = Recorder::new();
    let recorded = runtime.with_recorder(&recorder);
    let fastest = fastest_of(
        TURNS,
        || {
            let time = run(&mut side(&recorded, export, param)?)?;
            let ended = recorder.take();
            check(ended.first().ok_or("nothing was recorded")?, least)?;
            Ok(time)
        },
        || run(&mut side(&runtime, export, param)?),
    )?;
    Ok(fastest.ratio())
}

/// Fails if a recording has fewer bytes than the guest was passed.
fn check(recording: &Recording, least: usize) -> Result {
    let bytes = recording.as_bytes().len();
    if bytes >= least { Ok(()) } else { Err(format!("{bytes} bytes were recorded").into()) }
}

fn side(runtime: &Runtime, export: &str, param: i32) -> Result<Side> {
    let guest = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST))?.with_runtime(runtime);
    let mut session = Session::of(&guest, 0, |linker, _| {
        Recorder::func(linker, "host", "read", |host: &mut Caller<'_, u64>, at: i32, len: i32| {
            let byte = *host.get() as u8;
            host.memory()?.write_bytes(at, &[byte; 64][..len as usize])?;
            Ok(len)
        })?;
        Recorder::func(linker, "host", "report", |host: &mut Caller<'_, u64>, sum: i64| {
            *host.get() ^= sum as u64;
            Ok(())
        })
    })?;
    let func = session.typed_func(export)?;
    Ok(Side { session, func, param })
}

fn run(side: &mut Side) -> Result<Duration> {
    let Side { session, func, param } = side;
    time(|| Ok(black_box(session.call(|_, store| func.call(store, *param))?)))
}
