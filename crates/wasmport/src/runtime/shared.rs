//! `RuntimeShared`: the state that the clones of a runtime share, and the choice of its back end.

use super::engine::ActiveEngine;
use crate::asset::{AnyAsset, Artifact, AssetSource};
use crate::choice::{Choice, Program};
use crate::code::CodeCaches;
use crate::digest::Digest;
use crate::engine::{BackEnd, EngineConfig, Mismatch, RuntimeOptions};
use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The state that the clones of a runtime share.
pub(super) struct RuntimeShared {
    pub config: EngineConfig,
    pub options: RuntimeOptions,
    pub source: Arc<dyn AssetSource>,
    pub caches: CodeCaches,
    /// Engine for machine code, or for the target in the options. Built first, because nearly all
    /// runtimes use it.
    default_engine: ActiveEngine,
    /// Engine of the chosen back end. Set once, under the lock.
    chosen_engine: OnceLock<ActiveEngine>,
    choosing: Mutex<()>,
    /// The same for the code of Winch; none if this program and machine have none.
    #[cfg(feature = "winch")]
    winch: OnceLock<Option<Arc<Self>>>,
    /// Whether this is for the code of Winch.
    #[cfg(feature = "winch")]
    pub is_winch: bool,
}

impl RuntimeShared {
    pub fn new(
        config: EngineConfig,
        options: RuntimeOptions,
        source: Arc<dyn AssetSource>,
    ) -> Result<Self> {
        let back_end = options.target.as_ref().map_or(BackEnd::Native, BackEnd::of);
        let default_engine = ActiveEngine::new(&config, &options, back_end)?;
        Ok(Self::with_engine(config, options, source, default_engine))
    }

    fn with_engine(
        config: EngineConfig,
        options: RuntimeOptions,
        source: Arc<dyn AssetSource>,
        default_engine: ActiveEngine,
    ) -> Self {
        Self {
            config,
            options,
            source,
            caches: CodeCaches::default(),
            default_engine,
            chosen_engine: OnceLock::new(),
            choosing: Mutex::default(),
            #[cfg(feature = "winch")]
            winch: OnceLock::new(),
            #[cfg(feature = "winch")]
            is_winch: false,
        }
    }

    /// Returns the same for the code of Winch, if this program and machine have any.
    #[cfg(feature = "winch")]
    pub fn winch(&self) -> Option<&Arc<Self>> {
        let build = || {
            let (config, options) = (self.config, self.options.clone());
            let engine = ActiveEngine::winch(&config, &options).ok()?;
            let shared = Self::with_engine(config, options, Arc::clone(&self.source), engine);
            Some(Arc::new(Self { is_winch: true, ..shared }))
        };
        let is_portable = self.engine().back_end == BackEnd::Portable;
        self.winch.get_or_init(|| if is_portable { None } else { build() }).as_ref()
    }

    /// Removes code of a digest, that of Winch too. Returns whether there was any.
    pub fn remove(&self, digest: Digest) -> bool {
        let removed = self.caches.remove(digest);
        #[cfg(feature = "winch")]
        let removed = removed
            | self.winch.get().and_then(Option::as_ref).is_some_and(|winch| winch.remove(digest));
        removed
    }

    /// Returns the chosen engine; chooses the default one if none is chosen yet.
    pub fn engine(&self) -> &ActiveEngine {
        self.chosen_engine.get_or_init(|| self.default_engine.clone())
    }

    /// Returns the chosen back end, if one is chosen.
    pub fn chosen_back_end(&self) -> Option<BackEnd> {
        self.chosen_engine.get().map(|chosen| chosen.back_end)
    }

    fn program(&self, back_end: BackEnd) -> Program<'_> {
        Program::this(&self.config, &self.options, back_end)
    }

    /// Returns the back ends that the options allow, the best first.
    fn allowed_back_ends(&self) -> impl Iterator<Item = BackEnd> {
        let is_fixed = self.options.strict || self.options.target.is_some();
        let only = is_fixed.then_some(self.default_engine.back_end);
        let all = BackEnd::ALL.into_iter().filter(|back_end| back_end.is_in_this_program());
        all.filter(move |back_end| only.is_none_or(|only| *back_end == only))
    }

    /// Returns the chosen engine; chooses the first one that runs all of `assets` if none is chosen yet.
    pub fn engine_for(&self, assets: &[&AnyAsset]) -> Result<&ActiveEngine> {
        if let Some(chosen) = self.chosen_engine.get() {
            return Ok(chosen);
        }
        let _lock = self.choosing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chosen) = self.chosen_engine.get() {
            return Ok(chosen);
        }
        // If no back end runs all, the error of the best one helps users most.
        let mut first_error: Option<Error> = None;
        for back_end in self.allowed_back_ends() {
            match self.check_all(back_end, assets) {
                Ok(()) => {
                    let engine = self.build(back_end)?;
                    return Ok(self.chosen_engine.get_or_init(|| engine));
                }
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        Err(first_error.unwrap_or_else(|| Error::Engine {
            source: wasmtime::format_err!(
                "this program has no back end for the target in the options"
            ),
        }))
    }

    /// Fails with the first of `assets` that a back end cannot run.
    fn check_all(&self, back_end: BackEnd, assets: &[&AnyAsset]) -> Result<()> {
        let program = self.program(back_end);
        assets.iter().try_for_each(|asset| {
            program.choose(asset).map(drop).map_err(|why| incompatible(asset, why))
        })
    }

    fn build(&self, back_end: BackEnd) -> Result<ActiveEngine> {
        if back_end == self.default_engine.back_end {
            return Ok(self.default_engine.clone());
        }
        ActiveEngine::new(&self.config, &self.options, back_end)
    }

    /// Returns the engine that runs an asset, and the artifact that it runs.
    pub fn choose<'b>(&self, asset: &'b AnyAsset) -> Result<(&ActiveEngine, &'b Artifact)> {
        let engine = self.engine_for(&[asset])?;
        let artifact = self.program(engine.back_end).choose(asset);
        Ok((engine, artifact.map_err(|mismatches| incompatible(asset, mismatches))?))
    }

    /// Returns the artifact that runs, or would run if no back end is chosen yet.
    pub fn choice<'b>(&self, asset: &'b AnyAsset) -> Choice<'b> {
        let back_ends: Vec<BackEnd> = match self.chosen_back_end() {
            Some(chosen) => vec![chosen],
            None => self.allowed_back_ends().collect(),
        };
        let fits = |back_end: &&BackEnd| self.program(**back_end).choose(asset).is_ok();
        let first = back_ends.first().copied().unwrap_or(self.default_engine.back_end);
        let back_end = back_ends.iter().find(fits).copied().unwrap_or(first);
        Choice::new(&self.program(back_end), asset)
    }
}

fn incompatible(asset: &AnyAsset, mismatches: Vec<Mismatch>) -> Error {
    Error::Incompatible { asset: asset.name().into(), mismatches }
}
