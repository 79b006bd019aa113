//! `RuntimeBuilder`: the settings of a runtime before it is built.

use super::handle::{Runtime, check_limits};
use super::shared::RuntimeShared;
use crate::asset::{AnyAsset, AssetSource, NoSource};
use crate::engine::{EngineConfig, RuntimeOptions};
use crate::error::Result;
use std::sync::Arc;

/// Settings of a [`Runtime`] before it is built.
pub struct RuntimeBuilder<'a> {
    config: EngineConfig,
    options: RuntimeOptions,
    source: Arc<dyn AssetSource>,
    assets: &'a [&'a AnyAsset],
}

impl Runtime {
    /// Builds a runtime for assets imported with `config`: the generated `ENGINE` constant.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Engine`](crate::Error::Engine) if Wasmtime rejects the settings.
    pub fn new(config: &EngineConfig) -> Result<Self> {
        Self::builder(config).build()
    }

    /// Returns a builder, for a runtime with options.
    #[must_use]
    pub fn builder(config: &EngineConfig) -> RuntimeBuilder<'static> {
        RuntimeBuilder {
            config: *config,
            options: RuntimeOptions::default(),
            source: Arc::new(NoSource),
            assets: &[],
        }
    }
}

impl<'a> RuntimeBuilder<'a> {
    /// Sets the options.
    #[must_use]
    pub fn options(mut self, options: RuntimeOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the source of artifacts that are not in the program.
    #[must_use]
    pub fn source(mut self, source: impl AssetSource + 'static) -> Self {
        self.source = Arc::new(source);
        self
    }

    /// Chooses a back end that runs all of these assets: the generated `ASSETS`.
    #[must_use]
    pub fn assets(mut self, assets: &'a [&'a AnyAsset]) -> Self {
        self.assets = assets;
        self
    }

    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// Fails with one of these [errors](crate::Error):
    ///
    /// - `Engine` if Wasmtime rejects the settings,
    /// - `NotMetered` if the limits need fuel or time, and the engine does not meter it,
    /// - `Pooling` if the pooling allocator rejects the settings,
    /// - `MissingFeature` if an option needs a cargo feature,
    /// - `Incompatible` if no back end runs all [`assets`](Self::assets).
    pub fn build(self) -> Result<Runtime> {
        check_limits(&self.options.limits, &self.config)?;
        let shared = RuntimeShared::new(self.config, self.options, self.source)?;
        if !self.assets.is_empty() {
            shared.engine_for(self.assets)?;
        }
        Ok(Runtime::from_shared(shared))
    }
}
