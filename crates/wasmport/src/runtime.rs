//! `Runtime`: the engine for an engine configuration, and the modules loaded into it.

use crate::engine::{BackEnd, EngineConfig, Limits, Mismatch, RuntimeOptions, new_engine, refused};
use crate::engine::{Choice, compat::Program};
use crate::limits::Alarm;
#[cfg(feature = "component-model")]
use crate::load::LoadedComponent;
use crate::load::{Code, Loaded, LoadedAsset, LoadedModule, load};
use crate::source::{AssetSource, NoSource};
use crate::{Artifact, Asset, Digest, Error, Result, trace};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
#[cfg(feature = "component-model")]
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

/// Loads assets of one [`EngineConfig`]. Clones share engine and modules, and any thread may use them.
///
/// All that a runtime loads has one [`BackEnd`], so that it can be linked. Which that is, the first
/// asset decides: machine code where it has any for this machine, else the interpreter, else the
/// compiler, of those that the program has. Where assets differ in that, name all of them with
/// [`RuntimeBuilder::assets`].
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
    /// What new sessions may take.
    limits: Limits,
}

struct Inner {
    config: EngineConfig,
    options: RuntimeOptions,
    source: Box<dyn AssetSource>,
    /// Made first, because it is nearly always the one: that for machine code, or for the target that
    /// the options name.
    first: Chosen,
    /// Set once, under the lock.
    chosen: OnceLock<Chosen>,
    choosing: Mutex<()>,
    modules: Kept<Module>,
    #[cfg(feature = "component-model")]
    components: Kept<Component>,
}

/// What was loaded, by artifact. Each has its own lock, so that loading one does not hold up another.
pub(crate) struct Kept<C>(Mutex<HashMap<Digest, Slot<C>>>);

/// Where code is, or will be.
type Slot<C> = Arc<Mutex<Option<C>>>;

impl<C> Default for Kept<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Clone> Kept<C> {
    /// Forgets the code of this digest. Whether there was any.
    fn remove(&self, digest: Digest) -> bool {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest);
        slot.is_some_and(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner).is_some())
    }

    /// The code of this digest, or what `make` gives, which nobody else makes at the same time.
    fn get_or_make(&self, digest: Digest, make: impl FnOnce() -> Result<C>) -> Result<C> {
        let slot = {
            // A thread that panicked while it held a lock left the map as it was.
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(digest).or_default())
        };
        let mut code = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = &*code {
            return Ok(code.clone());
        }
        match make() {
            Ok(made) => Ok(code.insert(made).clone()),
            Err(error) => {
                drop(code);
                self.forget_empty(digest, &slot);
                Err(error)
            }
        }
    }

    /// Forgets where code was to be, unless others wait for it: there is no end to what may be refused.
    fn forget_empty(&self, digest: Digest, slot: &Slot<C>) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and this one. More are made under the lock of the map alone; after unloading, the
        // map may have another.
        let is_ours = slots.get(&digest).is_some_and(|kept| Arc::ptr_eq(kept, slot));
        if is_ours && Arc::strong_count(slot) == 2 {
            slots.remove(&digest);
        }
    }
}

#[derive(Clone)]
pub(crate) struct Chosen {
    back_end: BackEnd,
    pub engine: Engine,
    /// Where the engine checks epochs.
    alarm: Option<Arc<Alarm>>,
}

/// Settings of a [`Runtime`] before it is built.
pub struct RuntimeBuilder<'a> {
    config: EngineConfig,
    options: RuntimeOptions,
    source: Box<dyn AssetSource>,
    assets: &'a [&'a Asset],
}

impl<'a> RuntimeBuilder<'a> {
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

    /// Chooses a back end that can run each of these assets: the generated `ASSETS`.
    #[must_use]
    pub fn assets(mut self, assets: &'a [&'a Asset]) -> Self {
        self.assets = assets;
        self
    }

    /// Builds the engine.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where Wasmtime refuses the combination of settings, or this build of the
    /// crate cannot run the target in the options; [`Error::NotMetered`] where the options bound fuel
    /// or time and the engine does not; [`Error::Pooling`] where they do not go with the pooling
    /// allocator; [`Error::MissingFeature`] where an option needs a cargo feature; [`Error::Incompatible`] where no back end can run all
    /// [`assets`](Self::assets).
    pub fn build(self) -> Result<Runtime> {
        self.options.limits.check(&self.config)?;
        let back_end = self.options.target.as_ref().map_or(BackEnd::Native, BackEnd::of);
        let first = Chosen::new(&self.config, &self.options, back_end)?;
        let limits = self.options.limits;
        let inner = Inner {
            config: self.config,
            options: self.options,
            source: self.source,
            first,
            chosen: OnceLock::new(),
            choosing: Mutex::default(),
            modules: Kept::default(),
            #[cfg(feature = "component-model")]
            components: Kept::default(),
        };
        if !self.assets.is_empty() {
            inner.choose_for(self.assets)?;
        }
        Ok(Runtime { inner: Arc::new(inner), limits })
    }
}

impl Chosen {
    fn new(config: &EngineConfig, options: &RuntimeOptions, back_end: BackEnd) -> Result<Self> {
        let engine = new_engine(config, options, back_end)?;
        let alarm = config.epoch_interruption.then(|| Arc::new(Alarm::new(&engine)));
        Ok(Self { back_end, engine, alarm })
    }
}

impl Inner {
    fn program(&self, back_end: BackEnd) -> Program<'_> {
        Program::this(&self.config, &self.options, back_end)
    }

    /// What may run artifacts, the best first.
    fn back_ends(&self) -> impl Iterator<Item = BackEnd> {
        let only = if self.options.strict || self.options.target.is_some() {
            Some(self.first.back_end)
        } else {
            None
        };
        let all = BackEnd::ALL.into_iter().filter(|back_end| back_end.is_in_this_program());
        all.filter(move |back_end| only.is_none_or(|only| *back_end == only))
    }

    /// The back end that was chosen, or now is for these assets.
    fn choose_for(&self, assets: &[&Asset]) -> Result<&Chosen> {
        if let Some(chosen) = self.chosen.get() {
            return Ok(chosen);
        }
        let _lock = self.choosing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chosen) = self.chosen.get() {
            return Ok(chosen);
        }
        // Of the back ends that cannot run all, what the first one says is best known to the user.
        let mut refusal: Option<Error> = None;
        for back_end in self.back_ends() {
            let program = self.program(back_end);
            let refused =
                assets.iter().find_map(|asset| program.choose(asset).err().map(|why| (asset, why)));
            match refused {
                None => {
                    let chosen = if back_end == self.first.back_end {
                        self.first.clone()
                    } else {
                        Chosen::new(&self.config, &self.options, back_end)?
                    };
                    return Ok(self.chosen.get_or_init(|| chosen));
                }
                Some((asset, mismatches)) => {
                    refusal.get_or_insert(incompatible(asset, mismatches));
                }
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Engine {
            source: wasmtime::format_err!(
                "this program has no back end for the target in the options"
            ),
        }))
    }

    /// Why Wasmtime refused an asset, where that is the pooling allocator.
    fn explained<C: Code>(
        &self,
        asset: &str,
        chosen: &Chosen,
        error: Error,
        load: impl FnOnce(&Engine) -> Result<C>,
    ) -> Error {
        match error {
            Error::Deserialize { source, .. } => {
                refused(asset, source, &self.config, &self.options, chosen.back_end, load)
            }
            error => error,
        }
    }

    /// What runs this asset, and which of its artifacts.
    fn choose<'b>(&self, asset: &'b Asset) -> Result<(&Chosen, &'b Artifact)> {
        let chosen = self.choose_for(&[asset])?;
        let artifact = self.program(chosen.back_end).choose(asset);
        Ok((chosen, artifact.map_err(|mismatches| incompatible(asset, mismatches))?))
    }

    /// The back end that was chosen; the first one, where none was.
    fn chosen(&self) -> &Chosen {
        self.chosen.get_or_init(|| self.first.clone())
    }
}

fn incompatible(asset: &Asset, mismatches: Vec<Mismatch>) -> Error {
    Error::Incompatible { asset: asset.name().into(), mismatches }
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
    pub fn builder(config: &EngineConfig) -> RuntimeBuilder<'static> {
        RuntimeBuilder {
            config: *config,
            options: RuntimeOptions::default(),
            source: Box::new(NoSource),
            assets: &[],
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
        self.load_code(self.modules(), asset)
    }

    /// As [`Self::load`], of an asset that is a component.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "component-model")]
    pub fn load_component(&self, asset: &Asset) -> Result<LoadedComponent> {
        self.load_code(self.components(), asset)
    }

    /// Decides the back end by these assets, unless that is decided, there are none, or none can run
    /// them all.
    pub(crate) fn choose_for(&self, assets: &[&Asset]) {
        if !assets.is_empty() {
            let _ = self.inner.choose_for(assets);
        }
    }

    pub(crate) fn load_any(&self, asset: &Asset) -> Result<LoadedAsset> {
        #[cfg(feature = "component-model")]
        if asset.is_component() {
            return self.load_component(asset).map(LoadedAsset::Component);
        }
        self.load(asset).map(LoadedAsset::Module)
    }

    /// Forgets an asset that was loaded, so that its memory is free when the last session of it and the
    /// last [`Loaded`] are gone; the next load reads it again. Whether it was loaded. What is not
    /// unloaded stays for as long as the runtime.
    pub fn unload(&self, asset: &Asset) -> bool {
        let digests = asset.artifacts().iter().map(Artifact::digest);
        digests.fold(false, |was_loaded, digest| {
            let removed = self.inner.modules.remove(digest);
            #[cfg(feature = "component-model")]
            let removed = removed | self.inner.components.remove(digest);
            was_loaded | removed
        })
    }

    pub(crate) fn modules(&self) -> &Kept<Module> {
        &self.inner.modules
    }

    #[cfg(feature = "component-model")]
    pub(crate) fn components(&self) -> &Kept<Component> {
        &self.inner.components
    }

    fn load_code<C: Code>(&self, kept: &Kept<C>, asset: &Asset) -> Result<Loaded<C>> {
        let inner = &*self.inner;
        self.load_by(kept, asset, |chosen, artifact| {
            let _span = trace::load(asset, artifact).entered();
            let way = inner.options.load_way;
            let load = |engine: &Engine| load(engine, &*inner.source, asset, artifact, way);
            load(&chosen.engine).map_err(|error| inner.explained(asset.name(), chosen, error, load))
        })
    }

    /// Has `load` load the best artifact, unless it is loaded already.
    pub(crate) fn load_by<C: Code>(
        &self,
        kept: &Kept<C>,
        asset: &Asset,
        load: impl FnOnce(&Chosen, &Artifact) -> Result<C>,
    ) -> Result<Loaded<C>> {
        if asset.is_component() != C::IS_COMPONENT {
            let (asset, is_component) = (asset.name().into(), asset.is_component());
            return Err(Error::WrongKind { asset, is_component });
        }
        let (chosen, artifact) = self.inner.choose(asset)?;
        let code = kept.get_or_make(artifact.digest(), || load(chosen, artifact))?;
        // Two assets may have the same code; each is known by its own name.
        Ok(Loaded::new(self, asset.clone(), artifact.target(), code))
    }

    /// Compiles a module that no wrapper describes, or returns it when it is loaded already.
    ///
    /// # Errors
    ///
    /// [`Error::NoCompiler`] where the program lacks the cargo feature `compile`, [`Error::Missing`]
    /// or [`Error::Read`] for its file, and [`Error::Compile`] where it is no valid core module.
    pub fn load_dynamic(&self, asset: &crate::DynamicAsset) -> Result<LoadedModule> {
        self.compile(self.modules(), asset)
    }

    /// As [`Self::load_dynamic`], of a component.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "component-model")]
    pub fn load_dynamic_component(&self, asset: &crate::DynamicAsset) -> Result<LoadedComponent> {
        self.compile(self.components(), asset)
    }

    #[cfg(feature = "compile")]
    fn compile<C: Code>(&self, kept: &Kept<C>, asset: &crate::DynamicAsset) -> Result<Loaded<C>> {
        let (inner, chosen) = (&*self.inner, self.inner.chosen());
        let unit = asset.read::<C>(&inner.config, chosen.back_end)?;
        let code = kept.get_or_make(unit.digest(), || {
            let own = unit.asset();
            let _span =
                own.artifacts().first().map(|artifact| trace::load(&own, artifact).entered());
            let load = |engine: &Engine| unit.load(engine, asset, inner.options.load_way);
            load(&chosen.engine).map_err(|error| inner.explained(asset.name(), chosen, error, load))
        })?;
        Ok(Loaded::new(self, unit.asset(), unit.target(), code))
    }

    #[cfg(not(feature = "compile"))]
    fn compile<C: Code>(&self, _: &Kept<C>, asset: &crate::DynamicAsset) -> Result<Loaded<C>> {
        Err(Error::NoCompiler { asset: asset.name().into() })
    }

    /// Which artifact of an asset this runtime runs, and why none of the others. Where nothing was
    /// loaded yet, which it would run.
    #[must_use]
    pub fn choice<'b>(&self, asset: &'b Asset) -> Choice<'b> {
        let inner = &*self.inner;
        let back_ends: Vec<BackEnd> = match inner.chosen.get() {
            Some(chosen) => vec![chosen.back_end],
            None => inner.back_ends().collect(),
        };
        let fits = |back_end: &&BackEnd| inner.program(**back_end).choose(asset).is_ok();
        let first = back_ends.first().copied().unwrap_or(inner.first.back_end);
        let back_end = back_ends.iter().find(fits).copied().unwrap_or(first);
        Choice::new(&inner.program(back_end), asset)
    }

    /// What it runs artifacts with: that of the engine which [`engine`](Self::engine) gives.
    #[must_use]
    pub fn back_end(&self) -> BackEnd {
        self.inner.chosen().back_end
    }

    /// Wasmtime's engine, for stores and linkers. Where no asset was loaded and none was named to the
    /// builder, this settles the back end: machine code, or that of the target in the options.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.chosen().engine
    }

    /// The engine configuration.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    pub(crate) fn alarm(&self) -> Option<&Arc<Alarm>> {
        self.inner.chosen().alarm.as_ref()
    }

    /// The same runtime, whose new sessions may take what `limits` allow: one engine and one set of
    /// loaded assets serves guests that are trusted and others that are not.
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`] where the limits bound fuel or time and the engine does not.
    pub fn with_limits(&self, limits: Limits) -> Result<Self> {
        limits.check(&self.inner.config)?;
        Ok(Self { inner: Arc::clone(&self.inner), limits })
    }

    /// What new sessions may take.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The options it was built with.
    #[must_use]
    pub fn options(&self) -> &RuntimeOptions {
        &self.inner.options
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.inner.config)
            .field("options", &self.inner.options)
            .field("back_end", &self.inner.chosen.get().map(|chosen| chosen.back_end))
            .finish_non_exhaustive()
    }
}
