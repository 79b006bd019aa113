//! Compiles WebAssembly by its key, in this process or in that of a worker.

use super::cache::{Functions, Pack};
use super::key::CodeKey;
use super::proposals::used_and_most;
use super::tier::Tier;
use crate::engine::{RequiredFeatures, compile_config, compile_fast};
#[cfg(feature = "winch")]
use crate::engine::{winch_compile_config, winch_compiles};
#[cfg(feature = "winch")]
use crate::inspect::has_floats;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wasmtime::{Config, Engine, Module};

/// Compiled code.
#[derive(Serialize, Deserialize)]
pub(super) struct Output {
    pub artifact: Vec<u8>,
    /// The proposals that it was compiled with.
    pub features: RequiredFeatures,
    /// The functions of this version, if they are others than those of the last one.
    pub functions: Option<Pack>,
}

/// Compiles for programs that have the proposals of `program`, with the functions of the last version if they are kept.
pub(super) fn compile(
    key: &CodeKey,
    program: RequiredFeatures,
    wasm: &[u8],
    last: Option<Pack>,
) -> wasmtime::Result<Output> {
    compile_with(key, used_and_most(key, wasm, program), wasm, last)
}

/// Compiles with the proposals of `used`, or if that is refused, with those of `most`.
fn compile_with(
    key: &CodeKey,
    (used, most): (RequiredFeatures, RequiredFeatures),
    wasm: &[u8],
    last: Option<Pack>,
) -> wasmtime::Result<Output> {
    // Cranelift alone keeps functions.
    let last = last.filter(|_| key.tier != Tier::Winch);
    let functions = last.map(|last| Arc::new(Functions::new(last)));
    let artifact = |features| {
        let mut config = config(key, features, wasm)?;
        if let Some(functions) = &functions {
            config.enable_incremental_compilation(Arc::<Functions>::clone(functions))?;
        }
        artifact(&Engine::new(&config)?, wasm, key.is_component)
    };
    let (features, artifact) = match artifact(used) {
        // The scan that found the proposals may have missed the use of another.
        Err(Failed::Refused(_)) if used != most => (most, artifact(most)?),
        compiled => (used, compiled?),
    };
    let functions = functions.and_then(|functions| functions.changed());
    Ok(Output { artifact, features, functions })
}

fn config(key: &CodeKey, features: RequiredFeatures, wasm: &[u8]) -> wasmtime::Result<Config> {
    let CodeKey { engine, target, .. } = key;
    match key.tier {
        #[cfg(feature = "winch")]
        Tier::Winch => {
            wasmtime::ensure!(
                winch_compiles(engine, target, features)
                    && !(engine.deterministic && has_floats(wasm)),
                "Winch does not compile it with the same results"
            );
            winch_compile_config(engine, target, features)
        }
        #[cfg(not(feature = "winch"))]
        Tier::Winch => {
            let _ = wasm;
            wasmtime::bail!("the program that compiles lacks the cargo feature `winch`")
        }
        Tier::Optimized => compile_config(engine, target, features),
        Tier::Baseline => {
            let mut config = compile_config(engine, target, features)?;
            compile_fast(&mut config);
            Ok(config)
        }
    }
}

/// The failure of a compilation.
enum Failed {
    /// The WebAssembly is not valid with the proposals, or, for a component, may not be.
    Refused(wasmtime::Error),
    Other(wasmtime::Error),
}

impl From<Failed> for wasmtime::Error {
    fn from(failed: Failed) -> Self {
        let (Failed::Refused(error) | Failed::Other(error)) = failed;
        error
    }
}

impl From<wasmtime::Error> for Failed {
    fn from(error: wasmtime::Error) -> Self {
        Self::Other(error)
    }
}

fn artifact(compiler: &Engine, wasm: &[u8], is_component: bool) -> Result<Vec<u8>, Failed> {
    #[cfg(feature = "component-model")]
    if is_component {
        return compiler.precompile_component(wasm).map_err(Failed::Refused);
    }
    let _ = is_component;
    // Rejects an invalid module before any function is compiled.
    Module::validate(compiler, wasm).map_err(Failed::Refused)?;
    Ok(compiler.precompile_module(wasm)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineConfig, Target, WasmFeature};

    #[test]
    fn a_proposal_that_the_scan_misses_is_found_by_compiling() -> wasmtime::Result<()> {
        let key = CodeKey {
            engine: EngineConfig::new(),
            target: Target::host(),
            is_component: false,
            tier: Tier::Optimized,
            stages: None,
        };
        let wasm = wat::parse_str("(module (func (param v128)))")?;
        let (none, simd) =
            (RequiredFeatures::default(), RequiredFeatures::of(&[WasmFeature::Simd]));
        assert_eq!(compile_with(&key, (none, simd), &wasm, None)?.features, simd);
        let refused = compile_with(&key, (none, none), &wasm, None).map(|output| output.features);
        assert!(refused.is_err_and(|error| format!("{error:#}").contains("SIMD")));
        // A program that has more shares the code.
        let all = RequiredFeatures::of_this_build();
        let (used, most) = used_and_most(&key, &wasm, all);
        assert!(used.contains(WasmFeature::Simd) && !used.contains(WasmFeature::Threads));
        assert_eq!(compile_with(&key, (used, most), &wasm, None)?.features, used);
        Ok(())
    }
}
