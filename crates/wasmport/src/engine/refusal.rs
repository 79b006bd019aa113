//! New engines; and what the pooling allocator refuses, told from all else by trying without it.

use super::wasmtime_config::run_config;
use super::{BackEnd, EngineConfig, RuntimeOptions};
use crate::load::Code;
use crate::{Error, Result};
use wasmtime::Engine;

/// The engine of a program.
///
/// # Errors
///
/// [`Error::Pooling`], [`Error::MissingFeature`], and [`Error::Engine`] for all else.
pub(crate) fn new_engine(
    config: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
) -> Result<Engine> {
    let engine = run_config(config, options, back_end).and_then(|config| Engine::new(&config));
    let source = match engine.map_err(wasmtime::Error::downcast::<Error>) {
        Ok(engine) => return Ok(engine),
        Err(Ok(own)) => return Err(own),
        Err(Err(source)) => source,
    };
    Err(match without_pooling(config, options, back_end) {
        Some(_) => Error::Pooling { asset: None, misfits: Vec::new(), source: Some(source) },
        None => Error::Engine { source },
    })
}

/// The error for an asset that Wasmtime refuses; `load` loads it into an engine without the pooling
/// allocator, which tells whether that is what refuses it, and what it would need.
pub(crate) fn refused<C: Code>(
    asset: &str,
    source: wasmtime::Error,
    config: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
    load: impl FnOnce(&Engine) -> Result<C>,
) -> Error {
    let name = asset.to_owned();
    let code = without_pooling(config, options, back_end).and_then(|engine| load(&engine).ok());
    match (code, &options.pooling) {
        (Some(code), Some(pooling)) => Error::Pooling {
            asset: Some(name),
            misfits: code.as_module().map_or_else(Vec::new, |module| pooling.misfits(module, 1)),
            source: Some(source),
        },
        _ => Error::Deserialize { asset: name, source },
    }
}

/// The same engine, where the options ask for pooling.
fn without_pooling(
    config: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
) -> Option<Engine> {
    options.pooling.as_ref()?;
    let options = RuntimeOptions { pooling: None, ..options.clone() };
    run_config(config, &options, back_end).and_then(|config| Engine::new(&config)).ok()
}

#[cfg(all(test, not(feature = "pool")))]
mod tests {
    use super::*;
    use crate::Pooling;

    #[test]
    fn pooling_without_the_cargo_feature_names_it() {
        let pooling = Some(Pooling::default());
        let options = RuntimeOptions { pooling, ..RuntimeOptions::default() };
        let error = new_engine(&EngineConfig::new(), &options, BackEnd::Native).err();
        assert!(matches!(error, Some(Error::MissingFeature { feature: "pool", .. })), "{error:?}");
    }
}
