//! The one place that builds a `wasmtime::Config`, for the importer and for the running program.
//!
//! It sets every setting that must be equal on both sides explicitly: a default of Wasmtime's can
//! change with cargo features or the environment, and make good artifacts fail to load.

use super::back_end::BackEnd;
use super::config::{Collector, EngineConfig, Inlining};
use super::config_error::ConfigError;
use super::features::{RequiredFeatures, WasmFeature};
use super::natural::Natural;
use super::options::{Profiler, RuntimeOptions};
use super::pooling::Pooling;
#[cfg(feature = "compile")]
use super::{
    config::{OptLevel, RegallocAlgorithm},
    target::Target,
};
use std::num::NonZeroUsize;
use wasmtime::{Config, ProfilingStrategy, Strategy, WasmBacktraceDetails, WasmFeatures};

/// Returns the configuration with which the importer compiles a module for `target`.
///
/// # Errors
///
/// Fails if Wasmtime does not know the target.
#[cfg(feature = "compile")]
pub fn compile_config(
    engine: &EngineConfig,
    target: &Target,
    features: RequiredFeatures,
) -> wasmtime::Result<Config> {
    compile_config_with(Strategy::Cranelift, engine, target, features)
}

/// Returns the configuration with which Winch compiles a module for `target`.
///
/// # Errors
///
/// Fails if Wasmtime does not know the target.
#[cfg(feature = "winch")]
pub(crate) fn winch_compile_config(
    engine: &EngineConfig,
    target: &Target,
    features: RequiredFeatures,
) -> wasmtime::Result<Config> {
    compile_config_with(Strategy::Winch, engine, target, features)
}

#[cfg(feature = "compile")]
fn compile_config_with(
    strategy: Strategy,
    engine: &EngineConfig,
    target: &Target,
    features: RequiredFeatures,
) -> wasmtime::Result<Config> {
    let natural = Natural { pulley: target.is_portable(), pointer_bits: target.pointer_bits() };
    let mut config = shared(engine, &natural, features);
    if let Some(triple) = target.wasmtime_triple() {
        config.target(&triple)?;
    }
    compiler(&mut config, strategy, engine);
    for flag in target.cranelift_flags() {
        // SAFETY: a flag lets code use an instruction that a CPU may lack. The artifact's target
        // names the level, and the runtime rejects it if the CPU lacks one of its features.
        #[expect(unsafe_code, reason = "Wasmtime's API for CPU features of another machine")]
        unsafe {
            config.cranelift_flag_enable(flag);
        }
    }
    Ok(config)
}

/// Returns the configuration of the engine in which the importer itself runs a module: on this
/// machine at its baseline, deterministic, and with epoch interruption.
///
/// # Errors
///
/// Fails if Wasmtime rejects it.
#[cfg(feature = "compile")]
pub fn init_config(features: RequiredFeatures) -> wasmtime::Result<Config> {
    let waits = features.need_concurrency();
    let engine = EngineConfig::new().epoch_interruption(true).concurrency_support(waits);
    compile_config(&engine, &Target::host(), features)
}

/// Sets what only compiling reads.
#[cfg(feature = "compile")]
fn compiler(config: &mut Config, strategy: Strategy, engine: &EngineConfig) {
    config.strategy(strategy);
    if strategy == Strategy::Cranelift {
        // Winch does not know it.
        config.cranelift_wasmtime_debug_checks(false);
    }
    config
        .cranelift_opt_level(match engine.opt_level {
            OptLevel::None => wasmtime::OptLevel::None,
            OptLevel::Speed => wasmtime::OptLevel::Speed,
            OptLevel::SpeedAndSize => wasmtime::OptLevel::SpeedAndSize,
        })
        .cranelift_regalloc_algorithm(match engine.regalloc_algorithm {
            RegallocAlgorithm::Backtracking => wasmtime::RegallocAlgorithm::Backtracking,
            RegallocAlgorithm::SinglePass => wasmtime::RegallocAlgorithm::SinglePass,
        })
        .cranelift_nan_canonicalization(engine.deterministic)
        .cranelift_debug_verifier(false);
}

/// Makes a compiler fast, for code that is slower and loads into the same engines.
#[cfg(feature = "compile")]
pub(crate) fn compile_fast(config: &mut Config) {
    config
        .cranelift_opt_level(wasmtime::OptLevel::None)
        .cranelift_regalloc_algorithm(wasmtime::RegallocAlgorithm::SinglePass);
}

/// Proposals that Winch does not compile.
#[cfg(feature = "winch")]
const BEYOND_WINCH: RequiredFeatures = RequiredFeatures::of(&[
    WasmFeature::Exceptions,
    WasmFeature::FunctionReferences,
    WasmFeature::Gc,
    WasmFeature::GcTypes,
    WasmFeature::RelaxedSimd,
    WasmFeature::TailCall,
    WasmFeature::Threads,
]);

/// Returns whether Winch compiles for a target with an engine configuration, code with these features.
#[cfg(feature = "winch")]
pub(crate) fn winch_compiles(
    engine: &EngineConfig,
    target: &Target,
    features: RequiredFeatures,
) -> bool {
    use target_lexicon::Architecture;
    let architecture = target.triple().map(|triple| triple.architecture);
    let is_known = matches!(architecture, Some(Architecture::X86_64 | Architecture::Aarch64(_)));
    let can = engine.signals_based_traps != Some(false)
        && engine.table_lazy_init
        && engine.inlining == Inlining::No
        && !engine.debug_info;
    is_known && can && BEYOND_WINCH.iter().all(|feature| !features.contains(feature))
}

/// Returns the configuration of a running program's engine for the code of Winch, which loads into an engine with this
/// compiler alone.
///
/// # Errors
///
/// Fails like [`run_config`].
#[cfg(feature = "winch")]
pub(crate) fn winch_config(
    engine: &EngineConfig,
    options: &RuntimeOptions,
) -> Result<Config, ConfigError> {
    let features = RequiredFeatures::of_this_build().missing_in(BEYOND_WINCH);
    run_config_with(Some(Strategy::Winch), engine, options, BackEnd::Source, features)
}

/// Returns the configuration of a running program's engine: it enables every feature of this build, and
/// compiles only if the compiler is its back end.
///
/// # Errors
///
/// Fails with [`ConfigError::MissingFeature`] if this build lacks the back end or an option, and with
/// [`ConfigError::Pooling`] if the pooling settings contradict the engine configuration.
pub(crate) fn run_config(
    engine: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
) -> Result<Config, ConfigError> {
    let mut features = RequiredFeatures::of_this_build();
    if back_end == BackEnd::Portable {
        // The interpreter lacks threads, and an engine with a compiler fails at once because of it.
        features = features.missing_in(RequiredFeatures::of(&[WasmFeature::Threads]));
    }
    #[cfg(feature = "compile")]
    let strategy = (back_end == BackEnd::Source).then_some(Strategy::Cranelift);
    #[cfg(not(feature = "compile"))]
    let strategy = None;
    run_config_with(strategy, engine, options, back_end, features)
}

/// Returns the configuration of a running program's engine with these features, and with a compiler if the back end is
/// that.
fn run_config_with(
    strategy: Option<Strategy>,
    engine: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
    features: RequiredFeatures,
) -> Result<Config, ConfigError> {
    let portable = back_end == BackEnd::Portable;
    let natural = Natural { pulley: portable, pointer_bits: usize::BITS as u8 };
    if engine.concurrency_support && !cfg!(feature = "component-model-async") {
        return Err(missing("an engine with `concurrency-support`", "component-model-async"));
    }
    let mut config = shared(engine, &natural, features);
    if portable {
        #[cfg(feature = "pulley")]
        config.target(if cfg!(target_pointer_width = "64") { "pulley64" } else { "pulley32" })?;
        #[cfg(not(feature = "pulley"))]
        return Err(missing("running `portable` artifacts", "pulley"));
    }
    #[cfg(feature = "compile")]
    match strategy {
        Some(strategy) => compiler(&mut config, strategy, engine),
        None => drop(config.enable_compiler(false)),
    }
    #[cfg(not(feature = "compile"))]
    if strategy.is_some() || back_end == BackEnd::Source {
        return Err(missing("running `source` artifacts", "compile"));
    }
    config
        .max_wasm_stack(options.max_wasm_stack)
        // Wasmtime rejects a wasm stack larger than that of an async call.
        .async_stack_size(options.max_wasm_stack.saturating_add(1536 << 10))
        .wasm_backtrace_max_frames(NonZeroUsize::new(options.backtrace_frames))
        .force_memory_init_memfd(options.force_memory_init_memfd);
    #[cfg(feature = "threads")]
    config.shared_memory(!portable);
    if let Some(bytes) = options.memory_reservation_for_growth {
        config.memory_reservation_for_growth(bytes);
        // GC heaps use the space of memories, so they must be configured alike.
        config.gc_heap_reservation_for_growth(bytes);
    }
    set_profiler(&mut config, options.profiler)?;
    if let Some(pooling) = &options.pooling {
        set_pooling(&mut config, pooling, engine, &natural)?;
    }
    Ok(config)
}

fn missing(what: &'static str, feature: &'static str) -> ConfigError {
    ConfigError::MissingFeature { what, feature }
}

/// Sets the profiler. `PerfMap` is part of every build; the others need dependencies.
fn set_profiler(config: &mut Config, profiler: Profiler) -> Result<(), ConfigError> {
    if matches!(profiler, Profiler::JitDump | Profiler::VTune) && !cfg!(feature = "profiling") {
        return Err(missing("profiling with jitdump or VTune", "profiling"));
    }
    config.profiler(match profiler {
        Profiler::None => ProfilingStrategy::None,
        Profiler::PerfMap => ProfilingStrategy::PerfMap,
        Profiler::JitDump => ProfilingStrategy::JitDump,
        Profiler::VTune => ProfilingStrategy::VTune,
    });
    Ok(())
}

#[cfg(feature = "pool")]
fn set_pooling(
    config: &mut Config,
    pooling: &Pooling,
    engine: &EngineConfig,
    natural: &Natural,
) -> Result<(), ConfigError> {
    let pooling = pooling.config(engine, natural)?;
    config.allocation_strategy(wasmtime::InstanceAllocationStrategy::Pooling(pooling));
    Ok(())
}

#[cfg(not(feature = "pool"))]
fn set_pooling(
    _: &mut Config,
    _: &Pooling,
    _: &EngineConfig,
    _: &Natural,
) -> Result<(), ConfigError> {
    Err(missing("the pooling allocator", "pool"))
}

/// Returns the configuration that compiling and running share.
#[expect(clippy::disallowed_methods, reason = "the one place that configures engines")]
fn shared(engine: &EngineConfig, natural: &Natural, features: RequiredFeatures) -> Config {
    // Exhaustive, so that a new knob fails to compile until it is used here.
    let EngineConfig {
        deterministic,
        fuel,
        epoch_interruption,
        opt_level: _,          // Only compiling reads it.
        regalloc_algorithm: _, // Only compiling reads it.
        inlining,
        debug_info,
        debug_symbols,
        backtrace_details,
        address_map,
        unwind_info,
        concurrency_support,
        signals_based_traps,
        memory_reservation,
        memory_guard_size,
        memory_may_move,
        guard_before_linear_memory,
        memory_init_cow,
        memory_guaranteed_dense_image_size,
        table_lazy_init,
        collector,
        gc_heap_reservation,
        gc_heap_guard_size,
        gc_heap_may_move,
        gc_heap_initial_size,
    } = *engine;

    // Wasmtime rejects one without the other; an asset that needs it fails when it is imported.
    let features = features.iter().filter(|f| concurrency_support || !f.needs_concurrency());
    let flags = features.collect::<RequiredFeatures>().flags();
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(flags, true)
        .wasm_branch_hinting(false)
        .relaxed_simd_deterministic(deterministic)
        .consume_fuel(fuel)
        .epoch_interruption(epoch_interruption)
        .compiler_inlining(match inlining {
            Inlining::No => wasmtime::Inlining::No,
            Inlining::Yes => wasmtime::Inlining::Yes,
        })
        .debug_info(debug_info)
        .debug_symbols(debug_symbols)
        .wasm_backtrace_details(match backtrace_details {
            true => WasmBacktraceDetails::Enable,
            false => WasmBacktraceDetails::Disable,
        })
        .generate_address_map(address_map)
        .native_unwind_info(unwind_info)
        .concurrency_support(concurrency_support)
        .signals_based_traps(signals_based_traps.unwrap_or(!natural.pulley))
        .memory_reservation(memory_reservation.unwrap_or(natural.reservation()))
        .memory_guard_size(memory_guard_size.unwrap_or(natural.guard_size()))
        .memory_may_move(memory_may_move)
        .guard_before_linear_memory(guard_before_linear_memory)
        .memory_init_cow(memory_init_cow)
        .memory_guaranteed_dense_image_size(memory_guaranteed_dense_image_size)
        .table_lazy_init(table_lazy_init)
        .gc_heap_reservation(gc_heap_reservation.unwrap_or(natural.reservation()))
        .gc_heap_guard_size(gc_heap_guard_size.unwrap_or(natural.guard_size()))
        .gc_heap_may_move(gc_heap_may_move)
        .gc_heap_initial_size(gc_heap_initial_size)
        .metadata_for_internal_asserts(false)
        .metadata_for_gc_heap_corruption(true);
    set_collector(&mut config, collector);
    config
}

#[cfg(feature = "gc")]
fn set_collector(config: &mut Config, collector: Collector) {
    config.collector(match collector {
        Collector::DeferredReferenceCounting => wasmtime::Collector::DeferredReferenceCounting,
        Collector::Null => wasmtime::Collector::Null,
        Collector::Copying => wasmtime::Collector::Copying,
    });
}

/// Sets nothing: without the `gc` feature no artifact with a collector loads.
#[cfg(not(feature = "gc"))]
fn set_collector(_: &mut Config, _: Collector) {}
