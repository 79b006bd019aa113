//! `CodeKey`: everything that decides the code of a dynamic asset.

use super::stages::Stages;
use super::tier::Tier;
use crate::digest::Digest;
use crate::engine::{BackEnd, EngineConfig, RuntimeOptions, Target, wasmtime_version};

/// Everything that decides the code, apart from its source: the proposals to compile with are found in it.
#[derive(Clone, Debug)]
pub(crate) struct CodeKey {
    pub engine: EngineConfig,
    pub target: Target,
    pub is_component: bool,
    pub tier: Tier,
    /// The stages that a worker runs before.
    pub stages: Option<Stages>,
}

impl CodeKey {
    /// Returns the digest of everything that decides the code; `source` is that of the WebAssembly or its text, and `key`
    /// keeps apart what must not be shared.
    pub fn digest(&self, key: &str, source: Digest) -> Digest {
        let fields = [key.as_bytes(), source.as_bytes(), env!("CARGO_PKG_VERSION").as_bytes()];
        self.hash("wasmport dynamic asset v5", &fields)
    }

    /// Returns the digest of everything that versions of an asset have in common.
    pub fn family(&self, key: &str, asset: &str) -> Digest {
        self.hash("wasmport dynamic functions v1", &[key.as_bytes(), asset.as_bytes()])
    }

    /// Hashes itself and fields of any length.
    fn hash(&self, context: &str, fields: &[&[u8]]) -> Digest {
        let Self { engine, target, is_component, tier, stages } = self;
        let choices = format!("{target} {is_component} {tier:?} {stages:?} {}", wasmtime_version());
        let engine = engine.fingerprint();
        let mut hasher = blake3::Hasher::new_derive_key(context);
        for field in [engine.as_bytes(), choices.as_bytes()].iter().chain(fields) {
            hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// Returns the targets whose code a back end of this machine runs, the best first. The first is the one to compile for;
/// the others may have been compiled elsewhere. A level of CPU stands for all machines that have it.
pub(crate) fn targets(options: &RuntimeOptions, back_end: BackEnd) -> Vec<Target> {
    if back_end == BackEnd::Portable {
        return vec![Target::PORTABLE];
    }
    if let Some(target) = options.target.as_ref().filter(|target| target.triple().is_some()) {
        return vec![target.clone()];
    }
    let host = Target::host();
    let levels = host.cpu_levels().rev().filter_map(|level| host.with_cpu(level).ok());
    levels.filter(Target::runs_here).chain([host.clone()]).collect()
}
