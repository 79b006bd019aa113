//! `BackEnd`: the three ways to run an artifact.

use super::target::Target;
use std::fmt;

/// A way to run artifacts. A [`Runtime`](crate::Runtime) has one, so that its assets can be linked
/// with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackEnd {
    /// The processor: runs artifacts for its triple.
    Native,
    /// Wasmtime's interpreter, Pulley (cargo feature `pulley`): runs `portable` artifacts.
    Portable,
    /// The compiler (cargo feature `compile`): compiles `source` artifacts when they are loaded.
    Source,
}

impl BackEnd {
    /// All back ends, the one with the fastest loads and calls first.
    pub(crate) const ALL: [Self; 3] = [Self::Native, Self::Portable, Self::Source];

    /// Returns the back end that runs artifacts for `target`.
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

    /// Returns the cargo feature that provides it.
    #[must_use]
    pub fn cargo_feature(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::Portable => Some("pulley"),
            Self::Source => Some("compile"),
        }
    }

    /// Returns whether this program has it.
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
