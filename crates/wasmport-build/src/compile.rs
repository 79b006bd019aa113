//! Compile: a valid module, for a target, with exactly the features it uses.

use crate::error::{AssetError, Stage};
use crate::validate::ValidModule;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmport::engine::{Target, compile_config};
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
) -> Result<Compiled, AssetError> {
    let error = |message: String| {
        AssetError::new(module.path(), Stage::Compile, format!("for {target}: {message}"))
    };
    let bytes = catch_panic(|| {
        let config = compile_config(engine, target, module.features())?;
        wasmtime::Engine::new(&config)?.precompile_module(module.wasm())
    })
    .map_err(|panic| {
        error(format!("Wasmtime panicked: {panic}"))
            .help("report it to Wasmtime with the file; exclude the file until then")
    })?
    .map_err(|e| error(format!("{e:#}")))?;
    Ok(Compiled { target: target.clone(), digest: Digest::of(&bytes), bytes })
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
