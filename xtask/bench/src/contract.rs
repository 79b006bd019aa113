//! Costs of the wrapper of an interface: calls, instances, and reading bytes before they are compiled.

use crate::Result;
use crate::assets::bench::Bench;
use crate::assets::contract::{Contract, ContractPre};
use crate::assets::plugin::INTERFACE;
use crate::measure::{TURNS, extra_ns, fastest_of, time};
use crate::side::{Counter, Side, runtime};
use crate::wasm;
use std::hint::black_box;
use std::time::Duration;
use wasmparser::{Parser, Payload};
use wasmtime::{Linker, Store};

/// Instances that are made in a row and timed together.
const INSTANCES: u32 = 50;

/// The bytes of the module that is read.
const BYTES: usize = 1 << 20;

/// The exports of the module that is read, and of the interface.
pub(crate) const EXPORTS: usize = 100;

/// A call through the wrapper of an interface.
pub(crate) fn call() -> Result<f64> {
    let runtime = runtime()?;
    let pre = linked(&runtime)?;
    let mut store = Store::new(runtime.engine(), Counter(0));
    let contract: Contract = pre.instantiate(&mut store)?;
    let mut other = Side::with_host_trait()?;
    let raw = other.func::<(i32, i32), i32>("add")?;
    extra_ns(
        || contract.add(&mut store, black_box(20), black_box(22)),
        || raw.call(&mut other.store, (black_box(20), black_box(22))),
    )
}

/// An instance of code with an interface.
pub(crate) fn instantiate() -> Result<f64> {
    let runtime = runtime()?;
    let pre = linked(&runtime)?;
    let ours = || instances(&runtime, |store| pre.instantiate(store));
    let theirs = || instances(&runtime, |store| pre.instance_pre().instantiate(store));
    Ok(fastest_of(TURNS, ours, theirs)?.extra_ns(INSTANCES) / 1_000.0)
}

fn linked(runtime: &wasmport::Runtime) -> Result<ContractPre<Counter>> {
    let mut linker = Linker::new(runtime.engine());
    Bench::add_to_linker(&mut linker, |counter| counter)?;
    Ok(ContractPre::new(&linker, &Bench::load(runtime)?)?)
}

#[inline(never)]
fn instances<I>(
    runtime: &wasmport::Runtime,
    instantiate: impl Fn(&mut Store<Counter>) -> wasmtime::Result<I>,
) -> Result<Duration> {
    time(|| {
        for _ in 0..INSTANCES {
            let mut store = Store::new(runtime.engine(), Counter(0));
            black_box(instantiate(&mut store)?);
        }
        Ok(())
    })
}

/// The comparison of a module with an interface, before it is compiled; the other side visits every operator.
pub(crate) fn inspect() -> Result<f64> {
    let few = wat::parse_str(wasm::wat(1_000, EXPORTS))?.len();
    let module = wat::parse_str(wasm::wat(1_000 * BYTES / few, EXPORTS))?;
    eprintln!("  a module of {} bytes with {EXPORTS} exports", module.len());
    let turns = 200;
    let ours = || time(|| Ok(INTERFACE.inspect(&module)?));
    let theirs = || time(|| Ok(visit(&module)?));
    Ok(fastest_of(turns, ours, theirs)?.ratio())
}

/// Visits every operator; returns how many there are.
fn visit(module: &[u8]) -> wasmparser::Result<usize> {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            for operator in body.get_operators_reader()? {
                black_box(operator?);
                count += 1;
            }
        }
    }
    Ok(count)
}
