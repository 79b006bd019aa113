//! `Program`: the check that an artifact fits the program, which reports all mismatches at once.
//!
//! It runs before Wasmtime's check, which ends at the first difference, reports it as text only, and
//! ignores NaN canonicalization, optimization, the ABI, and the patch release.

use crate::asset::{AnyAsset, Artifact};
use crate::engine::{
    BackEnd, EngineConfig, Mismatch, RequiredFeatures, RuntimeOptions, Target, WasmFeature,
    WasmtimeVersion, major, this_cpu_has, wasmtime_version,
};
use target_lexicon::{Environment, Triple};

/// The properties of a program that decide which artifacts it can run. Plain data, so that tests can
/// describe other machines.
pub(crate) struct Program<'a> {
    pub wasmtime: &'static str,
    pub exact_version: bool,
    pub minimum: Option<WasmtimeVersion>,
    pub back_end: BackEnd,
    /// The only target that the options allow, if they name one.
    pub only: Option<&'a Target>,
    pub host: Target,
    pub has_cpu_feature: fn(&str) -> bool,
    pub features: RequiredFeatures,
    pub engine: &'a EngineConfig,
}

impl<'a> Program<'a> {
    /// Returns this program with the engine and options of a runtime.
    pub fn this(engine: &'a EngineConfig, options: &'a RuntimeOptions, back_end: BackEnd) -> Self {
        Self {
            wasmtime: wasmtime_version(),
            exact_version: options.exact_wasmtime_version,
            minimum: options.minimum_wasmtime,
            back_end,
            only: options.target.as_ref(),
            host: Target::host(),
            has_cpu_feature: this_cpu_has,
            features: RequiredFeatures::of_this_build(),
            engine,
        }
    }

    /// Returns the best of the asset's artifacts that this program can run.
    ///
    /// # Errors
    ///
    /// Fails with all mismatches of the asset and of its closest artifact if it can run none.
    pub fn choose<'b>(&self, asset: &'b AnyAsset) -> Result<&'b Artifact, Vec<Mismatch>> {
        let mut mismatches = self.asset_mismatches(asset);
        let mut best: Option<(&Artifact, Target)> = None;
        let mut closest: Option<Vec<Mismatch>> = None;
        for artifact in asset.artifacts() {
            match self.artifact_mismatches(artifact) {
                Ok(target) => {
                    if best.as_ref().is_none_or(|(_, other)| target.rank() > other.rank()) {
                        best = Some((artifact, target));
                    }
                }
                Err(found) => {
                    if closest.as_ref().is_none_or(|other| found.len() < other.len()) {
                        closest = Some(found);
                    }
                }
            }
        }
        match best {
            Some((artifact, _)) if mismatches.is_empty() => Ok(artifact),
            Some(_) => Err(mismatches),
            None => {
                mismatches.extend(closest.unwrap_or(vec![Mismatch::NoArtifact]));
                Err(mismatches)
            }
        }
    }

    /// Returns each of the asset's artifacts with all of its mismatches.
    pub fn verdicts<'b>(
        &self,
        asset: &'b AnyAsset,
    ) -> impl Iterator<Item = (&'b Artifact, Vec<Mismatch>)> {
        let all = self.asset_mismatches(asset);
        asset.artifacts().iter().map(move |artifact| {
            let own = self.artifact_mismatches(artifact).err().unwrap_or_default();
            (artifact, all.iter().cloned().chain(own).collect())
        })
    }

    /// Returns the mismatches that all artifacts of the asset share.
    fn asset_mismatches(&self, asset: &AnyAsset) -> Vec<Mismatch> {
        let mut found = Vec::new();
        let made_by = asset.wasmtime();
        let same = if self.exact_version {
            made_by == self.wasmtime
        } else {
            major(made_by) == major(self.wasmtime)
        };
        if !same {
            found.push(Mismatch::WasmtimeVersion {
                artifact: made_by.into(),
                program: self.wasmtime,
            });
        }
        // A version that cannot be read is no release.
        let is_old = |minimum: &WasmtimeVersion| !made_by.parse().is_ok_and(|by| *minimum <= by);
        if let Some(minimum) = self.minimum.filter(is_old) {
            found.push(Mismatch::OldWasmtime { artifact: made_by.into(), minimum });
        }
        // Listing the knobs takes longer than all other checks, and they rarely differ.
        if asset.engine() != self.engine {
            found.extend(self.engine_mismatches(asset));
        }
        let missing = asset.features().missing_in(self.features);
        found.extend(missing.iter().map(|feature| Mismatch::WasmFeature { feature }));
        if self.back_end == BackEnd::Portable && asset.features().contains(WasmFeature::Threads) {
            found.push(Mismatch::NotInterpreted { feature: WasmFeature::Threads });
        }
        found
    }

    fn engine_mismatches(&self, asset: &AnyAsset) -> impl Iterator<Item = Mismatch> {
        let pairs = asset.engine().knobs().into_iter().zip(self.engine.knobs());
        pairs.filter(|(theirs, ours)| theirs != ours).map(|(theirs, ours)| Mismatch::EngineKnob {
            knob: ours.name,
            artifact: theirs.value,
            program: ours.value,
        })
    }

    fn artifact_mismatches(&self, artifact: &Artifact) -> Result<Target, Vec<Mismatch>> {
        let Ok(target) = artifact.target().parse::<Target>() else {
            return Err(vec![Mismatch::UnreadableTarget { target: artifact.target().into() }]);
        };
        let mut found = match (target.triple(), self.host.triple()) {
            (Some(theirs), Some(ours)) => self.machine_mismatches(&target, theirs, ours),
            _ => Vec::new(),
        };
        let back_end = BackEnd::of(&target);
        if !back_end.is_in_this_program() {
            found.push(Mismatch::NoBackEnd { back_end });
        } else if found.is_empty() && back_end != self.back_end {
            let (artifact, runtime) = (target.to_string(), self.back_end);
            found.push(Mismatch::BackEnd { artifact, runtime });
        } else if let Some(only) = self.only
            && back_end == self.back_end
            && *only != target
        {
            let (artifact, runtime) = (target.to_string(), only.clone());
            found.push(Mismatch::OtherTarget { artifact, runtime });
        }
        if found.is_empty() { Ok(target) } else { Err(found) }
    }

    fn machine_mismatches(&self, target: &Target, theirs: &Triple, ours: &Triple) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if theirs.architecture != ours.architecture {
            found.push(Mismatch::Architecture {
                artifact: theirs.architecture.to_string(),
                program: ours.architecture.to_string(),
            });
        }
        if theirs.operating_system != ours.operating_system
            || theirs.environment != ours.environment
        {
            found.push(Mismatch::OperatingSystem {
                artifact: operating_system(theirs),
                program: operating_system(ours),
            });
        }
        if theirs.architecture == ours.architecture {
            let missing = target.cpu_features().filter(|feature| !(self.has_cpu_feature)(feature));
            found.extend(missing.map(|feature| Mismatch::CpuFeature { feature: feature.into() }));
        }
        found
    }
}

/// Returns the name of the operating system; Android is one of its own, although its triple says Linux.
fn operating_system(triple: &Triple) -> String {
    match triple.environment {
        Environment::Android => Environment::Android.to_string(),
        _ => triple.operating_system.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    const ENGINE: EngineConfig = EngineConfig::new();

    fn asset(targets: &[&'static str]) -> AnyAsset {
        let digest = Digest::from_bytes([0; 32]);
        let artifacts: Vec<Artifact> =
            targets.iter().map(|target| Artifact::file(target, 0, digest, "unused")).collect();
        let features = RequiredFeatures::of(&[WasmFeature::Simd]);
        AnyAsset::new("a", "a.wat", digest, wasmtime_version(), ENGINE, features, artifacts.leak())
    }

    fn machine(has_cpu_feature: fn(&str) -> bool) -> Program<'static> {
        Program {
            wasmtime: wasmtime_version(),
            exact_version: false,
            minimum: None,
            back_end: BackEnd::Native,
            only: None,
            host: "x86_64-unknown-linux-gnu".parse().unwrap(),
            has_cpu_feature,
            features: RequiredFeatures::of(&[WasmFeature::Simd]),
            engine: &ENGINE,
        }
    }

    #[test]
    fn fault_54_every_missing_cpu_feature_is_named() {
        let old = machine(|feature| !feature.starts_with("avx"));
        let found = old.choose(&asset(&["x86_64-unknown-linux-gnu+v3"])).unwrap_err();
        let expected =
            ["avx", "avx2"].map(|feature| Mismatch::CpuFeature { feature: feature.into() });
        assert_eq!(found, expected);
        assert!(found[0].help().contains("lower CPU level"));
    }

    #[test]
    fn the_highest_level_that_the_machine_has_is_chosen() {
        let asset = asset(&[
            "aarch64-unknown-linux-gnu",
            "x86_64-unknown-linux-gnu+v2",
            "x86_64-unknown-linux-gnu+v4",
            "x86_64-unknown-linux-gnu+v3",
            "x86_64-unknown-linux-gnu",
        ]);
        let chosen = |has: fn(&str) -> bool| machine(has).choose(&asset).unwrap().target();
        assert_eq!(chosen(|_| true), "x86_64-unknown-linux-gnu+v4");
        assert_eq!(chosen(|f| !f.starts_with("avx512")), "x86_64-unknown-linux-gnu+v3");
        assert_eq!(chosen(|_| false), "x86_64-unknown-linux-gnu");
    }

    #[test]
    fn a_runtime_with_a_target_runs_only_its_artifacts() {
        let asset = asset(&["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu+v3"]);
        for target in ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu+v3"] {
            let only = target.parse().unwrap();
            let program = Program { only: Some(&only), ..machine(|_| true) };
            assert_eq!(program.choose(&asset).unwrap().target(), target);
        }
        let only = "x86_64-unknown-linux-gnu+v4".parse().unwrap();
        let program = Program { only: Some(&only), ..machine(|_| true) };
        let found = program.choose(&asset).unwrap_err();
        assert!(matches!(&found[0], Mismatch::OtherTarget { .. }));
        assert!(found[0].help().contains("--target x86_64-unknown-linux-gnu+v4"));
    }

    #[test]
    fn an_artifact_for_another_back_end_says_how_to_get_it() {
        let found = machine(|_| true).choose(&asset(&["source"])).unwrap_err();
        if cfg!(feature = "compile") {
            let (artifact, runtime) = ("source".into(), BackEnd::Native);
            assert_eq!(found, [Mismatch::BackEnd { artifact, runtime }]);
            assert!(found[0].help().contains("assets::ASSETS"));
        } else {
            assert_eq!(found, [Mismatch::NoBackEnd { back_end: BackEnd::Source }]);
            assert!(found[0].help().contains("`compile` feature"));
        }
    }

    #[test]
    fn a_missing_wasm_feature_is_named_beside_everything_else() {
        let mut program = machine(|_| true);
        program.features = RequiredFeatures::NONE;
        program.wasmtime = "99.0.0";
        let found = program.choose(&asset(&["aarch64-unknown-linux-gnu"])).unwrap_err();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.contains(&Mismatch::WasmFeature { feature: WasmFeature::Simd }));
    }
}
