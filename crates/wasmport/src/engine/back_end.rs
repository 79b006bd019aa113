//! `BackEnd`: what runs artifacts of a kind.

use super::Target;
use std::fmt;

/// What runs artifacts of a kind. A [`Runtime`](crate::Runtime) has one, so that the assets it loads
/// can be linked with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackEnd {
    /// The processor: artifacts for its triple.
    Native,
    /// Wasmtime's interpreter, Pulley (cargo feature `pulley`): `portable` artifacts.
    Portable,
    /// The compiler (cargo feature `compile`): `source` artifacts, compiled when they are loaded.
    Source,
}

impl BackEnd {
    /// All of them, the one with the fastest loads and calls first.
    pub(crate) const ALL: [Self; 3] = [Self::Native, Self::Portable, Self::Source];

    /// What runs artifacts for `target`.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        if target.is_portable() {
            Self::Portable
        } else if target.is_source() {
            Self::Source
        } else {
            Self::Native
        }
    }

    /// The cargo feature that brings it.
    #[must_use]
    pub fn cargo_feature(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::Portable => Some("pulley"),
            Self::Source => Some("compile"),
        }
    }

    /// Whether this program has it.
    #[must_use]
    pub fn is_in_this_program(self) -> bool {
        match self {
            Self::Native => true,
            Self::Portable => cfg!(feature = "pulley") && Target::PORTABLE.runs_here(),
            Self::Source => cfg!(feature = "compile"),
        }
    }
}

impl fmt::Display for BackEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "machine code",
            Self::Portable => "the interpreter",
            Self::Source => "the compiler",
        })
    }
}
