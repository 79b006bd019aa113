//! The ranks of known advisories: whether they are about the code that Wasmtime generates.
//!
//! All of them count. Ranks order them for readers, because advisories do not say what must be compiled again.

use serde::Serialize;

/// The subject of an advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Rank {
    /// The code that Wasmtime generates: artifacts have the fault until they are compiled again.
    GeneratedCode,
    /// Unknown: the table of wasmport does not have the advisory.
    Unranked,
    /// The runtime: programs have the fault, until they are built with another version.
    Runtime,
    /// Parts that artifacts do not have: WASI, the C API, and the compiler Winch, which imports do not use.
    Other,
}

impl Rank {
    /// Returns its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GeneratedCode => "generated code",
            Self::Unranked => "unranked",
            Self::Runtime => "runtime",
            Self::Other => "other",
        }
    }

    /// Returns the rank of an advisory about a crate.
    pub(super) fn of(id: &str, package: &str) -> Self {
        match KNOWN.iter().find(|(known, _)| *known == id) {
            Some((_, rank)) => *rank,
            None if package.starts_with("cranelift-") => Self::GeneratedCode,
            None => Self::Unranked,
        }
    }
}

/// The known advisories of the crates in `crates.rs`, by their titles and the advisories of Wasmtime that they refer to,
/// as of RustSec's database of 2026-10-03. Those whose titles leave it open are not in the list.
const KNOWN: &[(&str, Rank)] = &[
    // Cranelift's register allocation on x86-64.
    ("RUSTSEC-2021-0067", Rank::GeneratedCode),
    // Stack maps at safepoints, beside two faults of the runtime.
    ("RUSTSEC-2021-0110", Rank::GeneratedCode),
    // Stack maps in cold blocks, which epoch interruption adds.
    ("RUSTSEC-2022-0016", Rank::GeneratedCode),
    // Pooling allocator.
    ("RUSTSEC-2022-0075", Rank::Runtime),
    ("RUSTSEC-2022-0076", Rank::Runtime),
    // Miscompiled `i8x16.swizzle` and `select`.
    ("RUSTSEC-2022-0095", Rank::GeneratedCode),
    // Pooling allocator, `externref`.
    ("RUSTSEC-2022-0096", Rank::Runtime),
    // C API.
    ("RUSTSEC-2022-0097", Rank::Other),
    // Pooling allocator.
    ("RUSTSEC-2022-0098", Rank::Runtime),
    // As RUSTSEC-2022-0016.
    ("RUSTSEC-2022-0099", Rank::GeneratedCode),
    // Stack maps after register allocation.
    ("RUSTSEC-2022-0100", Rank::GeneratedCode),
    // Miscompiled division by constants on AArch64.
    ("RUSTSEC-2022-0101", Rank::GeneratedCode),
    // Pooling allocator without memory pages.
    ("RUSTSEC-2022-0102", Rank::Runtime),
    // Miscompiled addresses on x86-64.
    ("RUSTSEC-2023-0090", Rank::GeneratedCode),
    // Miscompiled `i64x2.shr_s` on x86-64.
    ("RUSTSEC-2023-0091", Rank::GeneratedCode),
    // Undefined behaviour in Rust functions.
    ("RUSTSEC-2023-0092", Rank::Runtime),
    // Miscompiled `i8x16.select` on x86-64.
    ("RUSTSEC-2023-0093", Rank::GeneratedCode),
    // WASI: names of devices on Windows.
    ("RUSTSEC-2024-0438", Rank::Other),
    // Registry of types.
    ("RUSTSEC-2024-0439", Rank::Runtime),
    // Stack traces.
    ("RUSTSEC-2024-0440", Rank::Runtime),
    // Dropped element segments.
    ("RUSTSEC-2024-0441", Rank::Runtime),
    // WASI: `fd_renumber`.
    ("RUSTSEC-2025-0046", Rank::Other),
    // API of shared memories.
    ("RUSTSEC-2025-0118", Rank::Runtime),
    // Miscompiled `f64.copysign` on x86-64.
    ("RUSTSEC-2026-0006", Rank::GeneratedCode),
    // WASI: resource exhaustion, and fields of HTTP.
    ("RUSTSEC-2026-0020", Rank::Other),
    ("RUSTSEC-2026-0021", Rank::Other),
    // Dropped futures of calls.
    ("RUSTSEC-2026-0022", Rank::Runtime),
    // Lifting of flags.
    ("RUSTSEC-2026-0085", Rank::Runtime),
    // Winch.
    ("RUSTSEC-2026-0086", Rank::Other),
    // Miscompiled `f64x2.splat` on x86-64.
    ("RUSTSEC-2026-0087", Rank::GeneratedCode),
    // Pooling allocator.
    ("RUSTSEC-2026-0088", Rank::Runtime),
    // Winch.
    ("RUSTSEC-2026-0089", Rank::Other),
    // Cloned linkers.
    ("RUSTSEC-2026-0090", Rank::Runtime),
    // Winch.
    ("RUSTSEC-2026-0094", Rank::Other),
    ("RUSTSEC-2026-0095", Rank::Other),
    // Miscompiled heap accesses on AArch64.
    ("RUSTSEC-2026-0096", Rank::GeneratedCode),
    // Allocation of tables.
    ("RUSTSEC-2026-0114", Rank::Runtime),
    // Stores of several engines.
    ("RUSTSEC-2026-0222", Rank::Runtime),
    // WASI: streams, and paths with slashes at the end.
    ("RUSTSEC-2026-0268", Rank::Other),
    ("RUSTSEC-2026-0269", Rank::Other),
    // Fuel of `call_ref` and `catch`.
    ("RUSTSEC-2026-0315", Rank::GeneratedCode),
    // Fuel of lifting records.
    ("RUSTSEC-2026-0316", Rank::Runtime),
    // Imports of tags.
    ("RUSTSEC-2026-0325", Rank::Runtime),
    // Stack maps of `try_call`.
    ("RUSTSEC-2026-0326", Rank::GeneratedCode),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_advisory_stands_once_in_order() {
        assert!(KNOWN.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(Rank::of("RUSTSEC-2026-0326", "wasmtime"), Rank::GeneratedCode);
        assert_eq!(Rank::of("RUSTSEC-2099-0001", "wasmtime"), Rank::Unranked);
        assert_eq!(Rank::of("RUSTSEC-2099-0001", "cranelift-codegen"), Rank::GeneratedCode);
    }
}
