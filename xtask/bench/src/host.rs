//! What a guest's call of a host function takes beyond one defined with `Linker::func_wrap`.

use crate::Result;
use crate::measure::{TURNS, fastest_of, time};
use crate::side::{Counter, Side};
use std::time::Duration;
use wasmtime::Caller;

/// How often the guest calls each time.
const CALLS: i32 = 10_000;

pub(crate) fn host_function() -> Result<f64> {
    let mut ours = Side::with_host_trait()?;
    let mut theirs = Side::new(|linker| {
        linker.func_wrap("env", "add", |mut caller: Caller<'_, Counter>, number: i64| {
            caller.data_mut().0 += number;
        })?;
        Ok(())
    })?;
    let fastest = fastest_of(TURNS, || guest_loop(&mut ours), || guest_loop(&mut theirs))?;
    if ours.store.data().0 != theirs.store.data().0 {
        return Err("not all calls came".into());
    }
    Ok(fastest.extra_ns(CALLS as u32))
}

/// The loop is in the guest; entering it is one call of ten thousand.
fn guest_loop(side: &mut Side) -> Result<Duration> {
    time(|| Ok(side.bench.call_host(&mut side.store, CALLS)?))
}
