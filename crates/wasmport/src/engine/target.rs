//! `Target`: the machine an artifact is for, a triple with a CPU level.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use target_lexicon::{Architecture, Triple};

/// The CPU features that an artifact may use, by the levels of the
/// [x86-64 psABI](https://gitlab.com/x86-psABIs/x86-64-ABI); other architectures have their baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CpuLevel {
    /// What every CPU of the architecture has; the default.
    #[default]
    Baseline,
    /// x86-64-v2: about 2009 (SSE4.2, POPCNT).
    V2,
    /// x86-64-v3: about 2013 (AVX2, BMI, FMA).
    V3,
    /// x86-64-v4: AVX-512.
    V4,
}

/// What a level adds to the one below: Cranelift's flag and the name that CPU detection knows.
type Features = &'static [(&'static str, &'static str)];
const V2: Features = &[
    ("has_cmpxchg16b", "cmpxchg16b"),
    ("has_popcnt", "popcnt"),
    ("has_sse3", "sse3"),
    ("has_ssse3", "ssse3"),
    ("has_sse41", "sse4.1"),
    ("has_sse42", "sse4.2"),
];
const V3: Features = &[
    ("has_avx", "avx"),
    ("has_avx2", "avx2"),
    ("has_bmi1", "bmi1"),
    ("has_bmi2", "bmi2"),
    ("has_fma", "fma"),
    ("has_lzcnt", "lzcnt"),
];
const V4: Features =
    &[("has_avx512dq", "avx512dq"), ("has_avx512f", "avx512f"), ("has_avx512vl", "avx512vl")];

impl CpuLevel {
    const NAMED: &'static [(&'static str, CpuLevel)] =
        &[("v2", CpuLevel::V2), ("v3", CpuLevel::V3), ("v4", CpuLevel::V4)];

    fn features(self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        let levels: &[Features] = match self {
            CpuLevel::Baseline => &[],
            CpuLevel::V2 => &[V2],
            CpuLevel::V3 => &[V2, V3],
            CpuLevel::V4 => &[V2, V3, V4],
        };
        levels.iter().copied().flatten()
    }

    /// The CPU features beyond the baseline, by the names that CPU detection uses.
    pub fn cpu_features(self) -> impl Iterator<Item = &'static str> {
        self.features().map(|(_, feature)| *feature)
    }

    #[cfg(feature = "compile")]
    pub(crate) fn cranelift_flags(self) -> impl Iterator<Item = &'static str> {
        self.features().map(|(flag, _)| *flag)
    }
}

/// What an artifact is compiled for: `x86_64-unknown-linux-gnu`, or with a CPU level
/// `x86_64-unknown-linux-gnu+v3`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    triple: Triple,
    cpu: CpuLevel,
}

/// A target that cannot be: the text and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no target: {problem}")]
pub struct TargetError {
    text: String,
    problem: String,
}

impl Target {
    /// The machine this program was built for, at its baseline.
    #[must_use]
    pub fn host() -> Self {
        Self { triple: target_lexicon::HOST, cpu: CpuLevel::Baseline }
    }

    /// The triple.
    #[must_use]
    pub fn triple(&self) -> &Triple {
        &self.triple
    }

    /// The CPU level.
    #[must_use]
    pub fn cpu(&self) -> CpuLevel {
        self.cpu
    }

    /// Whether it is Wasmtime's interpreter instead of a machine.
    #[must_use]
    pub fn is_pulley(&self) -> bool {
        use Architecture::{Pulley32, Pulley32be, Pulley64, Pulley64be};
        matches!(self.triple.architecture, Pulley32 | Pulley32be | Pulley64 | Pulley64be)
    }

    /// The width of a pointer there, in bits.
    #[must_use]
    pub fn pointer_bits(&self) -> u8 {
        self.triple.pointer_width().map_or(64, target_lexicon::PointerWidth::bits)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let error = |problem: String| TargetError { text: text.into(), problem };
        let (triple, level) = match text.split_once('+') {
            Some((triple, level)) => (triple, Some(level)),
            None => (text, None),
        };
        let triple = Triple::from_str(triple).map_err(|e| error(e.to_string()))?;
        if triple.architecture == Architecture::Unknown
            || triple.operating_system == target_lexicon::OperatingSystem::Unknown
        {
            return Err(error("a triple with architecture and operating system is needed, such as `x86_64-unknown-linux-gnu`".into()));
        }
        let cpu = match level {
            None => CpuLevel::Baseline,
            Some(_) if triple.architecture != Architecture::X86_64 => {
                return Err(error(format!("{} has no named CPU levels", triple.architecture)));
            }
            Some(name) => CpuLevel::NAMED
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, level)| *level)
                .ok_or_else(|| {
                    error(format!("unknown CPU level `{name}`; there are v2, v3 and v4"))
                })?,
        };
        Ok(Self { triple, cpu })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.triple)?;
        match CpuLevel::NAMED.iter().find(|(_, level)| *level == self.cpu) {
            Some((name, _)) => write!(f, "+{name}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_round_trip() {
        for text in
            ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu+v3", "aarch64-apple-darwin"]
        {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn wrong_targets_say_why() {
        for (text, why) in [
            ("nonsense", "is no target"),
            ("x86_64-unknown-linux-gnu+v9", "unknown CPU level `v9`"),
            ("aarch64-apple-darwin+v3", "no named CPU levels"),
            ("", "is no target"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
