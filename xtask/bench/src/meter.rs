//! What code takes longer that counts fuel or checks epochs, than the same code without a limit.

use crate::Result;
use crate::measure::{fastest_of, time};
use std::hint::black_box;
use std::time::Duration;
use wasmport::{DynamicAsset, EngineConfig, Runtime, RuntimeOptions, Session};
use wasmtime::{Store, TypedFunc};

const TURNS: u32 = 200;

/// Calls and little else, and a loop that writes to memory.
const GUEST: &str = r#"(module
    (memory 16)
    (func $fib (export "fib") (param $n i32) (result i32)
        (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
            (then (local.get $n))
            (else (i32.add
                (call $fib (i32.sub (local.get $n) (i32.const 1)))
                (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
    (func (export "memory_loop") (param $n i32) (result i32)
        (local $at i32)
        (loop $next
            (local.set $at (i32.and (i32.mul (local.get $n) (i32.const 68)) (i32.const 0xffffc)))
            (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $n)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $next (local.get $n)))
        (i32.load (i32.const 68))))"#;

/// An export, and what it is called with: for some milliseconds.
const FIB: (&str, i32) = ("fib", 27);
const MEMORY_LOOP: (&str, i32) = ("memory_loop", 2_000_000);

pub(crate) fn epoch_fib() -> Result<f64> {
    epoch(FIB)
}

pub(crate) fn epoch_memory_loop() -> Result<f64> {
    epoch(MEMORY_LOOP)
}

pub(crate) fn fuel_fib() -> Result<f64> {
    fuel(FIB)
}

pub(crate) fn fuel_memory_loop() -> Result<f64> {
    fuel(MEMORY_LOOP)
}

/// Every call has a limit, which none reaches.
fn epoch(export: (&'static str, i32)) -> Result<f64> {
    let mut options = RuntimeOptions::default();
    options.limits.time = Some(Duration::from_secs(60));
    against_no_limit(export, &EngineConfig::new().epoch_interruption(true), options)
}

fn fuel(export: (&'static str, i32)) -> Result<f64> {
    let mut options = RuntimeOptions::default();
    options.limits.fuel = Some(u64::MAX);
    against_no_limit(export, &EngineConfig::new().fuel(true), options)
}

fn against_no_limit(
    export: (&'static str, i32),
    engine: &EngineConfig,
    options: RuntimeOptions,
) -> Result<f64> {
    let mut limited = Guest::new(engine, options, export)?;
    let mut free = Guest::new(&EngineConfig::new(), RuntimeOptions::default(), export)?;
    Ok(fastest_of(TURNS, || limited.run(), || free.run())?.ratio())
}

struct Guest {
    session: Session<()>,
    func: TypedFunc<i32, i32>,
    argument: i32,
}

impl Guest {
    fn new(
        engine: &EngineConfig,
        options: RuntimeOptions,
        (export, argument): (&str, i32),
    ) -> Result<Self> {
        let runtime = Runtime::builder(engine).options(options).build()?;
        let module = runtime.load_dynamic(&DynamicAsset::new("meter", GUEST))?;
        let mut session = Session::of(&module, (), |_, _: &mut Store<_>| Ok(()))?;
        let func = session.typed_func(export)?;
        Ok(Self { session, func, argument })
    }

    fn run(&mut self) -> Result<Duration> {
        let Self { session, func, argument } = self;
        time(|| Ok(session.call(|_, store| func.call(store, black_box(*argument)))?))
    }
}
