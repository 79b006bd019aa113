//! Compiles WebAssembly by its key, in this process or in that of a worker.

use super::cache::{Functions, Pack};
use super::key::CodeKey;
use super::tier::Tier;
#[cfg(feature = "winch")]
use crate::engine::winch_compile_config;
use crate::engine::{compile_config, compile_fast};
use std::sync::Arc;
use wasmtime::{Engine, Module};

/// Compiles with the functions of the last version, if they are kept; returns those of this one if they are others.
pub(super) fn compile(
    key: &CodeKey,
    wasm: &[u8],
    last: Option<Pack>,
) -> wasmtime::Result<(Vec<u8>, Option<Pack>)> {
    let mut config = match key.tier {
        #[cfg(feature = "winch")]
        Tier::Winch => winch_compile_config(&key.engine, &key.target, key.features)?,
        #[cfg(not(feature = "winch"))]
        Tier::Winch => wasmtime::bail!("the program that compiles lacks the cargo feature `winch`"),
        Tier::Optimized | Tier::Baseline => compile_config(&key.engine, &key.target, key.features)?,
    };
    if key.tier == Tier::Baseline {
        compile_fast(&mut config);
    }
    // Cranelift alone keeps functions.
    let last = last.filter(|_| key.tier != Tier::Winch);
    let functions = last.map(|last| Arc::new(Functions::new(last)));
    if let Some(functions) = &functions {
        config.enable_incremental_compilation(Arc::<Functions>::clone(functions))?;
    }
    let artifact = artifact(&Engine::new(&config)?, wasm, key.is_component)?;
    Ok((artifact, functions.and_then(|functions| functions.changed())))
}

fn artifact(compiler: &Engine, wasm: &[u8], is_component: bool) -> wasmtime::Result<Vec<u8>> {
    #[cfg(feature = "component-model")]
    if is_component {
        return compiler.precompile_component(wasm);
    }
    let _ = is_component;
    // Rejects an invalid module before any function is compiled.
    Module::validate(compiler, wasm)?;
    compiler.precompile_module(wasm)
}
