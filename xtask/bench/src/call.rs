//! What calling an exported function takes beyond Wasmtime's `TypedFunc`.

use crate::Result;
use crate::assets::bench::BenchSession;
use crate::measure::extra_ns;
use crate::side::{Counter, Side, runtime};
use std::hint::black_box;

pub(crate) fn no_params() -> Result<f64> {
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.func::<(), ()>("nothing")?;
    extra_ns(|| bench.nothing(&mut store), || raw.call(&mut other.store, ()))
}

pub(crate) fn two_params() -> Result<f64> {
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.func::<(i32, i32), i32>("add")?;
    extra_ns(
        || bench.add(&mut store, black_box(20), black_box(22)),
        || raw.call(&mut other.store, (black_box(20), black_box(22))),
    )
}

pub(crate) fn eight_params() -> Result<f64> {
    type Eight = (i64, i64, i64, i64, i64, i64, i64, i64);
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.func::<Eight, i64>("sum")?;
    // One by one: a whole tuple would be put into memory, where only one side needs it.
    let n = || black_box(1);
    extra_ns(
        || bench.sum(&mut store, n(), n(), n(), n(), n(), n(), n(), n()),
        || raw.call(&mut other.store, (n(), n(), n(), n(), n(), n(), n(), n())),
    )
}

pub(crate) fn several_results() -> Result<f64> {
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.func::<(i64, f64), (f64, i64, i32)>("swap")?;
    extra_ns(
        || bench.swap(&mut store, black_box(1), black_box(2.0)),
        || raw.call(&mut other.store, (black_box(1), black_box(2.0))),
    )
}

/// A session's method; the other side calls in the store of another such session.
pub(crate) fn session() -> Result<f64> {
    let runtime = runtime()?;
    let mut bench = BenchSession::new(&runtime, Counter(0))?;
    let mut other = BenchSession::new(&runtime, Counter(0))?;
    let raw = other.typed_func::<(i32, i32), i32>("add")?;
    let store = other.store_mut();
    extra_ns(
        || Ok(bench.add(black_box(20), black_box(22))?),
        || raw.call(&mut *store, (black_box(20), black_box(22))),
    )
}
