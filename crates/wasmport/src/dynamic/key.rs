//! `CodeKey`: everything that decides the code of a dynamic asset.

use super::stages::Stages;
use super::tier::Tier;
use crate::code::Code;
use crate::digest::Digest;
use crate::engine::{
    BackEnd, EngineConfig, RequiredFeatures, RuntimeOptions, Target, WasmFeature, wasmtime_version,
};
use crate::inspect::scan;

/// Everything that decides the code, apart from the WebAssembly itself.
#[derive(Clone, Debug)]
pub(crate) struct CodeKey {
    pub engine: EngineConfig,
    pub target: Target,
    /// The proposals that the WebAssembly uses, so that programs of any cargo features share the code.
    pub features: RequiredFeatures,
    pub is_component: bool,
    pub tier: Tier,
    /// The stages that a worker runs before.
    pub stages: Option<Stages>,
}

/// Proposals that every program and compiler has. A scan does not see each use of them, such as numbers that are written
/// longer than they need be.
const OF_EVERY_PROGRAM: RequiredFeatures = RequiredFeatures::of(&[
    WasmFeature::MutableGlobal,
    WasmFeature::SaturatingFloatToInt,
    WasmFeature::SignExtension,
    WasmFeature::ReferenceTypes,
    WasmFeature::MultiValue,
    WasmFeature::BulkMemory,
    WasmFeature::MultiMemory,
    WasmFeature::ExtendedConst,
]);

impl CodeKey {
    pub fn new<C: Code>(
        wasm: &[u8],
        engine: &EngineConfig,
        target: Target,
        tier: Tier,
        stages: Option<&Stages>,
    ) -> Self {
        let features = used_features::<C>(wasm, engine, &target).union(OF_EVERY_PROGRAM);
        let stages = stages.cloned();
        Self { engine: *engine, target, features, is_component: C::IS_COMPONENT, tier, stages }
    }

    /// Returns the digest of everything that decides the code of `wasm`; `key` keeps apart what must not be shared.
    pub fn digest(&self, key: &str, wasm: &[u8]) -> Digest {
        let names: Vec<&str> = self.features.iter().map(|feature| feature.name()).collect();
        let (engine, target) = (self.engine.fingerprint(), self.target.to_string());
        let tier = format!("{:?} {:?}", self.tier, self.stages);
        let fields = [
            tier.as_bytes(),
            key.as_bytes(),
            wasm,
            engine.as_bytes(),
            target.as_bytes(),
            names.join(" ").as_bytes(),
            wasmtime_version().as_bytes(),
            env!("CARGO_PKG_VERSION").as_bytes(),
        ]
        .map(<[u8]>::to_vec);
        hash("wasmport dynamic asset v3", &fields)
    }
}

/// Hashes fields of any length.
pub(super) fn hash(context: &str, fields: &[Vec<u8>]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for field in fields {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// Returns the proposals to compile with: those that the WebAssembly uses, or all of this build if it is damaged, so
/// that Wasmtime says what is wrong.
fn used_features<C: Code>(wasm: &[u8], engine: &EngineConfig, target: &Target) -> RequiredFeatures {
    let is_wanted = |feature: &WasmFeature| {
        (C::IS_COMPONENT || !feature.is_of_components())
            && (engine.concurrency_support || !feature.needs_concurrency())
    };
    let of_this_build: RequiredFeatures =
        RequiredFeatures::of_this_build().iter().filter(is_wanted).collect();
    let used = scan(wasm, |_| false).map_or(of_this_build, |scanned| scanned.features);
    // A scan does not see each of those of components. Programs that run a component have all of them, or, without
    // concurrency, all of the others.
    let of_components = WasmFeature::ALL.iter().copied().filter(|f| f.is_of_components());
    let of_components: RequiredFeatures = of_components.filter(is_wanted).collect();
    let used = used.union(of_components);
    // The interpreter has no threads.
    match target.is_portable() {
        true => used.missing_in(RequiredFeatures::of(&[WasmFeature::Threads])),
        false => used,
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
