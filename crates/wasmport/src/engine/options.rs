//! `RuntimeOptions`: the settings that a program chooses at start-up without touching any artifact.

use super::limits::Limits;
use super::pooling::Pooling;
use super::target::Target;
use super::version::WasmtimeVersion;

/// The way from an artifact's bytes to code. Both ways verify the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LoadWay {
    /// Through memory that belongs to the code alone.
    #[default]
    Owned,
    /// On Linux through a sealed [memory file](https://man7.org/linux/man-pages/man2/memfd_create.2.html),
    /// whose pages are loaded at first use: faster for large artifacts that run in part. Like
    /// [`Owned`](Self::Owned) on other systems, and when the system provides no such file.
    Sealed,
}

/// The profiler that learns about loaded code ([`wasmtime::ProfilingStrategy`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profiler {
    /// No profiler.
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

/// The settings that are **free** at start-up: no part of an artifact or of the engine's fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeOptions {
    /// Stack that wasm code may use, in bytes ([`wasmtime::Config::max_wasm_stack`]). Default: 512 KiB.
    pub max_wasm_stack: usize,
    /// Largest number of frames in a trap's backtrace; 0 captures none. Default: 20.
    pub backtrace_frames: usize,
    /// Address space that a memory reserves when it moves, in bytes
    /// ([`wasmtime::Config::memory_reservation_for_growth`]). Default: Wasmtime's for this machine.
    pub memory_reservation_for_growth: Option<u64>,
    /// Memory images go through a memory file ([`wasmtime::Config::force_memory_init_memfd`]).
    /// Default: false.
    pub force_memory_init_memfd: bool,
    /// Reject artifacts of another patch release of Wasmtime. Default: false, because Wasmtime promises
    /// that artifacts of one major version load in all of its patch releases.
    pub exact_wasmtime_version: bool,
    /// Refuse artifacts that an older release of Wasmtime compiled: releases fix their compiler, and the artifacts of
    /// before have its faults. Default: none.
    pub minimum_wasmtime: Option<WasmtimeVersion>,
    /// Run the artifacts for this target only: a certain CPU level, the interpreter
    /// ([`Target::PORTABLE`], feature `pulley`), or the wasm itself ([`Target::SOURCE`], feature
    /// `compile`). Default: the machine code that uses most of this machine's CPU, else the
    /// interpreter, else the compiler.
    pub target: Option<Target>,
    /// Fail for an asset without machine code for this machine, instead of interpreting or compiling
    /// it. Default: false.
    pub strict: bool,
    /// Way from an artifact's bytes to code. Default: [`LoadWay::Owned`].
    pub load_way: LoadWay,
    /// Bounds on the resources of a [`Session`](crate::Session)'s guests.
    pub limits: Limits,
    /// Space for instances that is reserved when the runtime is built (feature `pool`). Default: none;
    /// each instance gets its memory from the system.
    pub pooling: Option<Pooling>,
    /// Profiler that learns about loaded code. Default: none.
    pub profiler: Profiler,
    /// The code of [dynamic assets](crate::DynamicAsset) that stays in memory when its last user drops it. Default: none.
    /// Imported assets stay until they are [unloaded](crate::Runtime::unload).
    pub kept: Kept,
}

/// The code of dynamic assets that stays in memory although nobody uses it, so that it need not be loaded again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The largest number of assets.
    pub assets: usize,
    /// The largest length of their code in bytes.
    pub bytes: u64,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            max_wasm_stack: 512 << 10,
            backtrace_frames: 20,
            memory_reservation_for_growth: None,
            force_memory_init_memfd: false,
            exact_wasmtime_version: false,
            minimum_wasmtime: None,
            target: None,
            strict: false,
            load_way: LoadWay::Owned,
            limits: Limits::default(),
            pooling: None,
            profiler: Profiler::None,
            kept: Kept::default(),
        }
    }
}
