//! Our own check that an artifact fits the program, which reports all mismatches at once.
//!
//! It goes before Wasmtime's, which ends at the first difference, reports it as text only, and
//! does not look at NaN canonicalization, optimization, the ABI, or the patch release.

use super::version::major;
use super::{EngineConfig, RequiredFeatures, Target, WasmFeature, wasmtime_version};
use crate::asset::{Artifact, Asset};
use std::fmt;

/// One way in which an artifact does not fit this program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Made by another major version of Wasmtime, or another patch where `exact` is asked for.
    WasmtimeVersion {
        /// The version that made the artifact.
        artifact: String,
        /// The version in this program.
        program: &'static str,
    },
    /// For another architecture.
    Architecture {
        /// What the artifact is for.
        artifact: String,
        /// What this program runs on.
        program: String,
    },
    /// For another operating system.
    OperatingSystem {
        /// What the artifact is for.
        artifact: String,
        /// What this program runs on.
        program: String,
    },
    /// For another ABI of the same operating system.
    Abi {
        /// What the artifact is for.
        artifact: String,
        /// What this program runs on.
        program: String,
    },
    /// Uses an instruction set that this machine lacks.
    CpuFeature {
        /// Its name, such as `avx2`.
        feature: String,
    },
    /// An engine setting differs.
    EngineKnob {
        /// The setting's name in [`EngineConfig`].
        knob: &'static str,
        /// Its value in the artifact.
        artifact: String,
        /// Its value in this program's runtime.
        program: String,
    },
    /// Uses a proposal that this build of the `wasmport` crate cannot run.
    WasmFeature {
        /// The proposal.
        feature: WasmFeature,
    },
    /// The asset has no artifact at all: it was imported for documentation only.
    NoArtifact,
    /// The program was built without the bytes of the artifact that fits it.
    NotCarried {
        /// What the artifact is for.
        target: &'static str,
    },
    /// The recorded target is no target.
    UnreadableTarget {
        /// The text.
        target: String,
    },
}

impl Mismatch {
    /// What to change.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::WasmtimeVersion { .. } => {
                "import again with a `wasmport-build` of the same Wasmtime version".into()
            }
            Self::Architecture { .. } | Self::OperatingSystem { .. } | Self::Abi { .. } => {
                format!("import for this program's target too: `--target {}`", Target::host())
            }
            Self::CpuFeature { .. } => "import for a lower CPU level too".into(),
            Self::EngineKnob { .. } => {
                "build the `Runtime` from the generated `ENGINE` constant, or import again".into()
            }
            Self::WasmFeature { feature } => match feature.cargo_feature() {
                Some(cargo) => format!("enable the `{cargo}` feature of the `wasmport` crate"),
                None => "use a newer `wasmport`".into(),
            },
            Self::NoArtifact => "import again, outside a documentation build".into(),
            Self::NotCarried { .. } => {
                "import with `embed = false`, or report it to wasmport".into()
            }
            Self::UnreadableTarget { .. } => "import again".into(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WasmtimeVersion { artifact, program } => {
                write!(f, "made by Wasmtime {artifact}, this program has {program}")
            }
            Self::Architecture { artifact, program } => {
                write!(f, "for architecture {artifact}, this program runs on {program}")
            }
            Self::OperatingSystem { artifact, program } => {
                write!(f, "for operating system {artifact}, this program runs on {program}")
            }
            Self::Abi { artifact, program } => {
                write!(f, "for the {artifact} ABI, this program has {program}")
            }
            Self::CpuFeature { feature } => {
                write!(f, "needs the CPU feature {feature}, which this machine lacks")
            }
            Self::EngineKnob { knob, artifact, program } => {
                write!(f, "compiled with {knob} = {artifact}, this runtime has {program}")
            }
            Self::WasmFeature { feature } => {
                write!(f, "uses the wasm feature {feature}, which this program lacks")
            }
            Self::NoArtifact => f.write_str("has no artifact"),
            Self::NotCarried { target } => {
                write!(f, "is for {target}, and this program does not carry it")
            }
            Self::UnreadableTarget { target } => write!(f, "has the unreadable target {target:?}"),
        }
    }
}

/// What this program can run: a value, so that other machines can be asked about in tests.
pub(crate) struct Program<'a> {
    pub wasmtime: &'static str,
    pub exact_version: bool,
    pub target: Target,
    pub has_cpu_feature: fn(&str) -> bool,
    pub features: RequiredFeatures,
    pub engine: &'a EngineConfig,
}

impl<'a> Program<'a> {
    pub fn this(engine: &'a EngineConfig, exact_version: bool) -> Self {
        Self {
            wasmtime: wasmtime_version(),
            exact_version,
            target: Target::host(),
            has_cpu_feature: this_cpu_has,
            features: RequiredFeatures::of_this_build(),
            engine,
        }
    }

    /// The best of the asset's artifacts that this program can run.
    ///
    /// # Errors
    ///
    /// When there is none: all mismatches of the asset and of the artifact that comes closest.
    pub fn choose<'b>(&self, asset: &'b Asset) -> Result<&'b Artifact, Vec<Mismatch>> {
        let mut mismatches = self.asset_mismatches(asset);
        let mut best: Option<(&Artifact, Target)> = None;
        let mut closest: Option<Vec<Mismatch>> = None;
        for artifact in asset.artifacts() {
            match self.artifact_mismatches(artifact) {
                Ok(target) => {
                    if best.as_ref().is_none_or(|(_, other)| target.cpu() > other.cpu()) {
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

    /// What concerns every artifact of the asset alike.
    fn asset_mismatches(&self, asset: &Asset) -> Vec<Mismatch> {
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
        // Listing the knobs takes longer than all other checks, and they almost never differ.
        if asset.engine() != self.engine {
            found.extend(self.engine_mismatches(asset));
        }
        let missing = asset.features().missing_in(self.features);
        found.extend(missing.iter().map(|feature| Mismatch::WasmFeature { feature }));
        found
    }

    fn engine_mismatches(&self, asset: &Asset) -> impl Iterator<Item = Mismatch> {
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
        let (theirs, ours) = (target.triple(), self.target.triple());
        let mut found = Vec::new();
        if theirs.architecture != ours.architecture {
            found.push(Mismatch::Architecture {
                artifact: theirs.architecture.to_string(),
                program: ours.architecture.to_string(),
            });
        }
        if theirs.operating_system != ours.operating_system {
            found.push(Mismatch::OperatingSystem {
                artifact: theirs.operating_system.to_string(),
                program: ours.operating_system.to_string(),
            });
        }
        if theirs.environment != ours.environment {
            found.push(Mismatch::Abi {
                artifact: theirs.environment.to_string(),
                program: ours.environment.to_string(),
            });
        }
        found.extend(
            target
                .cpu()
                .cpu_features()
                .filter(|feature| {
                    theirs.architecture == ours.architecture && !(self.has_cpu_feature)(feature)
                })
                .map(|feature| Mismatch::CpuFeature { feature: feature.into() }),
        );
        if found.is_empty() { Ok(target) } else { Err(found) }
    }
}

#[cfg(target_arch = "x86_64")]
fn this_cpu_has(feature: &str) -> bool {
    macro_rules! detect {
        ($($name:tt)*) => {
            match feature {
                $($name => std::is_x86_feature_detected!($name),)*
                _ => false,
            }
        };
    }
    detect! {
        "cmpxchg16b" "popcnt" "sse3" "ssse3" "sse4.1" "sse4.2" "avx" "avx2" "bmi1" "bmi2" "fma"
        "lzcnt" "avx512dq" "avx512f" "avx512vl"
    }
}

/// Other architectures have no named levels yet, so that no artifact asks.
#[cfg(not(target_arch = "x86_64"))]
fn this_cpu_has(_: &str) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    const ENGINE: EngineConfig = EngineConfig::new();

    fn asset(targets: &[&'static str]) -> Asset {
        let digest = Digest::from_bytes([0; 32]);
        let artifacts: Vec<Artifact> =
            targets.iter().map(|target| Artifact::file(target, 0, digest, "unused")).collect();
        let features = RequiredFeatures::of(&[WasmFeature::Simd]);
        Asset::new("a", "a.wat", digest, wasmtime_version(), ENGINE, features, artifacts.leak())
    }

    fn machine(has_cpu_feature: fn(&str) -> bool) -> Program<'static> {
        Program {
            wasmtime: wasmtime_version(),
            exact_version: false,
            target: "x86_64-unknown-linux-gnu".parse().unwrap(),
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
    fn a_missing_wasm_feature_is_named_beside_everything_else() {
        let mut program = machine(|_| true);
        program.features = RequiredFeatures::NONE;
        program.wasmtime = "99.0.0";
        let found = program.choose(&asset(&["aarch64-unknown-linux-gnu"])).unwrap_err();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.contains(&Mismatch::WasmFeature { feature: WasmFeature::Simd }));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn every_feature_of_a_level_is_one_that_this_module_can_detect() {
        // `detect` answers false for a name it does not know; the baseline's names are always there.
        let all: Vec<_> = crate::engine::CpuLevel::V4.cpu_features().collect();
        assert_eq!(all.len(), 15);
        assert!(!this_cpu_has("no such feature"));
        if std::is_x86_feature_detected!("avx512f") {
            assert!(all.iter().all(|feature| this_cpu_has(feature)), "{all:?}");
        }
    }
}
