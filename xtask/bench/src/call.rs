//! What a call through a wrapper costs beyond the same call through Wasmtime's `TypedFunc`.

use crate::Result;
use crate::measure::{fastest_of, time};
use generated::assets::calc::{ASSET, Calc, CalcSession};
use std::hint::black_box;
use std::time::Duration;
use wasmport::{Runtime, Wrapper as _};
use wasmtime::{Linker, Store};

const BATCHES: u32 = 4_000;
const CALLS: u32 = 10_000;

/// A wrapper's method on a store of the program's own.
pub(crate) fn wrapper() -> Result<f64> {
    let runtime = Runtime::new(ASSET.engine())?;
    let module = Calc::load(&runtime)?;
    let start = || -> Result<_> {
        let mut store = Store::new(runtime.engine(), ());
        let calc = Calc::instantiate(&mut store, &Linker::new(runtime.engine()), &module)?;
        Ok((store, calc))
    };
    let (mut store, calc) = start()?;
    let (mut other_store, other) = start()?;
    let add = other.instance().get_typed_func::<(i32, i32), i32>(&mut other_store, "add")?;
    let fastest = fastest_of(
        BATCHES,
        || batch(|left, right| calc.add(&mut store, left, right)),
        || batch(|left, right| add.call(&mut other_store, (left, right))),
    )?;
    Ok(fastest.extra_ns(CALLS))
}

/// A session's method; the other side calls in the store of another such session.
pub(crate) fn session() -> Result<f64> {
    let runtime = Runtime::new(ASSET.engine())?;
    let mut calc = CalcSession::new(&runtime, ())?;
    let mut other = CalcSession::new(&runtime, ())?;
    let (wrapper, store) = other.parts();
    let add = wrapper.wasm_instance().get_typed_func::<(i32, i32), i32>(&mut *store, "add")?;
    let fastest = fastest_of(
        BATCHES,
        || batch(|left, right| calc.add(left, right)),
        || batch(|left, right| add.call(&mut *store, (left, right))),
    )?;
    Ok(fastest.extra_ns(CALLS))
}

/// Times a loop around `call`. Never inlined, so that each side's loop is compiled by itself.
#[inline(never)]
fn batch(mut call: impl FnMut(i32, i32) -> wasmtime::Result<i32>) -> Result<Duration> {
    time(|| {
        for _ in 0..CALLS {
            black_box(call(black_box(20), black_box(22))?);
        }
        Ok(())
    })
}
