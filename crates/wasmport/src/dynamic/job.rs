//! `CompileJob`: a dynamic asset on its way to code.

use super::asset::DynamicAsset;
use super::cache::{ModuleCache, Pack};
use super::compile::{Output, compile};
use super::compiled::{Compiled, Facts};
use super::key::{CodeKey, targets};
use super::parse::{Refused, check_kind, is_text, parse};
use super::tier::Tier;
use super::worker::{Answer, Request, Worker};
use crate::asset::{AnyAsset, Artifact};
use crate::code::{Code, Contents, OwnArtifact};
use crate::digest::Digest;
use crate::engine::{BackEnd, EngineConfig, RequiredFeatures, RuntimeOptions, Target};
use crate::error::Result;
use std::borrow::Cow;

/// The source of code, and everything else that decides it.
pub(crate) struct CompileJob<'a> {
    name: &'a str,
    /// The text that tells it apart from the same source with another.
    salt: &'a str,
    source: String,
    source_digest: Digest,
    /// WebAssembly or its text.
    code: Cow<'a, [u8]>,
    /// The code that is compiled if there is none yet.
    best: Candidate,
    /// The targets of the others that run here, the best first. They may have been compiled elsewhere.
    others: Vec<Target>,
    worker: Option<&'a Worker>,
}

/// Code that a job may have.
#[derive(Clone)]
pub(crate) struct Candidate {
    key: CodeKey,
    pub digest: Digest,
}

impl Candidate {
    /// Returns the name of the target, without the CPU features of this machine.
    pub fn target(&self) -> &'static str {
        if self.key.target.is_portable() { "portable" } else { "native" }
    }

    /// Returns the description of the code.
    pub fn artifact(&self) -> Artifact {
        Artifact::embedded(self.target(), 0, self.digest, None)
    }
}

impl<C: Code> DynamicAsset<C> {
    /// Reads the asset, to compile it for a back end.
    pub(crate) fn read(
        &self,
        engine: &EngineConfig,
        options: &RuntimeOptions,
        back_end: BackEnd,
    ) -> Result<CompileJob<'_>> {
        let mut targets = targets(options, back_end).into_iter();
        // There is at least one target.
        let best = targets.next().unwrap_or_else(Target::host);
        self.job(engine, best, targets.collect())
    }

    /// Creates the job. A worker parses text: here its kind is not known yet.
    fn job(
        &self,
        engine: &EngineConfig,
        target: Target,
        others: Vec<Target>,
    ) -> Result<CompileJob<'_>> {
        let (code, source) = self.source()?;
        if !is_text(&code) {
            check_kind(&code, C::IS_COMPONENT).map_err(|refused| refused.of(&self.name))?;
        }
        let source_digest = Digest::of(&code);
        let (tier, worker) = (self.chosen_tier(), self.worker_program());
        let stages = worker.and_then(Worker::chosen_stages).cloned();
        let key = CodeKey { engine: *engine, target, is_component: C::IS_COMPONENT, tier, stages };
        let (name, salt) = (&*self.name, &*self.key);
        let best = Candidate { digest: key.digest(salt, source_digest), key };
        Ok(CompileJob { name, salt, source, source_digest, code, best, others, worker })
    }
}

/// The length in bytes from which on the functions of a version are kept for the next: a small one compiles as fast as
/// they are read.
const LEAST_FOR_FUNCTIONS: usize = 64 << 10;

impl CompileJob<'_> {
    /// Returns what is compiled, if it is not found.
    pub fn best(&self) -> &Candidate {
        &self.best
    }

    /// Returns all code that runs here, the best first.
    pub fn candidates(&self) -> impl Iterator<Item = Cow<'_, Candidate>> {
        let others = self.others.iter().map(|target| {
            let key = CodeKey { target: target.clone(), ..self.best.key.clone() };
            Cow::Owned(Candidate { digest: key.digest(self.salt, self.source_digest), key })
        });
        std::iter::once(Cow::Borrowed(&self.best)).chain(others)
    }

    /// Returns the description of the asset with some code, which has the proposals of `features`.
    pub fn asset(&self, code: &Candidate, features: RequiredFeatures) -> AnyAsset {
        let names = (self.name.to_owned(), self.source.clone());
        let (digest, engine) = (self.source_digest, code.key.engine);
        AnyAsset::compiled_here(names, digest, engine, features, code.artifact())
    }

    /// Compiles the best code, and stores it in `cache`, unless another process has stored it meanwhile.
    pub fn compile(&self, cache: Option<&ModuleCache>) -> Result<Compiled> {
        let Some(cache) = cache else { return self.compiled(None) };
        // Code that cannot be stored is compiled again.
        self.cached(cache).map(|(compiled, _stored)| compiled)
    }

    /// Compiles the best code and stores it in a cache. Returns with the code whether it is there.
    fn cached(&self, cache: &ModuleCache) -> Result<(Compiled, Result<()>)> {
        let digest = self.best.digest;
        // Another process that compiles the same has stored it when the lock is free.
        let _lock = cache.lock(digest);
        if let Some(found) = cache.find(digest) {
            return Ok((found, Ok(())));
        }
        let compiled = self.compiled(Some(cache))?;
        let stored = cache.put(digest, &compiled.facts, compiled.artifact.bytes());
        Ok((compiled, stored))
    }

    fn compiled(&self, cache: Option<&ModuleCache>) -> Result<Compiled> {
        let key = &self.best.key;
        // Cranelift alone keeps functions.
        let keeps = self.code.len() >= LEAST_FOR_FUNCTIONS && key.tier != Tier::Winch;
        let cache = cache.filter(|_| keeps);
        let family = key.family(self.salt, self.name);
        let last = cache.map(|cache| cache.functions(family));
        let Output { artifact, features, functions, sections } = self.output(last)?;
        if let (Some(cache), Some(pack)) = (cache, functions) {
            cache.put_functions(family, &pack);
        }
        let contents = Contents { features, sections };
        let facts = Facts::of(key, &self.source, self.source_digest, contents);
        Ok(Compiled { facts, artifact: OwnArtifact::new(artifact, 0) })
    }

    /// Parses and compiles, by the worker if there is one.
    fn output(&self, last: Option<Pack>) -> Result<Output> {
        let key = &self.best.key;
        let refused = match self.worker {
            None => {
                let program = RequiredFeatures::of_this_build();
                let compile = |parsed| Ok(compile(key, program, &parsed, last)?);
                match parse(&self.code, key.is_component).and_then(compile) {
                    Ok(output) => return Ok(output),
                    Err(refused) => refused,
                }
            }
            Some(worker) => {
                match worker.compile(self.name, Request::new(self.name, key, &self.code, last))? {
                    Answer::Compiled(output) => return Ok(output),
                    Answer::Refused(reason) => Refused::Invalid(wasmtime::Error::msg(reason)),
                    Answer::WrongKind { is_component } => Refused::WrongKind { is_component },
                }
            }
        };
        Err(refused.of(self.name))
    }
}

impl ModuleCache {
    /// Compiles an asset for a target into the folder of this cache, which need not be this machine's, and returns the
    /// digest under which [`DynamicAsset::kept`] finds the code. A program whose CPU has the level of the target and whose
    /// engine has the configuration loads it. A program looks for a level of CPU; code for a target with other CPU
    /// features is found by its digest, or by a program with that [target](crate::RuntimeOptions::target).
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load_dynamic`](crate::Runtime::load_dynamic), and with
    /// [`Error::CacheWrite`](crate::Error::CacheWrite) if the code cannot be stored, as in a cache that is
    /// [only read](Self::read_only).
    pub fn fill<C: Code>(
        &self,
        asset: &DynamicAsset<C>,
        engine: &EngineConfig,
        target: &Target,
    ) -> Result<Digest> {
        let job = asset.job(engine, target.clone(), Vec::new())?;
        let (_, stored) = job.cached(&self.alone())?;
        stored.map(|()| job.best.digest)
    }
}
