//! Timing two ways of doing the same so that noise hits both alike.

use crate::Result;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Turns of what takes microseconds.
pub(crate) const TURNS: u32 = 4_000;
/// Calls that are timed together, because one is too short.
const CALLS: u32 = 10_000;

/// The fastest run of each way.
pub(crate) struct Fastest {
    pub ours: Duration,
    pub theirs: Duration,
}

impl Fastest {
    pub fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.theirs.as_secs_f64()
    }

    /// By how many nanoseconds ours takes longer, where each run was `calls` calls.
    pub fn extra_ns(&self, calls: u32) -> f64 {
        let per_call = |run: Duration| run.as_secs_f64() * 1e9 / f64::from(calls);
        per_call(self.ours) - per_call(self.theirs)
    }
}

/// Runs both in turns, so that a slower or faster phase of the machine is one for both.
///
/// The minimum, not the mean, is the estimate of what the work itself takes: other programs and
/// interrupts only ever add to it.
pub(crate) fn fastest_of(
    turns: u32,
    mut ours: impl FnMut() -> Result<Duration>,
    mut theirs: impl FnMut() -> Result<Duration>,
) -> Result<Fastest> {
    let mut fastest = Fastest { ours: Duration::MAX, theirs: Duration::MAX };
    // The first turn, which warms caches up, cannot be the fastest: it needs no special care.
    for _ in 0..turns {
        fastest.ours = fastest.ours.min(ours()?);
        fastest.theirs = fastest.theirs.min(theirs()?);
    }
    eprintln!("  fastest of {turns}: ours {:?}, theirs {:?}", fastest.ours, fastest.theirs);
    Ok(fastest)
}

/// By how many nanoseconds a call of `ours` takes longer than one of `theirs`.
pub(crate) fn extra_ns<O, T>(
    mut ours: impl FnMut() -> wasmtime::Result<O>,
    mut theirs: impl FnMut() -> wasmtime::Result<T>,
) -> Result<f64> {
    Ok(fastest_of(TURNS, || calls(&mut ours), || calls(&mut theirs))?.extra_ns(CALLS))
}

/// Times a loop around `call`. Never inlined, so that each side's loop is compiled by itself.
#[inline(never)]
fn calls<R>(mut call: impl FnMut() -> wasmtime::Result<R>) -> Result<Duration> {
    time(|| {
        for _ in 0..CALLS {
            black_box(call()?);
        }
        Ok(())
    })
}

/// How long `work` takes, without what it takes to drop its result.
pub(crate) fn time<T>(work: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let start = Instant::now();
    let result = black_box(work());
    let elapsed = start.elapsed();
    result.map(|_| elapsed)
}
