//! `Target`: the machine with its CPU features, or the interpreter, or the compiler that an artifact is
//! for.

use super::cpu::{Cpu, Features, this_cpu_has};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use target_lexicon::{
    Architecture, Environment, OperatingSystem, PointerWidth, Riscv64Architecture, Triple, Vendor,
};

/// The target that an artifact is compiled for.
///
/// | text | meaning |
/// |---|---|
/// | `x86_64-unknown-linux-gnu` | every machine of this triple: its architecture's baseline |
/// | `x86_64-unknown-linux-gnu+v3` | machines with a CPU of this level: `v2`, `v3`, `v4` of x86-64, `v8.1`, `v8.4`, `v8.6` of AArch64, `rva22`, `rva23` of RISC-V |
/// | `x86_64-unknown-linux-gnu+v2+avx` | machines with these CPU features besides |
/// | `native` | this machine, with all features of its CPU |
/// | `portable` | Wasmtime's interpreter, Pulley, on any 64-bit little-endian machine |
/// | `source` | the wasm itself, for programs with the compiler |
///
/// Triples with the same compiled code are one target: `…-linux-musl` is `…-linux-gnu`, and
/// `…-windows-gnu` is `…-windows-msvc`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target(TargetKind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TargetKind {
    Machine(Triple, Features),
    Portable,
    Source,
}

/// A text that is not a valid target, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a target: {problem}")]
pub struct TargetError {
    text: String,
    problem: String,
}

impl Target {
    /// Wasmtime's interpreter, Pulley.
    pub const PORTABLE: Self = Self(TargetKind::Portable);

    /// The wasm itself.
    pub const SOURCE: Self = Self(TargetKind::Source);

    /// Returns the machine that this program was built for, at its baseline.
    #[must_use]
    pub fn host() -> Self {
        Self(TargetKind::Machine(canonical(target_lexicon::HOST), Features::default()))
    }

    /// Returns the machine that this program runs on, with every feature of its CPU that the compiler can
    /// use.
    #[must_use]
    pub fn native() -> Self {
        let host = canonical(target_lexicon::HOST);
        let cpu = Cpu::of(host.architecture);
        let has = cpu.features().filter(|name| this_cpu_has(name));
        let features = has.filter_map(|name| cpu.named(name));
        let features = features.fold(Features::default(), Features::with);
        Self(TargetKind::Machine(host, features))
    }

    /// Returns this target for CPUs that also have the level or feature `name`.
    ///
    /// # Errors
    ///
    /// Fails if its architecture has no level or feature of this name.
    pub fn with_cpu(&self, name: &str) -> Result<Self, TargetError> {
        format!("{self}+{name}").parse()
    }

    /// Returns the triple of a machine.
    #[must_use]
    pub fn triple(&self) -> Option<&Triple> {
        match &self.0 {
            TargetKind::Machine(triple, _) => Some(triple),
            TargetKind::Portable | TargetKind::Source => None,
        }
    }

    /// Returns whether both targets are machines of the same triple, with any CPU features.
    #[must_use]
    pub fn has_triple_of(&self, other: &Self) -> bool {
        self.triple().is_some() && self.triple() == other.triple()
    }

    /// Returns whether it is Wasmtime's interpreter.
    #[must_use]
    pub fn is_portable(&self) -> bool {
        self.0 == TargetKind::Portable
    }

    /// Returns whether it is the wasm itself.
    #[must_use]
    pub fn is_source(&self) -> bool {
        self.0 == TargetKind::Source
    }

    /// Returns whether this machine can run it: operating system, architecture and CPU features match, or
    /// it is for any machine.
    #[must_use]
    pub fn runs_here(&self) -> bool {
        match &self.0 {
            TargetKind::Machine(..) => {
                self.has_triple_of(&Self::host()) && self.cpu_features().all(this_cpu_has)
            }
            TargetKind::Portable => {
                cfg!(all(target_endian = "little", target_pointer_width = "64"))
            }
            TargetKind::Source => true,
        }
    }

    /// Returns the CPU features that it needs beyond its architecture's baseline.
    pub fn cpu_features(&self) -> impl Iterator<Item = &'static str> {
        let (cpu, features) = self.cpu();
        cpu.names(features)
    }

    /// Returns the names of the CPU levels of its architecture, the lowest first.
    pub fn cpu_levels(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.cpu().0.levels()
    }

    /// Returns the names of all CPU features of its architecture.
    pub fn known_cpu_features(&self) -> impl Iterator<Item = &'static str> {
        self.cpu().0.features()
    }

    /// Returns the number of CPU features that it uses: of two targets that run, the one with more is
    /// faster.
    pub(crate) fn rank(&self) -> u32 {
        self.cpu().1.len()
    }

    /// Returns Wasmtime's name for it; none for the wasm itself, which is compiled by the program that
    /// runs it.
    #[cfg(feature = "compile")]
    pub(crate) fn wasmtime_triple(&self) -> Option<String> {
        match &self.0 {
            TargetKind::Machine(triple, _) => Some(triple.to_string()),
            TargetKind::Portable => Some("pulley64".into()),
            TargetKind::Source => None,
        }
    }

    #[cfg(feature = "compile")]
    pub(crate) fn cranelift_flags(&self) -> impl Iterator<Item = &'static str> {
        let (cpu, features) = self.cpu();
        cpu.flags(features)
    }

    /// Returns the width of a pointer on it, in bits.
    #[cfg(feature = "compile")]
    pub(crate) fn pointer_bits(&self) -> u8 {
        self.triple().and_then(|triple| triple.pointer_width().ok()).map_or(64, PointerWidth::bits)
    }

    fn cpu(&self) -> (&'static Cpu, Features) {
        match &self.0 {
            TargetKind::Machine(triple, features) => (Cpu::of(triple.architecture), *features),
            TargetKind::Portable | TargetKind::Source => {
                (Cpu::of(Architecture::Unknown), Features::default())
            }
        }
    }
}

/// Returns one triple for all triples with the same compiled code. Wasmtime's outputs for them differ
/// only in the recorded triple, of which its loader checks neither vendor nor ABI.
fn canonical(triple: Triple) -> Triple {
    use OperatingSystem as Os;
    let Triple { mut architecture, mut vendor, mut operating_system, mut environment, .. } = triple;
    if let Architecture::Riscv64(_) = architecture {
        architecture = Architecture::Riscv64(Riscv64Architecture::Riscv64gc);
    }
    match operating_system {
        Os::Linux if environment == Environment::Android => vendor = Vendor::Unknown,
        Os::Linux => (vendor, environment) = (Vendor::Unknown, Environment::Gnu),
        Os::Windows => (vendor, environment) = (Vendor::Pc, Environment::Msvc),
        Os::Darwin(_) | Os::MacOSX(_) => operating_system = Os::Darwin(None),
        _ => {}
    }
    Triple { architecture, vendor, operating_system, environment, ..triple }
}

/// Returns the reason why Wasmtime cannot compile for a triple.
fn unsupported(triple: &Triple) -> Option<String> {
    use Architecture as Arch;
    let is_known = matches!(
        triple.architecture,
        Arch::X86_64 | Arch::Aarch64(_) | Arch::Riscv64(_) | Arch::S390x
    );
    if triple.architecture == Arch::Unknown || triple.operating_system == OperatingSystem::Unknown {
        Some(
            "expected a triple with architecture and operating system, such as \
             `x86_64-unknown-linux-gnu`, or one of `native`, `portable`, `source`; \
             `cargo wasmport targets` lists them"
                .into(),
        )
    } else if !is_known {
        let arch = triple.architecture;
        Some(match arch {
            Arch::Wasm32 | Arch::Wasm64 => {
                "targets are the machines on which the program runs, and not \
                 those for which a guest was built; `cargo wasmport targets` lists them"
                    .into()
            }
            _ => format!("Wasmtime has no compiler for {arch}; `portable` may run there"),
        })
    } else if triple.pointer_width() != Ok(PointerWidth::U64)
        || matches!(triple.environment, Environment::Gnux32 | Environment::GnuIlp32)
    {
        Some("Wasmtime compiles for 64-bit ABIs only".into())
    } else {
        None
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let error = |problem: String| TargetError { text: text.into(), problem };
        match text {
            "native" => return Ok(Self::native()),
            "portable" => return Ok(Self::PORTABLE),
            "source" => return Ok(Self::SOURCE),
            _ => {}
        }
        let mut parts = text.split('+');
        let triple = Triple::from_str(parts.next().unwrap_or_default());
        let triple = triple.map_err(|e| error(e.to_string()))?;
        unsupported(&triple).map_or(Ok(()), |problem| Err(error(problem)))?;
        let triple = canonical(triple);
        let cpu = Cpu::of(triple.architecture);
        let features = parts.try_fold(Features::default(), |features, name| {
            let named = cpu.named(name).ok_or_else(|| {
                let levels: Vec<_> = cpu.levels().collect();
                let names: Vec<_> = cpu.features().collect();
                error(match levels.as_slice() {
                    [] => format!(
                        "{} has no CPU features that a target can name",
                        triple.architecture
                    ),
                    _ => format!(
                        "unknown CPU level or feature `{name}`; levels are {}, features are {}",
                        levels.join(", "),
                        names.join(", ")
                    ),
                })
            })?;
            Ok(features.with(named))
        })?;
        Ok(Self(TargetKind::Machine(triple, features)))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            TargetKind::Machine(triple, features) => {
                write!(f, "{triple}")?;
                let names = Cpu::of(triple.architecture).shortest_names(*features);
                names.iter().try_for_each(|name| write!(f, "+{name}"))
            }
            TargetKind::Portable => f.write_str("portable"),
            TargetKind::Source => f.write_str("source"),
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
        for text in [
            "x86_64-unknown-linux-gnu",
            "x86_64-unknown-linux-gnu+v3",
            "x86_64-unknown-linux-gnu+v2+avx",
            "x86_64-unknown-linux-gnu+popcnt",
            "x86_64-pc-windows-msvc",
            "aarch64-apple-darwin",
            "aarch64-unknown-linux-gnu+v8.4+fp16",
            "aarch64-linux-android",
            "riscv64gc-unknown-linux-gnu+rva23",
            "portable",
            "source",
        ] {
            let target = text.parse::<Target>().unwrap();
            let text_again = target.to_string();
            assert_eq!(text_again.parse::<Target>().unwrap(), target, "{text_again}");
            assert_eq!(
                text_again.replace("aarch64-unknown-linux-android", "aarch64-linux-android"),
                text
            );
        }
        let native = Target::native();
        assert!(native.runs_here() && native.has_triple_of(&Target::host()));
        assert_eq!(native.to_string().parse::<Target>().unwrap(), native);
    }

    #[test]
    fn triples_with_the_same_code_are_one_target() {
        for (text, same) in [
            ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"),
            ("x86_64-alpine-linux-musl+v3", "x86_64-unknown-linux-gnu+v3"),
            ("x86_64-pc-windows-gnu", "x86_64-pc-windows-msvc"),
            ("riscv64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"),
            ("x86_64-unknown-linux-gnu+avx+avx", "x86_64-unknown-linux-gnu+avx"),
            ("x86_64-unknown-linux-gnu+v3+v2", "x86_64-unknown-linux-gnu+v3"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap(), same.parse::<Target>().unwrap());
        }
    }

    #[test]
    fn wrong_targets_say_why() {
        let compiler = "Wasmtime compiles for 64-bit ABIs only";
        let known = "levels are v2, v3, v4, features are sse3, ssse3, sse4.1, sse4.2, popcnt, cmpxchg16b, avx, \
                     avx2, bmi1, bmi2, fma, lzcnt, avx512f, avx512dq, avx512vl, avxvnni, avx512bitalg, \
                     avx512vbmi, avx512vnni";
        for (text, why) in [
            ("nonsense", "Unrecognized architecture: nonsense"),
            ("x86_64-unknown-linux-gnu+v9", &format!("unknown CPU level or feature `v9`; {known}")),
            ("x86_64-unknown-linux-gnu+", &format!("unknown CPU level or feature ``; {known}")),
            (
                "aarch64-apple-darwin+v3",
                "unknown CPU level or feature `v3`; levels are v8.1, v8.4, v8.6, features are lse, dotprod, i8mm, fp16, \
                 paca, pac-ret, bti",
            ),
            ("s390x-unknown-linux-gnu+v3", "s390x has no CPU features that a target can name"),
            ("portable+v3", "Unrecognized architecture: portable"),
            (
                "wasm32-wasip1",
                "targets are the machines on which the program runs, and not those for which a guest was built; \
                 `cargo wasmport targets` lists them",
            ),
            (
                "mips64-unknown-linux-gnu",
                "Wasmtime has no compiler for mips64; `portable` may run there",
            ),
            ("x86_64-unknown-linux-gnux32", compiler),
            ("", "Unrecognized architecture: "),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` is not a target: {why}"));
        }
    }
}
