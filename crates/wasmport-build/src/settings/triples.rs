//! Common targets: those that the command lists, and that messages propose.

use crate::names::nearest;
use wasmport::engine::Target;

/// Common triples. Wasmtime compiles for others, too.
const TRIPLES: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "riscv64gc-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "aarch64-linux-android",
    "x86_64-unknown-freebsd",
];

/// Targets whose names are words.
const WORDS: &[&str] = &["native", "portable", "source"];

/// Triples with the same code as one of [`TRIPLES`].
const ALIASES: &[&str] = &[
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-gnu",
    "riscv64-unknown-linux-gnu",
];

/// Returns common targets: triples at their baseline, Wasmtime's interpreter, and the wasm itself.
pub fn common_targets() -> impl Iterator<Item = Target> {
    let triples = TRIPLES.iter().filter_map(|text| text.parse().ok());
    triples.chain([Target::PORTABLE, Target::SOURCE])
}

/// Returns the name nearest to what makes `text` no target: of a target, or of a CPU level or feature.
#[must_use]
pub fn nearest_target(text: &str) -> Option<&'static str> {
    let mut parts = text.split('+');
    let triple = parts.next().unwrap_or_default();
    let Ok(target) = triple.parse::<Target>() else {
        return nearest(triple, TRIPLES.iter().chain(ALIASES).chain(WORDS).copied());
    };
    let unknown = parts.find(|name| target.with_cpu(name).is_err())?;
    nearest(unknown, target.cpu_levels().chain(target.known_cpu_features()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_is_wrong_decides() {
        for (text, nearest) in [
            ("x86-64-unknown-linux-gnu", Some("x86_64-unknown-linux-gnu")),
            ("x86_64-unknown-linx-musl", Some("x86_64-unknown-linux-musl")),
            // It is a name of aarch64.
            ("arm64-apple-darwin", None),
            ("portabel", Some("portable")),
            ("x86_64-unknown-linux-gnu+popcount", Some("popcnt")),
            ("x86_64-unknown-linux-gnu+v3", None),
            ("wasm32-wasip1", None),
            ("quite-another-thing", None),
        ] {
            assert_eq!(nearest_target(text), nearest, "{text}");
        }
    }
}
