//! `CompileJob`: a dynamic asset on its way to code.

use super::asset::{DynamicAsset, Input};
use super::cache::{ModuleCache, Pack};
use super::compile::{Output, compile};
use super::compiled::{Compiled, Facts};
use super::key::{CodeKey, targets};
use super::tier::Tier;
use super::worker::{Answer, Request, Worker};
use crate::asset::{AnyAsset, Artifact};
use crate::code::{Code, Contents, OwnArtifact};
use crate::digest::Digest;
use crate::engine::{
    BackEnd, EngineConfig, RequiredFeatures, RuntimeOptions, Target, wasmtime_version,
};
use crate::error::{Error, NotKept, Result};
use crate::fs;
use crate::inspect::short_sections;
use std::borrow::Cow;
use std::path::Path;

/// WebAssembly, and everything else that decides its code.
pub(crate) struct CompileJob<'a> {
    name: &'a str,
    source: String,
    source_digest: Digest,
    wasm: Cow<'a, [u8]>,
    key: CodeKey,
    digest: Digest,
    /// The digest of everything that the versions of an asset have in common.
    family: Digest,
    worker: Option<&'a Worker>,
}

impl<C: Code> DynamicAsset<C> {
    /// Reads the asset, to compile it for a back end.
    pub(crate) fn read(
        &self,
        engine: &EngineConfig,
        options: &RuntimeOptions,
        back_end: BackEnd,
    ) -> Result<CompileJob<'_>> {
        self.job(engine, &targets(options, back_end))
    }

    /// Returns its bytes, and the name of their source.
    fn source(&self) -> Result<(Cow<'_, [u8]>, String)> {
        match &self.input {
            Input::Bytes(bytes) => Ok((Cow::Borrowed(bytes.as_slice()), self.name.clone())),
            Input::File(path) => {
                Ok((Cow::Owned(self.read_file(path)?), path.display().to_string()))
            }
            Input::Kept(digest) => Err(self.not_kept(*digest, NotKept::Missing)),
        }
    }

    /// Creates the job for the first target for which the cache has the code, or for the first of all.
    fn job(&self, engine: &EngineConfig, targets: &[Target]) -> Result<CompileJob<'_>> {
        let (code, source) = self.source()?;
        let source_digest = Digest::of(&code);
        let (wasm, wasm_digest) = match wat::parse_bytes(&code) {
            Ok(Cow::Borrowed(_)) => (code, source_digest),
            Ok(Cow::Owned(wasm)) => {
                let digest = Digest::of(&wasm);
                (Cow::Owned(wasm), digest)
            }
            Err(error) => return Err(compile_error(&self.name, error.into())),
        };
        self.check_kind(&wasm)?;
        let (tier, worker) = (self.chosen_tier(), self.worker_program());
        let stages = worker.and_then(Worker::chosen_stages);
        let keyed = |target: &Target| {
            let (engine, target, stages) = (*engine, target.clone(), stages.cloned());
            let key = CodeKey { engine, target, is_component: C::IS_COMPONENT, tier, stages };
            let digest = key.digest(&self.key, wasm_digest);
            (key, digest)
        };
        // There is at least one target.
        let best = || targets.first().map_or_else(|| keyed(&Target::host()), keyed);
        let found = self
            .cache_folder()
            .and_then(|cache| targets.iter().map(keyed).find(|(_, digest)| cache.has(*digest)));
        let (key, digest) = found.unwrap_or_else(best);
        let (name, family) = (&*self.name, key.family(&self.key, &self.name));
        Ok(CompileJob { name, source, source_digest, wasm, key, digest, family, worker })
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        let (asset, file) = (self.name.clone(), path.to_owned());
        fs::read(path).map_err(|source| Error::File { asset, path: file, source })
    }

    fn check_kind(&self, wasm: &[u8]) -> Result<()> {
        let is_component = wasm.get(4..8) == Some(&COMPONENT_VERSION);
        if is_component == C::IS_COMPONENT {
            return Ok(());
        }
        Err(Error::WrongKind { asset: self.name.clone(), is_component })
    }

    /// Returns the error for code that the cache does not have as this program needs it.
    pub(crate) fn not_kept(&self, digest: Digest, source: NotKept) -> Error {
        Error::NotKept { asset: self.name.clone(), digest, source }
    }

    /// Reads code that was compiled before from the cache, without its source.
    pub(crate) fn read_kept(&self, digest: Digest, engine: &EngineConfig) -> Result<KeptCode> {
        let found = self.cache_folder().and_then(|cache| cache.get(digest));
        let Some(compiled) = found else {
            return Err(self.not_kept(digest, NotKept::Missing));
        };
        let facts = &compiled.facts;
        let refused = |reason| Err(self.not_kept(digest, reason));
        if facts.is_component != C::IS_COMPONENT {
            let (asset, is_component) = (self.name.clone(), facts.is_component);
            return Err(Error::WrongKind { asset, is_component });
        }
        if facts.wasmtime != wasmtime_version() {
            return refused(NotKept::Wasmtime(facts.wasmtime.clone()));
        }
        if facts.engine != engine.fingerprint() {
            return refused(NotKept::Engine);
        }
        let runs = facts.target.parse::<Target>().is_ok_and(|target| target.runs_here());
        if !runs {
            return refused(NotKept::Target(facts.target.clone()));
        }
        if facts.tier == Tier::Winch && !cfg!(feature = "winch") {
            return refused(NotKept::Winch);
        }
        let features = facts.contents.features;
        let missing = features.missing_in(RequiredFeatures::of_this_build());
        if let Some(feature) = missing.iter().next() {
            return refused(NotKept::Feature(feature));
        }
        Ok(KeptCode { compiled, name: self.name.clone(), engine: *engine, digest })
    }
}

/// The length in bytes from which on the functions of a version are kept for the next: a small one compiles as fast as
/// they are read.
const LEAST_FOR_FUNCTIONS: usize = 64 << 10;

/// Bytes behind the magic number of a component, for this version of Wasmtime.
const COMPONENT_VERSION: [u8; 4] = [0x0d, 0, 1, 0];

fn compile_error(asset: &str, source: wasmtime::Error) -> Error {
    Error::Compile { asset: asset.into(), source }
}

/// Returns the name of a target, without the CPU features of this machine.
fn short(target: &Target) -> &'static str {
    if target.is_portable() { "portable" } else { "native" }
}

/// Code from a cache, whose source nobody read.
pub(crate) struct KeptCode {
    pub compiled: Compiled,
    name: String,
    engine: EngineConfig,
    digest: Digest,
}

impl KeptCode {
    /// Returns the description of the asset.
    pub fn asset(&self) -> AnyAsset {
        let names = (self.name.clone(), self.compiled.facts.source.clone());
        let artifact = Artifact::embedded(self.target(), 0, self.digest, None);
        let features = self.compiled.facts.contents.features;
        AnyAsset::compiled_here(
            names,
            self.compiled.facts.source_digest,
            self.engine,
            features,
            artifact,
        )
    }

    /// Returns the name of the target, without the CPU features of this machine.
    pub fn target(&self) -> &'static str {
        if self.compiled.facts.target == "portable" { "portable" } else { "native" }
    }

    /// Returns the compiler's tier.
    #[cfg(feature = "winch")]
    pub fn tier(&self) -> Tier {
        self.compiled.facts.tier
    }
}

impl CompileJob<'_> {
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns whether a cache appears to have the code.
    pub fn is_in(&self, cache: &ModuleCache) -> bool {
        cache.has(self.digest)
    }

    /// Returns the name of the target, without the CPU features of this machine.
    pub fn target(&self) -> &'static str {
        short(&self.key.target)
    }

    /// Returns the description of the asset, whose code has the proposals of `features`.
    pub fn asset(&self, features: RequiredFeatures) -> AnyAsset {
        let names = (self.name.to_owned(), self.source.clone());
        let artifact = self.artifact();
        AnyAsset::compiled_here(names, self.source_digest, self.key.engine, features, artifact)
    }

    /// Returns the description of the code.
    pub fn artifact(&self) -> Artifact {
        Artifact::embedded(self.target(), 0, self.digest, None)
    }

    /// Reads the code from `cache`, or compiles it.
    pub fn compile(&self, cache: Option<&ModuleCache>) -> Result<Compiled> {
        match cache {
            Some(cache) => self.cached(cache),
            None => self.compiled(None),
        }
    }

    /// Reads the code from a cache, or compiles it and stores it there.
    fn cached(&self, cache: &ModuleCache) -> Result<Compiled> {
        if let Some(found) = self.find(cache) {
            return Ok(found);
        }
        // Another process that compiles the same has stored it when the lock is free.
        let _lock = cache.lock(self.digest);
        if let Some(found) = self.find(cache) {
            return Ok(found);
        }
        let compiled = self.compiled(Some(cache))?;
        cache.put(self.digest, &compiled.facts, compiled.artifact.bytes());
        Ok(compiled)
    }

    /// Reads the code from a cache, if this program has its proposals.
    fn find(&self, cache: &ModuleCache) -> Option<Compiled> {
        let program = RequiredFeatures::of_this_build();
        let runs = |found: &Compiled| {
            found.facts.contents.features.missing_in(program).iter().next().is_none()
        };
        cache.get(self.digest).filter(runs)
    }

    fn compiled(&self, cache: Option<&ModuleCache>) -> Result<Compiled> {
        let cache = cache.filter(|_| self.wasm.len() >= LEAST_FOR_FUNCTIONS);
        let last = cache.map(|cache| cache.functions(self.family));
        let Output { artifact, features, functions } = self.output(last)?;
        if let (Some(cache), Some(pack)) = (cache, functions) {
            cache.put_functions(self.family, &pack);
        }
        let contents = Contents { features, sections: short_sections(&self.wasm) };
        let facts = Facts::of(&self.key, &self.source, self.source_digest, contents);
        Ok(Compiled { facts, artifact: OwnArtifact::new(artifact, 0) })
    }

    /// Compiles, by the worker if there is one.
    fn output(&self, last: Option<Pack>) -> Result<Output> {
        let refused = |error| compile_error(self.name, error);
        let Some(worker) = self.worker else {
            let program = RequiredFeatures::of_this_build();
            return compile(&self.key, program, &self.wasm, last).map_err(refused);
        };
        let request = Request::new(self.name, &self.key, &self.wasm, last);
        match worker.compile(self.name, &request)? {
            Answer::Compiled(output) => Ok(output),
            Answer::Refused(reason) => Err(refused(wasmtime::Error::msg(reason))),
        }
    }
}

impl ModuleCache {
    /// Compiles an asset for a target into this cache, which need not be this machine's, and returns the digest under
    /// which [`DynamicAsset::kept`] finds the code. A program whose CPU has the level of the target and whose engine has
    /// the configuration loads it.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load_dynamic`](crate::Runtime::load_dynamic).
    pub fn fill<C: Code>(
        &self,
        asset: &DynamicAsset<C>,
        engine: &EngineConfig,
        target: &Target,
    ) -> Result<Digest> {
        let job = asset.job(engine, std::slice::from_ref(target))?;
        let _ = job.cached(self)?;
        Ok(job.digest)
    }
}
