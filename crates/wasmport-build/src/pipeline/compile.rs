//! Compile: a valid module for one target, with exactly the features that it requires.

use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::panics::{Panic, catch_panic};
use crate::pipeline::context::{AssetContext, ImportContext};
use crate::project::generator;
use crate::store::{Bucket, Bytes, Cache, CacheEntry, Computation, ModuleFunctions};
use crate::wasm::{ValidWasm, image_bytes};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use target_lexicon::{Architecture, Triple};
use wasmport::engine::{RequiredFeatures, Target, WasmFeature, compile_config, wasmtime_version};
use wasmport::{Digest, EngineConfig};

/// A precompiled module for one target.
pub(crate) struct Compiled<'c> {
    pub target: Target,
    pub artifact: CacheEntry<'c>,
}

/// The result of compiling for a target.
pub(crate) enum Attempt<'c> {
    Compiled(Compiled<'c>),
    /// The target cannot run the module.
    Unsupported(AssetError),
    /// The artifact is not in the cache, and the run does not compile.
    Missing,
}

/// Everything that decides the bytes of an artifact.
#[derive(Serialize)]
struct Compilation<'a> {
    wasm: Bytes<'a>,
    features: RequiredFeatures,
    engine: &'a EngineConfig,
    target: &'a Target,
    wasmtime: &'a str,
    engine_sources: &'a str,
    sources: &'a str,
}

/// The reason why there is no artifact.
#[derive(Serialize, Deserialize)]
enum Refusal {
    /// Wasmtime fails with this message.
    Error(String),
    Panic(Panic),
}

impl<'a> Computation for Compilation<'a> {
    const BUCKET: Bucket = Bucket::Artifact;
    type Context = FunctionCache<'a>;
    type Error = Refusal;

    fn compute(&self, cache: &FunctionCache<'a>) -> Result<Vec<u8>, Refusal> {
        let functions = cache.functions(self.target);
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
        let bytes = bytes.map_err(Refusal::Panic)?;
        let bytes = bytes.map_err(|error| Refusal::Error(format!("{error:#}")))?;
        if let Some(functions) = functions {
            functions.store(&cache.import.cache);
        }
        Ok(bytes)
    }
}

/// A compilation that Wasmtime refuses.
///
/// An import compiles again, since a refusal may be that of an exhausted machine. A merge does not compile, and
/// takes the refusal of the job that did.
#[derive(Serialize)]
struct Refused<'a>(&'a Compilation<'a>);

impl Computation for Refused<'_> {
    const BUCKET: Bucket = Bucket::Refused;
    type Context = Refusal;
    type Error = serde_json::Error;

    fn compute(&self, refusal: &Refusal) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(refusal)
    }
}

impl Compilation<'_> {
    /// Finds the artifact, or the refusal of a job that compiled it. Returns `None` if no job did.
    fn find<'c>(&self, cache: &'c Cache) -> Option<Result<CacheEntry<'c>, Refusal>> {
        if let Some(artifact) = cache.find(self) {
            return Some(Ok(artifact));
        }
        let refused = cache.find(&Refused(self))?;
        serde_json::from_slice(&refused.bytes).ok().map(Err)
    }

    /// Stores a refusal for the merge. Returns whether this machine has it now.
    fn store_refusal(&self, refusal: &Refusal, cache: &Cache) -> bool {
        let refused = cache.get_or_compute(&Refused(self), refusal);
        refused.is_ok_and(|mut refused| refused.store())
    }
}

/// The compiled functions of earlier imports of an asset.
struct FunctionCache<'a> {
    import: &'a ImportContext<'a>,
    asset: &'a Path,
}

impl FunctionCache<'_> {
    /// Returns the functions of the asset for a target. The key stays the same when the asset changes:
    /// Cranelift decides whether a function is the one that it needs.
    fn functions(&self, target: &Target) -> Option<Arc<ModuleFunctions>> {
        let shared = self.import.functions.as_ref()?;
        let asset = std::path::absolute(self.asset).ok()?;
        let key = Digest::of(format!("{}\0{target}", asset.display()).as_bytes());
        Some(ModuleFunctions::new(shared, &self.import.cache, key))
    }
}

/// Compiles `module` for `target`, faster if functions of an earlier import are cached.
///
/// # Errors
///
/// Fails if Wasmtime refuses the target or the module, or panics.
pub(super) fn compile<'c>(
    module: &ValidWasm,
    target: &Target,
    asset: &'c AssetContext<'_>,
) -> Result<Attempt<'c>, AssetError> {
    check_concurrency(module, asset)?;
    if let Some(error) = unsupported(module, target) {
        return Ok(Attempt::Unsupported(error));
    }
    let compiled = |artifact| Attempt::Compiled(Compiled { target: target.clone(), artifact });
    if target.is_source() {
        return Ok(compiled(CacheEntry::uncached(module.wasm().to_vec())));
    }
    let always_allowed = asset.project().engine.memory_guaranteed_dense_image_size;
    let images = image_bytes(module.wasm(), always_allowed);
    check_size(module, asset, images, "bytes of memory images")?;
    let compilation = Compilation {
        wasm: Bytes(module.wasm()),
        features: module.features(),
        engine: &asset.project().engine,
        target,
        wasmtime: wasmtime_version(),
        engine_sources: wasmport::engine::SOURCES,
        sources: generator::artifact_sources(),
    };
    let functions = FunctionCache { import: asset.import, asset: module.path() };
    let compile = || asset.cache().get_or_compute(&compilation, &functions);
    let found = match asset.compiles_nothing() {
        true => compilation.find(asset.cache()),
        // The merge takes a refusal for the last word, so that it is not that of an exhausted machine.
        false if asset.is_part() => Some(compile().or_else(|_| compile())),
        false => Some(compile()),
    };
    match found {
        None => Ok(Attempt::Missing),
        Some(Ok(mut artifact)) => {
            let unit = format!("bytes in its artifact for {target}");
            check_size(module, asset, artifact.bytes.len() as u64, &unit)?;
            if !artifact.store() && asset.is_part() {
                return Err(unstored(target, asset));
            }
            Ok(compiled(artifact))
        }
        Some(Err(refusal)) => {
            if asset.is_part() && !compilation.store_refusal(&refusal, asset.cache()) {
                return Err(unstored(target, asset));
            }
            refused(module, target, refusal)
        }
    }
}

/// Refuses a part whose result cannot be stored: the merge would miss it.
fn unstored(target: &Target, asset: &AssetContext<'_>) -> AssetError {
    let message = format!("its artifact for {target} cannot be written to the cache");
    asset.error(Stage::Write, message)
}

/// Refuses an artifact that is larger than the limit, or whose `bytes` already are.
fn check_size(
    module: &ValidWasm,
    asset: &AssetContext<'_>,
    bytes: u64,
    unit: &str,
) -> Result<(), AssetError> {
    let limit = asset.settings().limits.artifact_bytes();
    if bytes <= limit {
        return Ok(());
    }
    let (path, key) = (module.path(), "max-artifact-bytes");
    Err(AssetError::over_limit(path, Stage::Compile, bytes, limit, unit, key))
}

/// Refuses an async component if the engine has no concurrency support.
fn check_concurrency(module: &ValidWasm, asset: &AssetContext<'_>) -> Result<(), AssetError> {
    let is_async = module.features().need_concurrency();
    if !is_async || asset.project().engine.concurrency_support {
        return Ok(());
    }
    Err(AssetError::without_concurrency(
        module.path(),
        Stage::Compile,
        "the component has async functions, futures or streams",
    ))
}

/// Explains why there is no artifact.
fn refused<'c>(
    module: &ValidWasm,
    target: &Target,
    refusal: Refusal,
) -> Result<Attempt<'c>, AssetError> {
    let error = |message: String| {
        AssetError::new(module.path(), Stage::Compile, format!("for {target}: {message}"))
    };
    match refusal {
        Refusal::Error(message) => Err(error(message)),
        // Wasmtime 48 copies small blocks with vectors, and does not check for the extension.
        Refusal::Panic(panic) if lacks_vectors(target) => {
            let what = format!("Wasmtime copies memory with the vector extension there ({panic})");
            Ok(Attempt::Unsupported(cannot_run(module, target, &what, ADD_VECTORS)))
        }
        Refusal::Panic(panic) => Err(error(format!("Wasmtime panicked: {panic}"))
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

/// Returns the reason why a target cannot run the module, if it is known before compiling.
fn unsupported(module: &ValidWasm, target: &Target) -> Option<AssetError> {
    let features = module.features();
    if target.is_portable() && features.contains(WasmFeature::Threads) {
        let what = "the interpreter has no shared memories and no atomics";
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
        .kind(AssetErrorKind::Unsupported)
        .help(format!("{help}; or set `unsupported = \"skip\"` for the asset"))
}

/// Returns whether this build has the code generator for a target: without the cargo feature
/// `all-targets` it has those of this machine's architecture and of the interpreter.
#[must_use]
pub fn has_code_generator(target: &Target) -> bool {
    let family = |architecture: &Architecture| std::mem::discriminant(architecture);
    let host = Triple::host().architecture;
    cfg!(feature = "all-targets")
        || target.triple().is_none_or(|triple| family(&triple.architecture) == family(&host))
}

/// Checks that Wasmtime accepts the engine configuration for a target.
///
/// # Errors
///
/// Fails with Wasmtime's reason.
pub(crate) fn check_engine(engine: &EngineConfig, target: &Target) -> wasmtime::Result<()> {
    wasmtime::Engine::new(&compile_config(engine, target, RequiredFeatures::NONE)?).map(drop)
}
