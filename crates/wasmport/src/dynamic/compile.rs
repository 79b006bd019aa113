//! Compiles WebAssembly by its key, in this process or in that of a worker.

use super::cache::{Functions, Pack};
use super::key::CodeKey;
use super::parse::Parsed;
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
    /// The short custom sections of the source.
    pub sections: Vec<(String, Vec<u8>)>,
}

/// Compiles for programs that have the proposals of `program`, with the functions of the last version if they are kept.
/// Refuses WebAssembly that uses others, before it is compiled.
pub(super) fn compile(
    key: &CodeKey,
    program: RequiredFeatures,
    parsed: &Parsed<'_>,
    last: Option<Pack>,
) -> wasmtime::Result<Output> {
    let (used, most) = used_and_most(key, &parsed.wasm, program);
    if let Some(feature) = used.missing_in(program).iter().next() {
        let cargo = feature.cargo_feature().unwrap_or_default();
        wasmtime::bail!(
            "it uses the proposal `{feature}`, for which this program lacks the feature `{cargo}` of the `wasmport` crate"
        );
    }
    let functions = last.map(|last| Arc::new(Functions::new(last)));
    let (features, artifact) = compile_with(key, (used, most), &parsed.wasm, functions.as_ref())?;
    let functions = functions.and_then(|functions| functions.changed());
    Ok(Output { artifact, features, functions, sections: parsed.sections.clone() })
}

/// Compiles with the proposals of `used`, or if that is refused, with those of `most`. Returns the proposals and the code.
fn compile_with(
    key: &CodeKey,
    (used, most): (RequiredFeatures, RequiredFeatures),
    wasm: &[u8],
    functions: Option<&Arc<Functions>>,
) -> wasmtime::Result<(RequiredFeatures, Vec<u8>)> {
    let artifact = |features| {
        let mut config = config(key, features, wasm)?;
        if let Some(functions) = functions {
            config.enable_incremental_compilation(Arc::<Functions>::clone(functions))?;
        }
        artifact(&Engine::new(&config)?, wasm, key.is_component)
    };
    match artifact(used) {
        // The scan that found the proposals may have missed the use of another.
        Err(Failed::Refused(_)) if used != most => Ok((most, artifact(most)?)),
        compiled => Ok((used, compiled?)),
    }
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

    fn key() -> CodeKey {
        CodeKey {
            engine: EngineConfig::new(),
            target: Target::host(),
            is_component: false,
            tier: Tier::Optimized,
            stages: None,
        }
    }

    #[test]
    fn a_proposal_that_the_scan_misses_is_found_by_compiling() -> wasmtime::Result<()> {
        let key = key();
        let wasm = wat::parse_str("(module (func (param v128)))")?;
        let (none, simd) =
            (RequiredFeatures::default(), RequiredFeatures::of(&[WasmFeature::Simd]));
        assert_eq!(compile_with(&key, (none, simd), &wasm, None)?.0, simd);
        let refused = compile_with(&key, (none, none), &wasm, None);
        assert!(refused.is_err_and(|error| format!("{error:#}").contains("SIMD")));
        // A program that has more shares the code.
        let all = RequiredFeatures::of_this_build();
        let (used, most) = used_and_most(&key, &wasm, all);
        assert!(used.contains(WasmFeature::Simd) && !used.contains(WasmFeature::Threads));
        assert_eq!(compile_with(&key, (used, most), &wasm, None)?.0, used);
        Ok(())
    }

    #[test]
    fn a_proposal_that_the_program_lacks_is_named_before_compiling() -> wasmtime::Result<()> {
        let is_without_threads = |feature: &WasmFeature| feature.cargo_feature() != Some("threads");
        let program = RequiredFeatures::of_this_build().iter().filter(is_without_threads);
        let program: RequiredFeatures = program.collect();
        let text = "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))";
        let parsed = Parsed { wasm: wat::parse_str(text)?.into(), sections: Vec::new() };
        let error = compile(&key(), program, &parsed, None).map(drop).unwrap_err();
        let message = "it uses the proposal `threads`, for which this program lacks the feature `threads` of the \
                       `wasmport` crate";
        assert_eq!(error.to_string(), message);
        let plain = Parsed { wasm: wat::parse_str("(module)")?.into(), sections: Vec::new() };
        assert!(!compile(&key(), program, &plain, None)?.features.contains(WasmFeature::Threads));
        Ok(())
    }

    #[test]
    fn the_next_version_compiles_the_function_that_changed() -> wasmtime::Result<()> {
        let wasm = |changed: usize| {
            let functions = (0..50).map(|index| {
                let number = if index == 7 { changed } else { index };
                format!("(func (result i32) (i32.const {number}))")
            });
            wat::parse_str(format!("(module {})", functions.collect::<String>()))
        };
        let all = RequiredFeatures::of_this_build();
        let compile = |wasm: &[u8], last: Pack| -> wasmtime::Result<_> {
            let functions = Arc::new(Functions::new(last));
            let _ = compile_with(&key(), (all, all), wasm, Some(&functions))?;
            Ok((functions.new_functions(), functions.changed()))
        };
        let (count, pack) = compile(&wasm(1_000)?, Pack::default())?;
        assert!(count >= 50, "{count}");
        let (count, pack) = compile(&wasm(2_000)?, pack.unwrap_or_default())?;
        assert_eq!(count, 1);
        let (count, pack) = compile(&wasm(2_000)?, pack.unwrap_or_default())?;
        assert_eq!((count, pack.is_none()), (0, true), "they are the same");
        Ok(())
    }
}
