//! `Target`: what an artifact is for, a machine with its CPU's features, the interpreter, or a
//! program that compiles for itself.

use super::cpu::{Cpu, Features, this_cpu_has};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use target_lexicon::{
    Architecture, Environment, OperatingSystem, PointerWidth, Riscv64Architecture, Triple, Vendor,
};

/// What an artifact is compiled for.
///
/// | text | meaning |
/// |---|---|
/// | `x86_64-unknown-linux-gnu` | every machine of this triple: the architecture's baseline |
/// | `x86_64-unknown-linux-gnu+v3` | machines with a CPU of this level: `v2`, `v3`, `v4` of x86-64, `v8.1`, `v8.4`, `v8.6` of AArch64, `rva22`, `rva23` of RISC-V |
/// | `x86_64-unknown-linux-gnu+v2+avx` | and with these CPU features |
/// | `native` | the machine that this runs on, with all that its CPU has |
/// | `portable` | Wasmtime's interpreter, Pulley, on any 64-bit little-endian machine |
/// | `source` | the wasm itself, for programs that carry the compiler |
///
/// What makes no difference to compiled code is not told apart: artifacts for `…-linux-musl` are
/// those for `…-linux-gnu`, and `…-windows-gnu` those for `…-windows-msvc`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Machine(Triple, Features),
    Portable,
    Source,
}

/// A target that cannot be: the text and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no target: {problem}")]
pub struct TargetError {
    text: String,
    problem: String,
}

impl Target {
    /// Wasmtime's interpreter, Pulley.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The wasm itself.
    pub const SOURCE: Self = Self(Kind::Source);

    /// The machine this program was built for, at its baseline.
    #[must_use]
    pub fn host() -> Self {
        Self(Kind::Machine(canonical(target_lexicon::HOST), Features::default()))
    }

    /// The machine this program runs on, with every feature of its CPU that the compiler can use.
    #[must_use]
    pub fn native() -> Self {
        let host = canonical(target_lexicon::HOST);
        let cpu = Cpu::of(host.architecture);
        let has = cpu.features().filter(|name| this_cpu_has(name));
        let features = has.filter_map(|name| cpu.named(name));
        let features = features.fold(Features::default(), Features::with);
        Self(Kind::Machine(host, features))
    }

    /// This target for CPUs that also have what `name` says, a level or a feature.
    ///
    /// # Errors
    ///
    /// Where its architecture has none of this name.
    pub fn with_cpu(&self, name: &str) -> Result<Self, TargetError> {
        format!("{self}+{name}").parse()
    }

    /// The triple, of a machine.
    #[must_use]
    pub fn triple(&self) -> Option<&Triple> {
        match &self.0 {
            Kind::Machine(triple, _) => Some(triple),
            Kind::Portable | Kind::Source => None,
        }
    }

    /// Whether it is for machines of the same triple, whatever their CPUs have.
    #[must_use]
    pub fn has_triple_of(&self, other: &Self) -> bool {
        self.triple().is_some() && self.triple() == other.triple()
    }

    /// Whether it is Wasmtime's interpreter.
    #[must_use]
    pub fn is_portable(&self) -> bool {
        self.0 == Kind::Portable
    }

    /// Whether it is the wasm itself.
    #[must_use]
    pub fn is_source(&self) -> bool {
        self.0 == Kind::Source
    }

    /// Whether this machine can run it: operating system, architecture and the CPU's features fit,
    /// or it needs no certain machine.
    #[must_use]
    pub fn runs_here(&self) -> bool {
        match &self.0 {
            Kind::Machine(..) => {
                self.has_triple_of(&Self::host()) && self.cpu_features().all(this_cpu_has)
            }
            Kind::Portable => {
                cfg!(all(target_endian = "little", target_pointer_width = "64"))
            }
            Kind::Source => true,
        }
    }

    /// The CPU features it needs beyond its architecture's baseline.
    pub fn cpu_features(&self) -> impl Iterator<Item = &'static str> {
        let (cpu, features) = self.cpu();
        cpu.names(features)
    }

    /// The names of the CPU levels of its architecture, the lowest first.
    pub fn cpu_levels(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.cpu().0.levels()
    }

    /// The names of all CPU features of its architecture.
    pub fn known_cpu_features(&self) -> impl Iterator<Item = &'static str> {
        self.cpu().0.features()
    }

    /// How much it uses of a machine: of two targets that run, the one with more is faster.
    pub(crate) fn rank(&self) -> u32 {
        self.cpu().1.len()
    }

    /// What Wasmtime calls it; nothing for the wasm itself, which is compiled where it runs.
    #[cfg(feature = "compile")]
    pub(crate) fn wasmtime_triple(&self) -> Option<String> {
        match &self.0 {
            Kind::Machine(triple, _) => Some(triple.to_string()),
            Kind::Portable => Some("pulley64".into()),
            Kind::Source => None,
        }
    }

    #[cfg(feature = "compile")]
    pub(crate) fn cranelift_flags(&self) -> impl Iterator<Item = &'static str> {
        let (cpu, features) = self.cpu();
        cpu.flags(features)
    }

    /// The width of a pointer there, in bits.
    #[cfg(feature = "compile")]
    pub(crate) fn pointer_bits(&self) -> u8 {
        self.triple().and_then(|triple| triple.pointer_width().ok()).map_or(64, PointerWidth::bits)
    }

    fn cpu(&self) -> (&'static Cpu, Features) {
        match &self.0 {
            Kind::Machine(triple, features) => (Cpu::of(triple.architecture), *features),
            Kind::Portable | Kind::Source => (Cpu::of(Architecture::Unknown), Features::default()),
        }
    }
}

/// One triple for all that differ in nothing that compiled code depends on. Wasmtime's output for
/// them is the same but for the name it records, and its loader looks at neither vendor nor ABI.
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

/// Why Wasmtime cannot compile for a triple.
fn refusal(triple: &Triple) -> Option<String> {
    use Architecture as Arch;
    let is_known = matches!(
        triple.architecture,
        Arch::X86_64 | Arch::Aarch64(_) | Arch::Riscv64(_) | Arch::S390x
    );
    if triple.architecture == Arch::Unknown || triple.operating_system == OperatingSystem::Unknown {
        Some(
            "a triple with architecture and operating system is needed, such as \
             `x86_64-unknown-linux-gnu`, or one of `native`, `portable`, `source`"
                .into(),
        )
    } else if !is_known {
        let arch = triple.architecture;
        Some(format!("Wasmtime has no compiler for {arch}; `portable` may run there"))
    } else if triple.pointer_width() != Ok(PointerWidth::U64)
        || matches!(triple.environment, Environment::Gnux32 | Environment::GnuIlp32)
    {
        Some("Wasmtime compiles for 64-bit ABIs alone".into())
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
        refusal(&triple).map_or(Ok(()), |problem| Err(error(problem)))?;
        let triple = canonical(triple);
        let cpu = Cpu::of(triple.architecture);
        let features = parts.try_fold(Features::default(), |features, name| {
            let named = cpu.named(name).ok_or_else(|| {
                let levels: Vec<_> = cpu.levels().collect();
                let names: Vec<_> = cpu.features().collect();
                error(match levels.as_slice() {
                    [] => format!("{} has no CPU features to name", triple.architecture),
                    _ => format!(
                        "unknown CPU level or feature `{name}`; there are {}, and {}",
                        levels.join(", "),
                        names.join(", ")
                    ),
                })
            })?;
            Ok(features.with(named))
        })?;
        Ok(Self(Kind::Machine(triple, features)))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Machine(triple, features) => {
                write!(f, "{triple}")?;
                let names = Cpu::of(triple.architecture).shortest_names(*features);
                names.iter().try_for_each(|name| write!(f, "+{name}"))
            }
            Kind::Portable => f.write_str("portable"),
            Kind::Source => f.write_str("source"),
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
            let said = target.to_string();
            assert_eq!(said.parse::<Target>().unwrap(), target, "{said}");
            assert_eq!(
                said.replace("aarch64-unknown-linux-android", "aarch64-linux-android"),
                text
            );
        }
        let native = Target::native();
        assert!(native.runs_here() && native.has_triple_of(&Target::host()));
        assert_eq!(native.to_string().parse::<Target>().unwrap(), native);
    }

    #[test]
    fn what_makes_no_difference_is_not_told_apart() {
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
        for (text, why) in [
            ("nonsense", "is no target"),
            ("x86_64-unknown-linux-gnu+v9", "unknown CPU level or feature `v9`"),
            ("x86_64-unknown-linux-gnu+", "unknown CPU level or feature ``"),
            ("aarch64-apple-darwin+v3", "there are v8.1"),
            ("s390x-unknown-linux-gnu+v3", "no CPU features to name"),
            ("portable+v3", "is no target"),
            ("wasm32-wasip1", "Wasmtime has no compiler for wasm32"),
            ("x86_64-unknown-linux-gnux32", "64-bit ABIs alone"),
            ("", "is no target"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
