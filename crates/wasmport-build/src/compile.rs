//! Compile: a valid module, for a target, with exactly the features it uses.

use crate::error::{AssetError, Stage};
use crate::store::{Bytes, Cache, Computation, Functions, Kind, ModuleFunctions, Obtained};
use crate::validate::ValidWasm;
use serde::Serialize;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use target_lexicon::Architecture;
use wasmport::engine::{RequiredFeatures, Target, WasmFeature, compile_config, wasmtime_version};
use wasmport::{Digest, EngineConfig};

/// A precompiled module for one target.
pub(crate) struct Compiled<'c> {
    pub target: Target,
    pub artifact: Obtained<'c>,
}

/// What compiling for a target came to.
pub(crate) enum Attempt<'c> {
    Compiled(Compiled<'c>),
    /// The target cannot run the module, and why.
    Unsupported(AssetError),
}

/// What compiling a module is decided by, and nothing else.
#[derive(Serialize)]
struct Compilation<'a> {
    wasm: Bytes<'a>,
    features: RequiredFeatures,
    engine: &'a EngineConfig,
    target: &'a Target,
    wasmtime: &'a str,
    generator: &'a str,
}

/// Why there is no artifact.
enum Refusal {
    Error(wasmtime::Error),
    Panic(String),
}

impl<'a> Computation for Compilation<'a> {
    const KIND: Kind = Kind::Artifact;
    type Help = Workbench<'a>;
    type Error = Refusal;

    fn compute(&self, workbench: &Workbench<'a>) -> Result<Vec<u8>, Refusal> {
        let functions = workbench.functions(self.target);
        let bytes = catch_panic(|| {
            let mut config = compile_config(self.engine, self.target, self.features)?;
            if let Some(functions) = &functions {
                config.enable_incremental_compilation(Arc::clone(functions) as _)?;
            }
            let engine = wasmtime::Engine::new(&config)?;
            if self.features.contains(WasmFeature::ComponentModel) {
                engine.precompile_component(self.wasm.0)
            } else {
                engine.precompile_module(self.wasm.0)
            }
        });
        let bytes = bytes.map_err(Refusal::Panic)?.map_err(Refusal::Error)?;
        if let Some(functions) = functions {
            functions.keep(&workbench.workshop.cache);
        }
        Ok(bytes)
    }
}

/// What makes compiling faster.
pub(crate) struct Workshop {
    pub cache: Cache,
    /// Those of this run, where it is worth while.
    pub functions: Option<Arc<Functions>>,
    pub generator: String,
}

/// What one asset finds in the workshop.
struct Workbench<'a> {
    workshop: &'a Workshop,
    asset: &'a Path,
}

impl Workbench<'_> {
    /// The functions of the asset for a target, under a key that stays when the asset changes:
    /// Cranelift tells whether a function is the one that it looks for.
    fn functions(&self, target: &Target) -> Option<Arc<ModuleFunctions>> {
        let shared = self.workshop.functions.as_ref()?;
        let asset = std::path::absolute(self.asset).ok()?;
        let key = Digest::of(format!("{}\0{target}", asset.display()).as_bytes());
        Some(ModuleFunctions::new(shared, &self.workshop.cache, key))
    }
}

/// Compiles `module` for `target`. What was compiled of the same asset before makes it faster.
///
/// # Errors
///
/// Where Wasmtime refuses target or module, or panics: that is this asset's error, not the run's.
pub(crate) fn compile<'c>(
    module: &ValidWasm,
    engine: &EngineConfig,
    target: &Target,
    workshop: &'c Workshop,
) -> Result<Attempt<'c>, AssetError> {
    let error = |message: String| {
        AssetError::new(module.path(), Stage::Compile, format!("for {target}: {message}"))
    };
    if module.features().contains(WasmFeature::ComponentModelAsync) && !engine.concurrency_support {
        return Err(AssetError::without_concurrency(
            module.path(),
            Stage::Compile,
            "functions of the component may wait for each other (`async`, futures or streams)",
        ));
    }
    if let Some(error) = unsupported(module, target) {
        return Ok(Attempt::Unsupported(error));
    }
    let compiled = |artifact| Attempt::Compiled(Compiled { target: target.clone(), artifact });
    if target.is_source() {
        return Ok(compiled(Obtained::new(module.wasm().to_vec())));
    }
    let compilation = Compilation {
        wasm: Bytes(module.wasm()),
        features: module.features(),
        engine,
        target,
        wasmtime: wasmtime_version(),
        generator: &workshop.generator,
    };
    let workbench = Workbench { workshop, asset: module.path() };
    match workshop.cache.get_or_compute(&compilation, &workbench) {
        Ok(mut artifact) => {
            artifact.keep();
            Ok(compiled(artifact))
        }
        Err(Refusal::Error(e)) => Err(error(format!("{e:#}"))),
        // Wasmtime 48 copies small blocks through vectors, and does not ask whether there are any.
        Err(Refusal::Panic(panic)) if lacks_vectors(target) => {
            let what = format!("Wasmtime copies memory with the vector extension there ({panic})");
            Ok(Attempt::Unsupported(cannot_run(module, target, &what, ADD_VECTORS)))
        }
        Err(Refusal::Panic(panic)) => Err(error(format!("Wasmtime panicked: {panic}"))
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
fn unsupported(module: &ValidWasm, target: &Target) -> Option<AssetError> {
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

fn cannot_run(module: &ValidWasm, target: &Target, what: &str, help: &str) -> AssetError {
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
