//! `Denied`: a difference with which a command fails.

use serde::Serialize;

/// A kind of difference that can be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Denial {
    /// Assets that break programs, and removed assets.
    Breaking,
    /// Assets that want further parts of the system, added assets included.
    NewCapabilities,
    /// Assets with further imports, added assets included.
    NewImports,
    /// Assets and artifacts that are larger than before.
    Larger,
}

impl Denial {
    /// Returns its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::NewCapabilities => "new-capabilities",
            Self::NewImports => "new-imports",
            Self::Larger => "larger",
        }
    }
}

/// A denied difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Denied {
    /// The kind of difference.
    pub rule: Denial,
    /// The asset.
    pub path: String,
    /// The reason.
    pub message: String,
}
