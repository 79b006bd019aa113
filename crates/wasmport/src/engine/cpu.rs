//! CPU features: the instruction sets beyond an architecture's baseline, and those of this machine.

use target_lexicon::Architecture;

/// A CPU feature.
struct Feature {
    /// Name in targets: that of Rust's CPU detection if it knows the feature.
    name: &'static str,
    /// Cranelift's flag.
    #[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only compiling reads it"))]
    flag: &'static str,
}

/// The CPU features and levels of one architecture.
pub(super) struct Cpu {
    features: &'static [Feature],
    /// Names for sets of features; each level includes the levels before it.
    levels: &'static [(&'static str, &'static [&'static str])],
}

macro_rules! features {
    ($($name:literal $flag:literal,)*) => { &[$(Feature { name: $name, flag: $flag },)*] };
}

/// The features of x86-64, with the levels of the [x86-64 psABI](https://gitlab.com/x86-psABIs/x86-64-ABI).
static X86_64: Cpu = Cpu {
    features: features![
        "sse3" "has_sse3",
        "ssse3" "has_ssse3",
        "sse4.1" "has_sse41",
        "sse4.2" "has_sse42",
        "popcnt" "has_popcnt",
        "cmpxchg16b" "has_cmpxchg16b",
        "avx" "has_avx",
        "avx2" "has_avx2",
        "bmi1" "has_bmi1",
        "bmi2" "has_bmi2",
        "fma" "has_fma",
        "lzcnt" "has_lzcnt",
        "avx512f" "has_avx512f",
        "avx512dq" "has_avx512dq",
        "avx512vl" "has_avx512vl",
        "avxvnni" "has_avx_vnni",
        "avx512bitalg" "has_avx512bitalg",
        "avx512vbmi" "has_avx512vbmi",
        "avx512vnni" "has_avx512vnni",
    ],
    levels: &[
        ("v2", &["sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cmpxchg16b"]),
        ("v3", &["avx", "avx2", "bmi1", "bmi2", "fma", "lzcnt"]),
        ("v4", &["avx512f", "avx512dq", "avx512vl"]),
    ],
};

/// The features of AArch64. A level is a version of the
/// [Arm architecture](https://developer.arm.com/documentation/109697), with those of its mandatory
/// features that Cranelift can use.
static AARCH64: Cpu = Cpu {
    features: features![
        "lse" "has_lse",
        "dotprod" "has_dotprod",
        "i8mm" "has_i8mm",
        "fp16" "has_fp16",
        "paca" "has_pauth",
        // Older CPUs skip these two as hints, so every machine has them.
        "pac-ret" "sign_return_address",
        "bti" "use_bti",
    ],
    levels: &[("v8.1", &["lse"]), ("v8.4", &["dotprod"]), ("v8.6", &["i8mm"])],
};

/// The features of RISC-V. A level is a [RISC-V profile](https://github.com/riscv/riscv-profiles), with
/// those of its features that Cranelift can use. The baseline is `rv64gc`.
static RISCV64: Cpu = Cpu {
    features: features![
        "zba" "has_zba",
        "zbb" "has_zbb",
        "zbs" "has_zbs",
        "zfhmin" "has_zfhmin",
        "v" "has_v",
        "zfa" "has_zfa",
        "zicond" "has_zicond",
        "zcb" "has_zcb",
        "zvbb" "has_zvbb",
        "zbc" "has_zbc",
        "zbkb" "has_zbkb",
        "zfh" "has_zfh",
        "zvfh" "has_zvfh",
    ],
    levels: &[
        ("rva22", &["zba", "zbb", "zbs", "zfhmin"]),
        ("rva23", &["v", "zfa", "zicond", "zcb", "zvbb"]),
    ],
};

static OTHER: Cpu = Cpu { features: &[], levels: &[] };

/// A set of an architecture's features, as bits in the order of its table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Features(u32);

impl Features {
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }
}

impl Cpu {
    pub fn of(architecture: Architecture) -> &'static Self {
        match architecture {
            Architecture::X86_64 => &X86_64,
            Architecture::Aarch64(_) => &AARCH64,
            Architecture::Riscv64(_) => &RISCV64,
            _ => &OTHER,
        }
    }

    /// Returns the features that a name after the `+` of a target adds: one, or all of a level.
    pub fn named(&self, name: &str) -> Option<Features> {
        self.level(name).or_else(|| self.feature(name))
    }

    fn feature(&self, name: &str) -> Option<Features> {
        self.features.iter().position(|feature| feature.name == name).map(|i| Features(1 << i))
    }

    fn level(&self, name: &str) -> Option<Features> {
        let end = self.levels.iter().position(|(level, _)| *level == name)?;
        let names = self.levels[..=end].iter().flat_map(|(_, names)| *names);
        Some(names.filter_map(|name| self.feature(name)).fold(Features::default(), Features::with))
    }

    /// Returns the names of the levels, the lowest first.
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.levels.iter().map(|(name, _)| *name)
    }

    /// Returns the names of the features, in the table's order.
    pub fn features(&self) -> impl Iterator<Item = &'static str> {
        self.features.iter().map(|feature| feature.name)
    }

    /// Returns the names of the features in `set`.
    pub fn names(&self, set: Features) -> impl Iterator<Item = &'static str> {
        self.in_set(set).map(|feature| feature.name)
    }

    /// Returns Cranelift's flags for the features in `set`.
    #[cfg(feature = "compile")]
    pub fn flags(&self, set: Features) -> impl Iterator<Item = &'static str> {
        self.in_set(set).map(|feature| feature.flag)
    }

    fn in_set(&self, set: Features) -> impl Iterator<Item = &'static Feature> {
        let of_table = self.features.iter().enumerate();
        of_table.filter(move |(i, _)| set.contains(Features(1 << i))).map(|(_, feature)| feature)
    }

    /// Returns the names that a target has for `set`: its highest level, then the remaining features.
    pub fn shortest_names(&self, set: Features) -> Vec<&'static str> {
        let level = self.levels().rev().find_map(|name| {
            self.level(name).filter(|level| set.contains(*level)).map(|level| (name, level))
        });
        let (name, named) = level.map_or((None, Features::default()), |(n, f)| (Some(n), f));
        let rest = Features(set.0 & !named.0);
        name.into_iter().chain(self.names(rest)).collect()
    }
}

/// Returns whether this machine has a feature of its architecture's table.
#[cfg(target_arch = "x86_64")]
pub(crate) fn this_cpu_has(feature: &str) -> bool {
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
        "lzcnt" "avx512dq" "avx512f" "avx512vl" "avxvnni" "avx512bitalg" "avx512vbmi" "avx512vnni"
    }
}

/// Returns whether this machine has a feature of its architecture's table.
#[cfg(target_arch = "aarch64")]
pub(crate) fn this_cpu_has(feature: &str) -> bool {
    use std::arch::is_aarch64_feature_detected;
    match feature {
        "lse" => is_aarch64_feature_detected!("lse"),
        "dotprod" => is_aarch64_feature_detected!("dotprod"),
        "i8mm" => is_aarch64_feature_detected!("i8mm"),
        "fp16" => is_aarch64_feature_detected!("fp16"),
        "paca" => is_aarch64_feature_detected!("paca"),
        "pac-ret" | "bti" => true,
        _ => false,
    }
}

/// Returns whether this machine has a feature of its architecture's table, by `/proc/cpuinfo` of
/// Linux: Rust and Wasmtime do not detect RISC-V features.
#[cfg(target_arch = "riscv64")]
pub(crate) fn this_cpu_has(feature: &str) -> bool {
    use std::sync::OnceLock;
    static CPUINFO: OnceLock<String> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a file of the system; when it is missing, no feature is detected"
    )]
    let cpuinfo =
        CPUINFO.get_or_init(|| std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default());
    riscv_has(cpuinfo, feature)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub(crate) fn this_cpu_has(_: &str) -> bool {
    false
}

/// Returns whether all harts of Linux's `/proc/cpuinfo` have an extension: `isa : rv64imafdcv_zba_zbb`.
#[cfg_attr(
    not(any(test, target_arch = "riscv64")),
    expect(dead_code, reason = "tested everywhere")
)]
fn riscv_has(cpuinfo: &str, extension: &str) -> bool {
    let mut harts = cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(key, _)| key.trim() == "isa")
        .map(|(_, isa)| isa.trim())
        .peekable();
    harts.peek().is_some()
        && harts.all(|isa| {
            let mut parts = isa.split('_');
            let letters = parts.next().and_then(|base| base.strip_prefix("rv64")).unwrap_or("");
            letters.split('_').any(|letters| extension.len() == 1 && letters.contains(extension))
                || parts.any(|part| part == extension)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_name_features_of_their_tables() {
        for cpu in [&X86_64, &AARCH64, &RISCV64] {
            let names = cpu.levels.iter().flat_map(|(_, names)| *names);
            names.for_each(|name| assert!(cpu.feature(name).is_some(), "{name}"));
            assert!(cpu.features.len() <= 32);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn detection_knows_every_feature() {
        // `detect` returns false for an unknown name.
        assert!(!this_cpu_has("no such feature"));
        if std::is_x86_feature_detected!("avx512vbmi") {
            let unknown = X86_64.features().filter(|feature| !this_cpu_has(feature));
            let unknown: Vec<_> = unknown.filter(|name| *name != "avxvnni").collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
    }

    #[test]
    fn riscv_features_are_read_from_cpuinfo() {
        let text = "processor\t: 0\nisa\t\t: rv64imafdcv_zicsr_zba_zbb\n\n\
                    processor\t: 1\nisa\t\t: rv64imafdcv_zicsr_zba\n";
        assert!(riscv_has(text, "v") && riscv_has(text, "zba"));
        assert!(!riscv_has(text, "zbb"), "only one hart has it");
        assert!(!riscv_has(text, "zb") && !riscv_has("", "v"));
    }
}
