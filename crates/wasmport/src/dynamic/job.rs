//! `CompileJob`: a dynamic asset on its way to code.

use super::asset::{DynamicAsset, Input};
use super::cache::ModuleCache;
use super::compile::compile;
use super::compiled::{Compiled, Facts};
use super::key::{CodeKey, hash, targets};
use super::tier::Tier;
use super::worker::{Answer, Request, Worker};
use crate::asset::{AnyAsset, Artifact};
use crate::code::{Code, OwnArtifact, deserialize_own};
use crate::digest::Digest;
#[cfg(feature = "winch")]
use crate::engine::winch_compiles;
use crate::engine::{
    BackEnd, EngineConfig, LoadWay, RequiredFeatures, RuntimeOptions, Target, wasmtime_version,
};
use crate::error::{Error, NotKept, Result};
use crate::fs;
#[cfg(feature = "winch")]
use crate::inspect::has_floats;
use crate::inspect::{Section, short_sections};
use std::borrow::Cow;
use std::path::Path;
use wasmtime::Engine;

/// WebAssembly, and everything else that decides its code.
pub(crate) struct CompileJob {
    name: String,
    source: String,
    source_digest: Digest,
    wasm: Vec<u8>,
    key: CodeKey,
    digest: Digest,
    /// The digest of everything that the versions of an asset have in common.
    family: Digest,
    worker: Option<Worker>,
}

impl<C: Code> DynamicAsset<C> {
    /// Reads the asset, to compile it for a back end.
    pub(crate) fn read(
        &self,
        engine: &EngineConfig,
        options: &RuntimeOptions,
        back_end: BackEnd,
    ) -> Result<CompileJob> {
        let targets = targets(options, back_end);
        let (code, source) = self.source()?;
        self.job(&code, source, engine, &targets)
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
    fn job(
        &self,
        code: &[u8],
        source: String,
        engine: &EngineConfig,
        targets: &[Target],
    ) -> Result<CompileJob> {
        let source_digest = Digest::of(code);
        let wasm = match wat::parse_bytes(code) {
            Ok(wasm) => wasm.into_owned(),
            Err(error) => return Err(compile_error(&self.name, error.into())),
        };
        self.check_kind(&wasm)?;
        let (tier, stages) = (self.chosen_tier(), self.worker_program());
        let stages = stages.and_then(Worker::chosen_stages);
        let mut keys = targets.iter().map(|target| {
            let key = CodeKey::new::<C>(&wasm, engine, target.clone(), tier, stages);
            let digest = key.digest(&self.key, &wasm);
            (key, digest)
        });
        // There is at least one target.
        let best = keys.next();
        let has = |digest: Digest| self.cache_folder().is_some_and(|cache| cache.has(digest));
        let found = match best {
            Some((key, digest)) if self.cache_folder().is_none() || has(digest) => (key, digest),
            Some(best) => keys.find(|(_, digest)| has(*digest)).unwrap_or(best),
            None => {
                let key = CodeKey::new::<C>(&wasm, engine, Target::host(), tier, stages);
                let digest = key.digest(&self.key, &wasm);
                (key, digest)
            }
        };
        let (key, digest) = found;
        let family = self.family(&key);
        let (name, worker) = (self.name.clone(), self.worker_program().cloned());
        Ok(CompileJob { name, source, source_digest, wasm, key, digest, family, worker })
    }

    /// Returns the digest of what the versions of an asset have in common.
    fn family(&self, key: &CodeKey) -> Digest {
        let (engine, target) = (key.engine.fingerprint(), key.target.to_string());
        let tier = format!("{:?} {:?}", key.tier, key.stages);
        let fields = [
            tier.as_bytes(),
            self.key.as_bytes(),
            self.name.as_bytes(),
            engine.as_bytes(),
            target.as_bytes(),
            wasmtime_version().as_bytes(),
        ];
        hash("wasmport dynamic functions v1", &fields.map(<[u8]>::to_vec))
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
        let Some(Compiled { facts, artifact }) = found else {
            return Err(self.not_kept(digest, NotKept::Missing));
        };
        let refused = |reason| Err(self.not_kept(digest, reason));
        if facts.is_component != C::IS_COMPONENT {
            let (asset, is_component) = (self.name.clone(), facts.is_component);
            return Err(Error::WrongKind { asset, is_component });
        }
        if facts.wasmtime != wasmtime_version() {
            return refused(NotKept::Wasmtime(facts.wasmtime));
        }
        if facts.engine != engine.fingerprint() {
            return refused(NotKept::Engine);
        }
        let runs = facts.target.parse::<Target>().is_ok_and(|target| target.runs_here());
        if !runs {
            return refused(NotKept::Target(facts.target));
        }
        if facts.tier == Tier::Winch && !cfg!(feature = "winch") {
            return refused(NotKept::Winch);
        }
        let missing = facts.features.missing_in(RequiredFeatures::of_this_build());
        if let Some(feature) = missing.iter().next() {
            return refused(NotKept::Feature(feature));
        }
        Ok(KeptCode { name: self.name.clone(), engine: *engine, digest, facts, artifact })
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

/// Returns the description of an asset that this program compiled.
fn described(name: &str, digest: Digest, engine: &EngineConfig, facts: &Facts) -> AnyAsset {
    let names = (name.to_owned(), facts.source.clone());
    let target = if facts.target == "portable" { "portable" } else { "native" };
    let artifact = Artifact::embedded(target, 0, digest, None);
    AnyAsset::compiled_here(names, facts.source_digest, *engine, facts.features, artifact)
}

/// Code from a cache, whose source nobody read.
pub(crate) struct KeptCode {
    name: String,
    engine: EngineConfig,
    digest: Digest,
    facts: Facts,
    artifact: OwnArtifact,
}

impl KeptCode {
    /// Returns the description of the asset.
    pub fn asset(&self) -> AnyAsset {
        described(&self.name, self.digest, &self.engine, &self.facts)
    }

    /// Returns the name of the target, without the CPU features of this machine.
    pub fn target(&self) -> &'static str {
        if self.facts.target == "portable" { "portable" } else { "native" }
    }

    /// Returns the compiler's tier.
    #[cfg(feature = "winch")]
    pub fn tier(&self) -> Tier {
        self.facts.tier
    }

    /// Returns the short custom sections of the source.
    pub fn sections(&self) -> Vec<Section> {
        self.facts.sections.clone()
    }

    /// Loads the code.
    pub fn load<C: Code>(&self, engine: &Engine, way: LoadWay) -> Result<C> {
        let code = deserialize_own(engine, &self.artifact, way);
        code.map_err(|source| Error::Deserialize { asset: self.name.clone(), source })
    }
}

impl CompileJob {
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns whether Winch can compile it so that it gives the same results.
    #[cfg(feature = "winch")]
    pub fn is_for_winch(&self) -> bool {
        let CodeKey { engine, target, features, .. } = &self.key;
        winch_compiles(engine, target, *features)
            && !(engine.deterministic && has_floats(&self.wasm))
    }

    /// Returns the name of the target, without the CPU features of this machine.
    pub fn target(&self) -> &'static str {
        short(&self.key.target)
    }

    /// Returns the description of the asset.
    pub fn asset(&self) -> AnyAsset {
        described(&self.name, self.digest, &self.key.engine, &self.facts())
    }

    /// Returns the short custom sections.
    pub fn sections(&self) -> Vec<Section> {
        short_sections(&self.wasm)
    }

    fn facts(&self) -> Facts {
        Facts::of(&self.key, &self.source, self.source_digest, self.sections())
    }

    /// Loads the code from `cache`, or compiles it.
    pub fn load<C: Code>(
        &self,
        engine: &Engine,
        cache: Option<&ModuleCache>,
        way: LoadWay,
    ) -> Result<C> {
        let artifact = match cache {
            Some(cache) => self.cached(cache)?,
            None => OwnArtifact::new(self.compiled(None)?, 0),
        };
        let code = deserialize_own(engine, &artifact, way);
        code.map_err(|source| Error::Deserialize { asset: self.name.clone(), source })
    }

    /// Reads the artifact from a cache, or compiles it and stores it there.
    fn cached(&self, cache: &ModuleCache) -> Result<OwnArtifact> {
        if let Some(found) = cache.get(self.digest) {
            return Ok(found.artifact);
        }
        // Another process that compiles the same has stored it when the lock is free.
        let _lock = cache.lock(self.digest);
        if let Some(found) = cache.get(self.digest) {
            return Ok(found.artifact);
        }
        let bytes = self.compiled(Some(cache))?;
        cache.put(self.digest, &self.facts(), &bytes);
        Ok(OwnArtifact::new(bytes, 0))
    }

    fn compiled(&self, cache: Option<&ModuleCache>) -> Result<Vec<u8>> {
        let cache = cache.filter(|_| self.wasm.len() >= LEAST_FOR_FUNCTIONS);
        let last = cache.map(|cache| cache.functions(self.family));
        let (artifact, functions) = match &self.worker {
            Some(worker) => {
                let request = Request::new(&self.name, &self.key, &self.wasm, last);
                match worker.compile(&self.name, &request)? {
                    Answer::Compiled(artifact, functions) => (artifact, functions),
                    Answer::Refused(reason) => {
                        return Err(compile_error(&self.name, wasmtime::Error::msg(reason)));
                    }
                }
            }
            None => {
                compile(&self.key, &self.wasm, last).map_err(|e| compile_error(&self.name, e))?
            }
        };
        if let (Some(cache), Some(pack)) = (cache, functions) {
            cache.put_functions(self.family, &pack);
        }
        Ok(artifact)
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
        let (code, source) = asset.source()?;
        let job = asset.job(&code, source, engine, std::slice::from_ref(target))?;
        let _ = job.cached(self)?;
        Ok(job.digest)
    }
}
