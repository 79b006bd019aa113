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

/// What compiling for a target came to.
pub(crate) enum Attempt {
    Compiled(Compiled),
    /// The target cannot run the module, and why.
    Unsupported(AssetError),
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
) -> Result<Attempt, AssetError> {
    let error = |message: String| {
        AssetError::new(module.path(), Stage::Compile, format!("for {target}: {message}"))
    };
    if let Some(error) = unsupported(module, target) {
        return Ok(Attempt::Unsupported(error));
    }
    let compiled = |bytes: Vec<u8>| {
        Attempt::Compiled(Compiled { target: target.clone(), digest: Digest::of(&bytes), bytes })
    };
    if target.is_source() {
        return Ok(compiled(module.wasm().to_vec()));
    }
    let bytes = catch_panic(|| {
        let mut config = compile_config(engine, target, module.features())?;
        config.enable_incremental_compilation(Arc::clone(functions) as _)?;
        wasmtime::Engine::new(&config)?.precompile_module(module.wasm())
    });
    match bytes {
        Ok(Ok(bytes)) => Ok(compiled(bytes)),
        Ok(Err(e)) => Err(error(format!("{e:#}"))),
        // Wasmtime 48 copies small blocks through vectors, and does not ask whether there are any.
        Err(panic) if lacks_vectors(target) => {
            let what = format!("Wasmtime copies memory with the vector extension there ({panic})");
            Ok(Attempt::Unsupported(cannot_run(module, target, &what, ADD_VECTORS)))
        }
        Err(panic) => Err(error(format!("Wasmtime panicked: {panic}"))
            .help("report it to Wasmtime with the file; exclude the file until then")),
    }
}

const ADD_VECTORS: &str = "compile for machines that have it: add `+v` or `+rva23` to the target";

fn lacks_vectors(target: &Target) -> bool {
    let is_riscv = target
        .triple()
        .is_some_and(|triple| matches!(triple.architecture, Architecture::Riscv64(_)));
    is_riscv && !target.cpu_features().any(|feature| feature == "v")
}

/// Why a target cannot run the module, where that is known before.
fn unsupported(module: &ValidModule, target: &Target) -> Option<AssetError> {
    let features = module.features();
    if target.is_portable() && features.contains(WasmFeature::Threads) {
        let what = "the interpreter has no shared memories and atomics";
        let help = "leave `portable` out of the targets";
        Some(cannot_run(module, target, what, help))
    } else if features.contains(WasmFeature::Simd) && lacks_vectors(target) {
        Some(cannot_run(module, target, "SIMD needs the vector extension there", ADD_VECTORS))
    } else {
        None
    }
}

fn cannot_run(module: &ValidModule, target: &Target, what: &str, help: &str) -> AssetError {
    let message = format!("{target} cannot run it: {what}");
    AssetError::new(module.path(), Stage::Compile, message)
        .help(format!("{help}; or say `unsupported = \"skip\"` for the asset"))
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
