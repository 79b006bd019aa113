//! Compile: a valid module, for a target, with exactly the features it uses.

use crate::error::{AssetError, Stage};
use crate::function_cache::FunctionCache;
use crate::validate::ValidModule;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use target_lexicon::Architecture;
use wasmport::engine::{RequiredFeatures, Target, WasmFeature, compile_config};
use wasmport::{Digest, EngineConfig};

/// A precompiled module for one target.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub target: Target,
    pub bytes: Vec<u8>,
    pub digest: Digest,
}

/// Compiles `module` for `target`.
///
/// # Errors
///
/// Where Wasmtime refuses target or module, or panics: that is this asset's error, not the run's.
pub(crate) fn compile(
    module: &ValidModule,
    engine: &EngineConfig,
    target: &Target,
    functions: &Arc<FunctionCache>,
) -> Result<Compiled, AssetError> {
    let error = |message: String| {
        AssetError::new(module.path(), Stage::Compile, format!("for {target}: {message}"))
    };
    if target.is_source() {
        let bytes = module.wasm().to_vec();
        return Ok(Compiled { target: target.clone(), digest: Digest::of(&bytes), bytes });
    }
    let bytes = catch_panic(|| {
        let mut config = compile_config(engine, target, module.features())?;
        if std::env::var_os("WASMPORT_EXP").is_some() {
            config.enable_incremental_compilation(Arc::clone(functions) as _)?;
        }
        wasmtime::Engine::new(&config)?.precompile_module(module.wasm())
    })
    .map_err(|panic| {
        error(format!("Wasmtime panicked: {panic}"))
            .help("report it to Wasmtime with the file; exclude the file until then")
    })?
    .map_err(|e| error(format!("{e:#}")))?;
    Ok(Compiled { target: target.clone(), digest: Digest::of(&bytes), bytes })
}

/// Why a target cannot run the module, where it is known to.
pub(crate) fn unsupported(module: &ValidModule, target: &Target) -> Option<AssetError> {
    let features = module.features();
    let is_riscv = target
        .triple()
        .is_some_and(|triple| matches!(triple.architecture, Architecture::Riscv64(_)));
    let (what, help) = if target.is_portable() && features.contains(WasmFeature::Threads) {
        (
            "the interpreter has no shared memories and atomics",
            "leave `portable` out of the targets",
        )
    } else if is_riscv
        && features.contains(WasmFeature::Simd)
        && !target.cpu_features().any(|feature| feature == "v")
    {
        (
            "SIMD needs the vector extension there",
            "compile for machines that have it: add `+v` or `+rva23` to the target",
        )
    } else {
        return None;
    };
    let error =
        AssetError::new(module.path(), Stage::Compile, format!("{target} cannot run it: {what}"));
    Some(error.help(format!("{help}; or say `unsupported = \"skip\"` for the asset")))
}

/// Whether Wasmtime takes the engine configuration at all.
///
/// # Errors
///
/// Wasmtime's reason where it does not.
pub(crate) fn check_engine(engine: &EngineConfig, target: &Target) -> wasmtime::Result<()> {
    wasmtime::Engine::new(&compile_config(engine, target, RequiredFeatures::NONE)?).map(drop)
}

/// Runs `f`, whose panic becomes an error with its message.
pub(crate) fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing that `f` touched is used after a panic: it works on values of its own.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| message(&*payload))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_string()
}
