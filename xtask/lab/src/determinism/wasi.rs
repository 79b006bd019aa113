//! Runs a WASI command with a manual clock and seeded random numbers.

use std::fmt;
use std::time::Duration;
use wasmport::wasi::{Capture, ManualClock, Wasi};
use wasmport::{Error, LoadedModule, Session};

/// Everything that a host can see of a run.
#[derive(PartialEq, Eq)]
pub(super) struct Run {
    exit: i32,
    printed: String,
    slept: Duration,
    fuel: u64,
    memory: blake3::Hash,
}

/// Fuel limit: several times what the command uses.
const FUEL: u64 = 100_000_000;

pub(super) fn run(module: &LoadedModule) -> crate::Result<Run> {
    let clock = ManualClock::new(Duration::from_secs(1_700_000_000));
    let output = Capture::new();
    let wasi = Wasi::new()
        .args(["steps", "clocks", "random", "sleep:3600", "clocks", "env", "stdin", "random"])
        .env("LANG", "C")
        .stdin_bytes("a line\nand another\n")
        .stdout(output.clone())
        .clock(&clock)
        .random_seed(7);
    let mut session = Session::of(module, (), |linker, store| wasi.link(linker, store))?;
    session.set_fuel(FUEL)?;
    let exit = match session.call_func::<(), ()>("_start", ()) {
        Ok(()) => 0,
        Err(Error::Exited { code, .. }) => code,
        Err(error) => return Err(error.into()),
    };
    let fuel = FUEL - session.fuel()?;
    let instance = *session.wrapper();
    let memory = instance.get_memory(session.store_mut(), "memory").ok_or("it has no memory")?;
    let memory = blake3::hash(memory.data(session.store_mut()));
    Ok(Run { exit, printed: output.text(), slept: clock.elapsed(), fuel, memory })
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exit, printed, slept, fuel, memory } = self;
        let printed = blake3::hash(printed.as_bytes()).to_hex();
        write!(
            f,
            "code {exit}, printed {:.16}, slept {slept:?}, fuel {fuel}, memory {:.16}",
            printed.as_str(),
            memory.to_hex().as_str()
        )
    }
}
