//! Timing of calls that take nanoseconds.

use crate::Result;
use std::time::{Duration, Instant};

/// Returns the nanoseconds that a call takes in the fastest of `rounds` rounds of `calls` calls.
pub(crate) fn fastest(rounds: u32, calls: u32, mut call: impl FnMut() -> Result) -> Result<f64> {
    let mut fastest = Duration::MAX;
    for _ in 0..rounds {
        fastest = fastest.min(time(calls, &mut call)?);
    }
    Ok(fastest.as_secs_f64() * 1e9 / f64::from(calls))
}

/// Times `calls` calls. Never inlined, so that each loop is compiled alone.
#[inline(never)]
fn time(calls: u32, call: &mut impl FnMut() -> Result) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..calls {
        call()?;
    }
    Ok(start.elapsed())
}
