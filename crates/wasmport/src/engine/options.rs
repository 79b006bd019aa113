//! `RuntimeOptions`: what a program may choose at start-up without touching any artifact.

use super::{EngineConfig, Pooling, Target};
use crate::{Error, Result};
use std::time::Duration;

/// Bounds on what the guests of one [`Session`](crate::Session) may take, from the moment on when it is
/// instantiated.
///
/// Wasmtime's own default is no bound on memory and table sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest size of each linear memory, in bytes. Default: 1 GiB.
    pub memory_bytes: usize,
    /// Largest size of each table, in elements. Default: 1,000,000.
    pub table_elements: usize,
    /// Memories of one session. Default: 100.
    pub memories: usize,
    /// Tables of one session. Default: 100.
    pub tables: usize,
    /// Instances of one session. Default: 100.
    pub instances: usize,
    /// Fuel that a new session has, which its start function uses too. It needs
    /// [`EngineConfig::fuel`]. Default: no bound.
    pub fuel: Option<u64>,
    /// How long instantiating may take, and each call of a session until it sets a limit of its own. It
    /// needs [`EngineConfig::epoch_interruption`]. Default: no bound.
    pub time: Option<Duration>,
}

impl Limits {
    /// # Errors
    ///
    /// Where code compiled with `config` cannot keep them.
    pub(crate) fn check(&self, config: &EngineConfig) -> Result<()> {
        if self.fuel.is_some() && !config.fuel {
            return Err(Error::NotMetered { knob: "fuel" });
        }
        if self.time.is_some() && !config.epoch_interruption {
            return Err(Error::NotMetered { knob: "epoch_interruption" });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            table_elements: 1_000_000,
            memories: 100,
            tables: 100,
            instances: 100,
            fuel: None,
            time: None,
        }
    }
}

/// How an artifact gets from bytes to code. Its digest is checked in either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LoadWay {
    /// Through memory that belongs to the module alone.
    #[default]
    Owned,
    /// On Linux through a sealed [memory file](https://man7.org/linux/man-pages/man2/memfd_create.2.html),
    /// of which pages become memory when they are first used: faster for large artifacts of which a
    /// part is run. As [`Owned`](Self::Owned) elsewhere, and where the system gives no such file.
    Sealed,
}

/// How code is made known to a profiler ([`wasmtime::ProfilingStrategy`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profiler {
    /// Not at all.
    #[default]
    None,
    /// A list of functions for `perf`, in `/tmp/perf-PID.map` (Unix).
    PerfMap,
    /// Functions with their code for `perf inject`, in `jit-PID.dump` of the current folder (Linux).
    /// Needs the feature `profiling`.
    JitDump,
    /// [VTune](https://docs.wasmtime.dev/examples-profiling-vtune.html), on x86-64. Needs the feature
    /// `profiling`.
    VTune,
}

/// What is **free** at start-up: none of it is part of an artifact or of the engine's fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeOptions {
    /// Stack that wasm code may use, in bytes ([`wasmtime::Config::max_wasm_stack`]). Default: 512 KiB.
    pub max_wasm_stack: usize,
    /// Frames that a trap's backtrace holds at most; 0 captures none. Default: 20.
    pub backtrace_frames: usize,
    /// Address space reserved where a memory moved to, in bytes
    /// ([`wasmtime::Config::memory_reservation_for_growth`]). Default: Wasmtime's for this machine.
    pub memory_reservation_for_growth: Option<u64>,
    /// Memory images go through a memory file ([`wasmtime::Config::force_memory_init_memfd`]).
    /// Default: false.
    pub force_memory_init_memfd: bool,
    /// Refuse artifacts of another patch release of Wasmtime. Default: false, as Wasmtime promises
    /// that artifacts of one major version load in all of its patch releases.
    pub exact_wasmtime_version: bool,
    /// Run the artifacts for this target and no others: a certain CPU level, the interpreter
    /// ([`Target::PORTABLE`], feature `pulley`), or the wasm itself ([`Target::SOURCE`], feature
    /// `compile`). Default: the machine code that uses most of this machine's CPU, else the
    /// interpreter, else the compiler.
    pub target: Option<Target>,
    /// Machine code or an error: an asset without any for this machine is not interpreted or
    /// compiled instead. Default: false.
    pub strict: bool,
    /// How artifacts get from bytes to code. Default: [`LoadWay::Owned`].
    pub load_way: LoadWay,
    /// What the guests of a [`Session`](crate::Session) may take.
    pub limits: Limits,
    /// Places for instances that are there before they are needed (feature `pool`). Default: none,
    /// so that each instance has its memory from the system.
    pub pooling: Option<Pooling>,
    /// How code is made known to a profiler. Default: not at all.
    pub profiler: Profiler,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            max_wasm_stack: 512 << 10,
            backtrace_frames: 20,
            memory_reservation_for_growth: None,
            force_memory_init_memfd: false,
            exact_wasmtime_version: false,
            target: None,
            strict: false,
            load_way: LoadWay::Owned,
            limits: Limits::default(),
            pooling: None,
            profiler: Profiler::None,
        }
    }
}
