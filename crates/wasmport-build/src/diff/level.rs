//! `Compatibility` and `Level`: the meaning of a difference for callers.

use serde::Serialize;

/// The meaning of a difference for a program that has a wrapper of the earlier file. The worst is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Compatibility {
    /// The program runs the new file as it is.
    Compatible,
    /// The program must be compiled again with the new wrapper; its source code stays as it is.
    NeedsRecompile,
    /// Source code of the program must change.
    Breaks,
}

impl Compatibility {
    /// Returns its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::NeedsRecompile => "needs-recompile",
            Self::Breaks => "breaks",
        }
    }
}

/// The part of a version that a difference raises, by the rules of [Semantic Versioning](https://semver.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Level {
    /// The interface is the same.
    Patch,
    /// The interface differs, and callers need not change.
    Minor,
    /// Callers must change.
    Major,
}

impl Level {
    /// Returns its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// The meaning of one difference, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub compatibility: Compatibility,
    pub level: Level,
    pub reason: String,
}

impl Verdict {
    /// Returns the verdict that callers notice nothing.
    pub fn patch(reason: &str) -> Self {
        Self {
            compatibility: Compatibility::Compatible,
            level: Level::Patch,
            reason: reason.into(),
        }
    }

    /// Returns the verdict that the interface differs, and programs run the new file as they are.
    pub fn minor(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { compatibility: Compatibility::Compatible, level: Level::Minor, reason }
    }

    /// Returns the verdict that programs must be compiled again.
    pub fn recompile(reason: &str) -> Self {
        let (compatibility, level) = (Compatibility::NeedsRecompile, Level::Minor);
        Self { compatibility, level, reason: reason.into() }
    }

    /// Returns the verdict that source code must change.
    pub fn breaks(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { compatibility: Compatibility::Breaks, level: Level::Major, reason }
    }
}
