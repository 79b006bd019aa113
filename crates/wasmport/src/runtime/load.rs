//! The ways to load assets into a runtime, and to unload them.

use super::engine::ActiveEngine;
use super::handle::Runtime;
use super::loaded::{Loaded, LoadedAsset};
use crate::asset::{AnyAsset, Artifact, Asset};
#[cfg(feature = "compile")]
use crate::code::Contents;
use crate::code::{self, Code};
#[cfg(feature = "compile")]
use crate::digest::Digest;
use crate::dynamic::DynamicAsset;
#[cfg(feature = "compile")]
use crate::dynamic::{Candidate, CompileJob, Compiled, Tier};
#[cfg(any(feature = "bundle", feature = "winch", not(feature = "compile")))]
use crate::error::Error;
#[cfg(feature = "winch")]
use crate::error::NotKept;
use crate::error::Result;
use crate::trace;
use std::path::Path;
#[cfg(feature = "compile")]
use std::sync::Arc;
use wasmtime::{Engine, Module};

impl Runtime {
    /// Loads an asset, or returns it if it is already loaded.
    ///
    /// # Errors
    ///
    /// Fails with one of these [errors](crate::Error):
    ///
    /// - [`Incompatible`](crate::Error::Incompatible) with all differences if the asset does not fit this
    ///   program,
    /// - [`Missing`](crate::Error::Missing) or [`Read`](crate::Error::Read) if its file cannot be read,
    /// - [`Digest`](crate::Error::Digest) if its bytes are not those of the wrapper,
    /// - [`Decompress`](crate::Error::Decompress) if they do not decompress to the length in the wrapper,
    /// - [`Deserialize`](crate::Error::Deserialize) if Wasmtime rejects them,
    /// - [`Pooling`](crate::Error::Pooling) if the pooling allocator reserves too little for it.
    pub fn load<C: Code>(&self, asset: &Asset<C>) -> Result<Loaded<C>> {
        self.load_as(asset.as_any())
    }

    /// Loads an asset whose kind is not in its type, such as an element of the generated `ASSETS`.
    ///
    /// # Errors
    ///
    /// Fails like [`load`](Self::load).
    pub fn load_any(&self, asset: &AnyAsset) -> Result<LoadedAsset> {
        #[cfg(feature = "component-model")]
        if asset.is_component() {
            return self.load_as(asset).map(LoadedAsset::Component);
        }
        self.load_as::<Module>(asset).map(LoadedAsset::Module)
    }

    /// Loads an asset of a bundle, whose kind the program knows.
    ///
    /// # Errors
    ///
    /// Fails with [`NotInBundle`](crate::Error::NotInBundle) if there is none of this name, with
    /// [`WrongKind`](crate::Error::WrongKind) if it is a component but was expected to be a core module, or the reverse, and
    /// like [`load`](Self::load).
    #[cfg(feature = "bundle")]
    pub fn load_bundled<C: Code>(
        &self,
        bundle: &crate::bundle::Bundle,
        name: &str,
    ) -> Result<Loaded<C>> {
        let asset = bundle.asset(name)?;
        if asset.is_component() == C::IS_COMPONENT {
            return self.load_as(asset);
        }
        let (asset, is_component) = (name.to_owned(), asset.is_component());
        Err(Error::WrongKind { asset, is_component })
    }

    fn load_as<C: Code>(&self, asset: &AnyAsset) -> Result<Loaded<C>> {
        let shared = &*self.shared;
        self.load_artifact(asset, |active, artifact| {
            let _span = trace::load(asset.name(), artifact).entered();
            let way = shared.options.load_way;
            let load = |engine: &Engine| code::load(engine, &*shared.source, asset, artifact, way);
            self.load_into(active, load)
        })
    }

    /// Maps the artifact of an asset from the file at `path` without reading it: for files on a medium
    /// that nobody can write to, such as a partition under
    /// [dm-verity](https://docs.kernel.org/admin-guide/device-mapper/verity.html), that were verified
    /// before. The file must be the uncompressed artifact that [`choice`](Self::choice) names.
    ///
    /// # Errors
    ///
    /// Fails like [`load`](Self::load), and with [`Error::NotMappable`](crate::Error::NotMappable) if the artifact is compressed or
    /// the file has another length.
    ///
    /// # Safety
    ///
    /// The file must be that artifact, and must not change while the code or anything made from it
    /// exists: other content would run as machine code. Only its length is checked. Until this returns,
    /// the path must lead to that file.
    #[expect(unsafe_code, reason = "the caller vouches for the file")]
    pub unsafe fn load_mapped<C: Code>(
        &self,
        asset: &Asset<C>,
        path: impl AsRef<Path>,
    ) -> Result<Loaded<C>> {
        self.load_artifact(asset, |active, artifact| {
            // SAFETY: this function has the same contract.
            unsafe { code::map(&active.engine, asset, artifact, path.as_ref()) }
        })
    }

    /// Compiles an asset that was not imported, or returns it if it is already loaded.
    ///
    /// # Errors
    ///
    /// Fails with one of these [errors](crate::Error):
    ///
    /// - [`NoCompiler`](crate::Error::NoCompiler) if the program lacks the cargo feature `compile`,
    /// - [`File`](crate::Error::File) if its file does not exist, cannot be read, or is no regular file,
    /// - [`SourceTooLarge`](crate::Error::SourceTooLarge) if its source is [longer than it may
    ///   be](DynamicAsset::max_bytes),
    /// - [`WrongKind`](crate::Error::WrongKind) if it is a component but was expected to be a core module, or
    ///   the reverse,
    /// - [`Compile`](crate::Error::Compile) if it is not valid WebAssembly, or this program cannot run it,
    /// - [`Pooling`](crate::Error::Pooling) if the pooling allocator reserves too little for it.
    #[cfg(feature = "compile")]
    pub fn load_dynamic<C: Code>(&self, asset: &DynamicAsset<C>) -> Result<Loaded<C>> {
        match (asset.kept_digest(), asset.chosen_tier()) {
            (Some(digest), _) => self.load_kept(asset, digest),
            (None, Tier::Winch) => self.load_by_winch(asset),
            (None, Tier::Optimized | Tier::Baseline) => self.load_job(asset, &self.job(asset)?),
        }
    }

    /// Reads a dynamic asset, to compile it for this runtime.
    #[cfg(feature = "compile")]
    pub(super) fn job<'a, C: Code>(&self, asset: &'a DynamicAsset<C>) -> Result<CompileJob<'a>> {
        let (shared, active) = (&*self.shared, self.shared.engine());
        asset.read(&shared.config, &shared.options, active.back_end)
    }

    /// Returns the code of a dynamic asset from memory or a cache, or compiles it.
    #[cfg(feature = "compile")]
    pub(super) fn load_job<C: Code>(
        &self,
        asset: &DynamicAsset<C>,
        job: &CompileJob<'_>,
    ) -> Result<Loaded<C>> {
        match self.find_job(asset, job)? {
            Some(found) => Ok(found),
            None => self.compile_job(asset, job),
        }
    }

    /// Returns the best code of a dynamic asset that is in memory or a cache. Does not wait for one that is compiled.
    #[cfg(feature = "compile")]
    pub(super) fn find_job<C: Code>(
        &self,
        asset: &DynamicAsset<C>,
        job: &CompileJob<'_>,
    ) -> Result<Option<Loaded<C>>> {
        let (shared, cache) = (&*self.shared, asset.cache_folder());
        let (loaded, kept) = (C::cache(&shared.caches), shared.options.kept);
        for candidate in job.candidates() {
            if let Some((code, contents)) = loaded.get(candidate.digest, kept) {
                return Ok(Some(self.loaded_job(job, &candidate, code, &contents)));
            }
            // It is authentic, so that no file decides anything by its name.
            if let Some(found) = cache.and_then(|cache| cache.find(candidate.digest)) {
                return self.hold_job(asset, job, &candidate, || Ok(found)).map(Some);
            }
        }
        Ok(None)
    }

    /// Compiles the best code of a dynamic asset, unless another thread has done so.
    #[cfg(feature = "compile")]
    fn compile_job<C: Code>(
        &self,
        asset: &DynamicAsset<C>,
        job: &CompileJob<'_>,
    ) -> Result<Loaded<C>> {
        self.hold_job(asset, job, job.best(), || job.compile(asset.cache_folder()))
    }

    /// Loads the code that `compiled` returns, unless it is in memory.
    #[cfg(feature = "compile")]
    fn hold_job<C: Code>(
        &self,
        asset: &DynamicAsset<C>,
        job: &CompileJob<'_>,
        candidate: &Candidate,
        compiled: impl FnOnce() -> Result<Compiled>,
    ) -> Result<Loaded<C>> {
        let (shared, active) = (&*self.shared, self.shared.engine());
        let options = &shared.options;
        let load = || {
            let _span = trace::load(asset.name(), &candidate.artifact()).entered();
            let compiled = compiled()?;
            let load = |engine: &Engine| compiled.load(asset.name(), engine, options.load_way);
            Ok((self.load_into(active, load)?, compiled.facts.contents))
        };
        let caches = C::cache(&shared.caches);
        let (code, contents) = caches.get_or_compile(candidate.digest, options.kept, load)?;
        Ok(self.loaded_job(job, candidate, code, &contents))
    }

    #[cfg(feature = "compile")]
    fn loaded_job<C: Code>(
        &self,
        job: &CompileJob<'_>,
        candidate: &Candidate,
        code: Arc<C>,
        contents: &Contents,
    ) -> Loaded<C> {
        let asset = job.asset(candidate, contents.features);
        Loaded::compiled(self, asset, candidate.target(), code, contents)
    }

    /// Loads code that was compiled before from the asset's cache.
    #[cfg(feature = "compile")]
    fn load_kept<C: Code>(&self, asset: &DynamicAsset<C>, digest: Digest) -> Result<Loaded<C>> {
        let (shared, active) = (&*self.shared, self.shared.engine());
        let kept = asset.read_kept(digest, &shared.config, &shared.options, active.back_end)?;
        #[cfg(feature = "winch")]
        let runtime = match kept.tier() {
            Tier::Winch => self.winch().ok_or_else(|| asset.not_kept(digest, NotKept::Winch))?,
            Tier::Optimized | Tier::Baseline => self.clone(),
        };
        #[cfg(not(feature = "winch"))]
        let runtime = self.clone();
        let (shared, active) = (&*runtime.shared, runtime.shared.engine());
        let load = || {
            let (way, compiled) = (shared.options.load_way, &kept.compiled);
            let load = |engine: &Engine| compiled.load(asset.name(), engine, way);
            Ok((runtime.load_into(active, load)?, compiled.facts.contents.clone()))
        };
        let caches = C::cache(&shared.caches);
        let (code, contents) = caches.get_or_compile(digest, shared.options.kept, load)?;
        Ok(Loaded::compiled(&runtime, kept.asset(), kept.target(), code, &contents))
    }

    /// Compiles by Winch, if it can compile the asset; else with Cranelift. Whichever did so before has the code.
    #[cfg(feature = "compile")]
    fn load_by_winch<C: Code>(&self, asset: &DynamicAsset<C>) -> Result<Loaded<C>> {
        let asset = asset.in_memory()?;
        let baseline = asset.clone().tier(Tier::Baseline);
        let job = self.job(&baseline)?;
        #[cfg(feature = "winch")]
        if let Some(winch) = self.winch() {
            let fast = winch.job(&asset)?;
            if let Some(found) = winch.find_job(&asset, &fast)? {
                return Ok(found);
            }
            if let Some(found) = self.find_job(&baseline, &job)? {
                return Ok(found);
            }
            match winch.compile_job(&asset, &fast) {
                // Winch lacks proposals and instructions, which shows when it compiles.
                Err(Error::Compile { .. }) => {}
                loaded => return loaded,
            }
        }
        self.load_job(&baseline, &job)
    }

    /// Compiles an asset that was not imported. This program cannot: it lacks the cargo feature
    /// `compile`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NoCompiler`](crate::Error::NoCompiler).
    #[cfg(not(feature = "compile"))]
    pub fn load_dynamic<C: Code>(&self, asset: &DynamicAsset<C>) -> Result<Loaded<C>> {
        Err(Error::NoCompiler { asset: asset.name().into() })
    }

    /// Runs `load`, and finds out whether an error is the pooling allocator's.
    fn load_into<C: Code>(
        &self,
        active: &ActiveEngine,
        load: impl Fn(&Engine) -> Result<C>,
    ) -> Result<C> {
        let (config, options) = (&self.shared.config, &self.shared.options);
        load(&active.engine).map_err(|error| active.explain(config, options, error, load))
    }

    /// Loads the best artifact by `load`, unless it is already loaded.
    fn load_artifact<C: Code>(
        &self,
        asset: &AnyAsset,
        load: impl FnOnce(&ActiveEngine, &Artifact) -> Result<C>,
    ) -> Result<Loaded<C>> {
        let (active, artifact) = self.shared.choose(asset)?;
        let cache = C::cache(&self.shared.caches);
        let code = cache.get_or_load(artifact.digest(), || load(active, artifact))?;
        // Two assets may have the same code; each keeps its own name.
        Ok(Loaded::new(self, asset.clone(), artifact.target(), code))
    }

    /// Removes a loaded asset from the runtime, code of Winch too, and returns whether it was loaded. Its memory is freed
    /// with the last session and the last [`Loaded`] of it; the next load reads it again. An asset that is
    /// not unloaded stays as long as the runtime.
    pub fn unload(&self, asset: &AnyAsset) -> bool {
        let digests = asset.artifacts().iter().map(Artifact::digest);
        digests.fold(false, |any, digest| any | self.shared.remove(digest))
    }
}
