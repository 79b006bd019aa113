//! `KeptCode`: code that was compiled before, loaded by its digest.

use super::asset::DynamicAsset;
use super::compiled::{Compiled, Facts};
use super::tier::Tier;
use crate::asset::{AnyAsset, Artifact};
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{
    BackEnd, EngineConfig, RequiredFeatures, RuntimeOptions, Target, wasmtime_version,
};
use crate::error::{Error, NotKept, Result};

/// Code from a cache, whose source nobody read.
pub(crate) struct KeptCode {
    pub compiled: Compiled,
    name: String,
    engine: EngineConfig,
    digest: Digest,
}

impl<C> DynamicAsset<C> {
    /// Returns the error for code that the cache does not have as this program needs it.
    pub(crate) fn not_kept(&self, digest: Digest, source: NotKept) -> Error {
        Error::NotKept { asset: self.name.clone(), digest, source }
    }
}

impl<C: Code> DynamicAsset<C> {
    /// Reads code that was compiled before from the cache, without its source, for a back end of this machine.
    pub(crate) fn read_kept(
        &self,
        digest: Digest,
        engine: &EngineConfig,
        options: &RuntimeOptions,
        back_end: BackEnd,
    ) -> Result<KeptCode> {
        let found = self.cache_folder().and_then(|cache| cache.get(digest));
        let Some(compiled) = found else {
            return Err(self.not_kept(digest, NotKept::Missing));
        };
        if compiled.facts.is_component != C::IS_COMPONENT {
            let (asset, is_component) = (self.name.clone(), compiled.facts.is_component);
            return Err(Error::WrongKind { asset, is_component });
        }
        match misfit(&compiled.facts, engine, options, back_end) {
            Some(reason) => Err(self.not_kept(digest, reason)),
            None => Ok(KeptCode { compiled, name: self.name.clone(), engine: *engine, digest }),
        }
    }
}

/// Returns the reason why code does not run in a runtime, if there is one.
fn misfit(
    facts: &Facts,
    engine: &EngineConfig,
    options: &RuntimeOptions,
    back_end: BackEnd,
) -> Option<NotKept> {
    if facts.wasmtime != wasmtime_version() {
        return Some(NotKept::Wasmtime(facts.wasmtime.clone()));
    }
    if facts.engine != engine.fingerprint() {
        return Some(NotKept::Engine);
    }
    if !facts.target.parse::<Target>().is_ok_and(|target| runs(&target, options, back_end)) {
        return Some(NotKept::Target(facts.target.clone()));
    }
    if facts.tier == Tier::Winch && !cfg!(feature = "winch") {
        return Some(NotKept::Winch);
    }
    let missing = facts.contents.features.missing_in(RequiredFeatures::of_this_build());
    missing.iter().next().map(NotKept::Feature)
}

/// Returns whether a back end of this machine runs the code for a target.
fn runs(target: &Target, options: &RuntimeOptions, back_end: BackEnd) -> bool {
    if back_end == BackEnd::Portable || target.is_portable() {
        return back_end == BackEnd::Portable && target.is_portable();
    }
    let only = options.target.as_ref().filter(|only| only.triple().is_some());
    target.runs_here() && only.is_none_or(|only| only == target)
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
