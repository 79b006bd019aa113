//! `Compiler`: the Wasmtime that compiled code, as far as it is known.

use rustsec::Version;
use std::fmt;

/// The Wasmtime that compiled code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Compiler {
    /// This release.
    Release(Version),
    /// Some release of this major version: code alone has no more.
    Major(u64),
}

impl Compiler {
    /// Parses a version as manifests, markers and code have it; none if it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let major = || text.parse().ok().map(Self::Major);
        Version::parse(text).ok().map(Self::Release).or_else(major)
    }

    /// Returns the oldest release that it may be.
    pub fn oldest(&self) -> Version {
        match self {
            Self::Release(version) => version.clone(),
            Self::Major(major) => Version::new(*major, 0, 0),
        }
    }

    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Release(_))
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(version) => version.fmt(f),
            Self::Major(major) => major.fmt(f),
        }
    }
}
