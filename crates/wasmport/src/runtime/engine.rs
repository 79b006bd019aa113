//! `ActiveEngine`: the engine of a back end; and which errors are the pooling allocator's.

use crate::code::Code;
#[cfg(feature = "winch")]
use crate::engine::winch_config;
use crate::engine::{BackEnd, ConfigError, EngineConfig, RuntimeOptions, run_config};
use crate::error::{Error, Result};
use crate::limits::EpochTimer;
use std::sync::Arc;
use wasmtime::Engine;

/// The engine of a back end.
#[derive(Clone)]
pub(super) struct ActiveEngine {
    pub back_end: BackEnd,
    pub engine: Engine,
    /// Timer, if the engine checks epochs.
    pub timer: Option<Arc<EpochTimer>>,
}

impl ActiveEngine {
    /// Builds the engine.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::MissingFeature`] if an option needs a cargo feature, with [`Error::Pooling`] if
    /// the pooling allocator rejects the options, and with [`Error::Engine`] if Wasmtime rejects them for
    /// another reason.
    pub fn new(config: &EngineConfig, options: &RuntimeOptions, back_end: BackEnd) -> Result<Self> {
        let engine = new_engine(config, options, back_end)?;
        let timer = config.epoch_interruption.then(|| Arc::new(EpochTimer::new(&engine)));
        Ok(Self { back_end, engine, timer })
    }

    /// Builds the engine for the code of Winch.
    ///
    /// # Errors
    ///
    /// Fails if Wasmtime has no Winch for this machine or the configuration.
    #[cfg(feature = "winch")]
    pub fn winch(config: &EngineConfig, options: &RuntimeOptions) -> Result<Self> {
        let wasmtime = winch_config(config, options)?;
        let engine = Engine::new(&wasmtime).map_err(|source| Error::Engine { source })?;
        let timer = config.epoch_interruption.then(|| Arc::new(EpochTimer::new(&engine)));
        Ok(Self { back_end: BackEnd::Native, engine, timer })
    }

    /// Turns the error of an asset that Wasmtime rejects into [`Error::Pooling`], if `load` can load it
    /// into an engine without the pooling allocator.
    pub fn explain<C: Code>(
        &self,
        config: &EngineConfig,
        options: &RuntimeOptions,
        error: Error,
        load: impl FnOnce(&Engine) -> Result<C>,
    ) -> Error {
        let Error::Deserialize { asset, source } = error else { return error };
        let engine = without_pooling(config, options, self.back_end);
        let code = engine.and_then(|engine| load(&engine).ok());
        let (Some(code), Some(pooling)) = (code, &options.pooling) else {
            return Error::Deserialize { asset, source };
        };
        let reservation = self.engine.get_memory_reservation();
        let misfits = code
            .resources_required()
            .map_or_else(Vec::new, |needs| pooling.misfits(&needs, reservation, 1));
        Error::Pooling { asset: Some(asset), misfits, source: Some(source) }
    }
}

fn new_engine(
    config: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
) -> Result<Engine> {
    let wasmtime = run_config(config, options, back_end);
    let source = match wasmtime.and_then(|config| Engine::new(&config).map_err(Into::into)) {
        Ok(engine) => return Ok(engine),
        Err(ConfigError::Wasmtime(source)) => source,
        Err(error) => return Err(error.into()),
    };
    Err(match without_pooling(config, options, back_end) {
        Some(_) => Error::Pooling { asset: None, misfits: Vec::new(), source: Some(source) },
        None => Error::Engine { source },
    })
}

/// Builds the same engine without the pooling allocator, if the options ask for one. When it succeeds
/// with what failed before, the allocator was the reason.
fn without_pooling(
    config: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
) -> Option<Engine> {
    options.pooling.as_ref()?;
    let options = RuntimeOptions { pooling: None, ..options.clone() };
    Engine::new(&run_config(config, &options, back_end).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_without_epoch_checks_has_no_timer() {
        let options = RuntimeOptions::default();
        let engine = ActiveEngine::new(&EngineConfig::new(), &options, BackEnd::Native).unwrap();
        assert!(engine.timer.is_none());
    }

    #[cfg(not(feature = "pool"))]
    #[test]
    fn pooling_without_the_cargo_feature_names_it() {
        let pooling = Some(crate::engine::Pooling::default());
        let options = RuntimeOptions { pooling, ..RuntimeOptions::default() };
        let error = ActiveEngine::new(&EngineConfig::new(), &options, BackEnd::Native).err();
        assert!(matches!(error, Some(Error::MissingFeature { feature: "pool", .. })), "{error:?}");
    }
}
