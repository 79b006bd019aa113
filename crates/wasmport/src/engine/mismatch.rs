//! `Mismatch`: a reason why an artifact cannot run in this program.

use super::back_end::BackEnd;
use super::features::WasmFeature;
use super::target::Target;
use super::version::WasmtimeVersion;
use std::fmt;

/// A difference between an artifact and this program that keeps it from running.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The artifact was made by another major version of Wasmtime, or by another patch release while
    /// the options demand the exact version.
    WasmtimeVersion {
        /// Version that made the artifact.
        artifact: String,
        /// Version in this program.
        program: &'static str,
    },
    /// An older release of Wasmtime made the artifact than
    /// [`RuntimeOptions::minimum_wasmtime`](super::RuntimeOptions::minimum_wasmtime).
    OldWasmtime {
        /// Version that made the artifact.
        artifact: String,
        /// Oldest version that the options allow.
        minimum: WasmtimeVersion,
    },
    /// The artifact is for another architecture.
    Architecture {
        /// The artifact's.
        artifact: String,
        /// This program's.
        program: String,
    },
    /// The artifact is for another operating system.
    OperatingSystem {
        /// The artifact's.
        artifact: String,
        /// This program's.
        program: String,
    },
    /// The artifact uses an instruction set that this machine lacks.
    CpuFeature {
        /// The instruction set's name, such as `avx2`.
        feature: String,
    },
    /// A setting of the engine differs.
    EngineKnob {
        /// The setting's name in [`EngineConfig`](super::EngineConfig).
        knob: &'static str,
        /// Its value in the artifact.
        artifact: String,
        /// Its value in this program's runtime.
        program: String,
    },
    /// The asset uses a proposal that this build of the `wasmport` crate cannot run.
    WasmFeature {
        /// The proposal.
        feature: WasmFeature,
    },
    /// The asset uses a proposal that the interpreter cannot run.
    NotInterpreted {
        /// The proposal.
        feature: WasmFeature,
    },
    /// The asset has no artifact, because it was imported for documentation only.
    NoArtifact,
    /// The program was built without the bytes of the artifact that fits it.
    NotCarried {
        /// The artifact's.
        target: String,
    },
    /// The artifact is for another back end than that of the [`Runtime`](crate::Runtime).
    BackEnd {
        /// The artifact's.
        artifact: String,
        /// The runtime's.
        runtime: BackEnd,
    },
    /// The artifact is for a back end that this program lacks.
    NoBackEnd {
        /// The back end.
        back_end: BackEnd,
    },
    /// The artifact is for another target than the only one that [`RuntimeOptions::target`](super::RuntimeOptions::target) allows.
    OtherTarget {
        /// The artifact's.
        artifact: String,
        /// The target in the options.
        runtime: Target,
    },
    /// The recorded target is not a valid target.
    UnreadableTarget {
        /// The text.
        target: String,
    },
}

impl Mismatch {
    /// Returns the advice on what to change.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::WasmtimeVersion { .. } => {
                "import again with a `wasmport-build` of the same Wasmtime version".into()
            }
            Self::OldWasmtime { minimum, .. } => format!(
                "import again with a `wasmport-build` of Wasmtime {minimum} or later; `cargo update` gets it"
            ),
            Self::Architecture { .. } | Self::OperatingSystem { .. } => {
                format!("import for this program's target too: `--target {}`", Target::host())
            }
            Self::OtherTarget { runtime, .. } => {
                format!("import for it too: `--target {runtime}`")
            }
            Self::BackEnd { runtime, .. } => {
                let target = match runtime {
                    BackEnd::Native => Target::host(),
                    BackEnd::Portable => Target::PORTABLE,
                    BackEnd::Source => Target::SOURCE,
                };
                format!(
                    "import for it too: `--target {target}`, or let the runtime choose a back end \
                     that runs all of its assets: `Runtime::builder(…).assets(assets::ASSETS)`"
                )
            }
            Self::NoBackEnd { back_end } => match back_end.cargo_feature() {
                Some(cargo) => format!(
                    "enable the `{cargo}` feature of the `wasmport` crate, or import for \
                     this machine: `--target {}`",
                    Target::host()
                ),
                None => format!("import for this machine: `--target {}`", Target::host()),
            },
            Self::CpuFeature { .. } => "import for a lower CPU level too".into(),
            Self::EngineKnob { .. } => {
                "build the `Runtime` from the generated `ENGINE` constant, or import again".into()
            }
            Self::NotInterpreted { .. } => {
                format!("import for this machine: `--target {}`", Target::host())
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
            Self::OldWasmtime { artifact, minimum } => {
                write!(f, "made by Wasmtime {artifact}, the options allow {minimum} and later")
            }
            Self::Architecture { artifact, program } => {
                write!(f, "for architecture {artifact}, this program runs on {program}")
            }
            Self::OperatingSystem { artifact, program } => {
                write!(f, "for operating system {artifact}, this program runs on {program}")
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
            Self::NotInterpreted { feature } => {
                write!(f, "uses the wasm feature {feature}, which the interpreter lacks")
            }
            Self::NoArtifact => f.write_str("the asset has no artifact"),
            Self::NotCarried { target } => {
                write!(f, "for {target}, but this program was built without its bytes")
            }
            Self::OtherTarget { artifact, runtime } => {
                write!(f, "for {artifact}, the options allow {runtime} only")
            }
            Self::BackEnd { artifact, runtime } => {
                write!(f, "for {artifact}, the back end of this runtime is {runtime}")
            }
            Self::NoBackEnd { back_end } => {
                write!(f, "needs {back_end}, which this program lacks")
            }
            Self::UnreadableTarget { target } => write!(f, "the target {target:?} is not valid"),
        }
    }
}
