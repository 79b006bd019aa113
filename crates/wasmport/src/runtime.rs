//! `Runtime`: the engine for an engine configuration, and the modules loaded into it.

use crate::engine::{EngineConfig, RuntimeOptions, compat::Program, new_engine, refused};
use crate::load::{LoadedModule, load};
use crate::source::{AssetSource, NoSource};
use crate::{Artifact, Asset, Digest, Error, Result, trace};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{Engine, Module};

/// Loads assets of one [`EngineConfig`]. Clones share engine and modules.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    engine: Engine,
    config: EngineConfig,
    options: RuntimeOptions,
    source: Box<dyn AssetSource>,
    /// By artifact. Each has its own lock, so that loading one does not hold up another.
    modules: Mutex<HashMap<Digest, Arc<Mutex<Option<Module>>>>>,
}

/// Settings of a [`Runtime`] before it is built.
pub struct RuntimeBuilder {
    config: EngineConfig,
    options: RuntimeOptions,
    source: Box<dyn AssetSource>,
}

impl RuntimeBuilder {
    /// What is free to choose at start-up.
    #[must_use]
    pub fn options(mut self, options: RuntimeOptions) -> Self {
        self.options = options;
        self
    }

    /// Where artifacts come from that are not in the program.
    #[must_use]
    pub fn source(mut self, source: impl AssetSource + 'static) -> Self {
        self.source = Box::new(source);
        self
    }

    /// Builds the engine.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where Wasmtime refuses the combination of settings, or this build of the
    /// crate cannot run the target in the options; [`Error::Pooling`] where they do not go with the
    /// pooling allocator, [`Error::MissingFeature`] where an option needs a cargo feature.
    pub fn build(self) -> Result<Runtime> {
        let engine = new_engine(&self.config, &self.options)?;
        Ok(Runtime(Arc::new(Inner {
            engine,
            config: self.config,
            options: self.options,
            source: self.source,
            modules: Mutex::default(),
        })))
    }
}

impl Inner {
    fn load(&self, asset: &Asset, artifact: &Artifact) -> Result<Module> {
        let _span = trace::load(asset, artifact).entered();
        let load = |engine: &Engine| load(engine, &*self.source, asset, artifact);
        load(&self.engine).map_err(|error| match error {
            Error::Deserialize { source, .. } => {
                refused(asset, source, &self.config, &self.options, load)
            }
            error => error,
        })
    }
}

impl Runtime {
    /// A runtime for assets imported with `config`: the generated `ENGINE` constant.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where Wasmtime refuses the combination of settings.
    pub fn new(config: &EngineConfig) -> Result<Self> {
        Self::builder(config).build()
    }

    /// A runtime with options.
    #[must_use]
    pub fn builder(config: &EngineConfig) -> RuntimeBuilder {
        RuntimeBuilder {
            config: *config,
            options: RuntimeOptions::default(),
            source: Box::new(NoSource),
        }
    }

    /// Loads an asset, or returns it when it is loaded already.
    ///
    /// # Errors
    ///
    /// [`Error::Incompatible`] with everything in which the asset does not fit this program,
    /// [`Error::Missing`] or [`Error::Read`] for its file, [`Error::Digest`] where the bytes are not
    /// those the wrapper was made with, [`Error::Decompress`] where they do not give what it says,
    /// [`Error::Deserialize`] where Wasmtime refuses them, and [`Error::Pooling`] where the places of
    /// the pooling allocator are too small.
    pub fn load(&self, asset: &Asset) -> Result<LoadedModule> {
        let inner = &*self.0;
        let artifact = Program::this(&inner.config, &inner.options)
            .choose(asset)
            .map_err(|mismatches| Error::Incompatible { asset: asset.name().into(), mismatches })?;
        let slot = {
            // A thread that panicked while it held a lock left the map as it was.
            let mut modules = inner.modules.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(modules.entry(artifact.digest()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let module = match &*slot {
            Some(module) => module.clone(),
            None => slot.insert(inner.load(asset, artifact)?).clone(),
        };
        // Two assets may have the same code; each is known by its own name.
        Ok(LoadedModule::new(asset, artifact, module))
    }

    /// Wasmtime's engine, for stores and linkers.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The engine configuration.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    /// The options it was built with.
    #[must_use]
    pub fn options(&self) -> &RuntimeOptions {
        &self.0.options
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.0.config)
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
