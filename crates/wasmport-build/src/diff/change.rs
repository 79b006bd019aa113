//! `Change`: a difference of one import or export.

use super::level::{Compatibility, Level, Verdict};
use serde::Serialize;

/// The direction of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Direction {
    /// Imports.
    Import,
    /// Exports.
    Export,
}

impl Direction {
    /// Returns `import` or `export`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// A difference of one import or export: without a type before, the item is new; without one after, it was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Change {
    /// The direction.
    pub direction: Direction,
    /// The module or the interface that the item belongs to; empty if it belongs to none.
    pub of: String,
    /// The name of the item; empty if it is the interface itself.
    pub name: String,
    /// Its type before.
    pub before: Option<String>,
    /// Its type after.
    pub after: Option<String>,
    /// The meaning for a program.
    pub compatibility: Compatibility,
    /// The part of the version that it raises.
    pub level: Level,
    /// The reason for both.
    pub reason: String,
    /// The parts of the type that differ, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// The item of a change, and its types.
pub(super) struct Subject {
    pub direction: Direction,
    pub of: String,
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Change {
    pub(super) fn new(subject: Subject, verdict: Verdict) -> Self {
        let Subject { direction, of, name, before, after } = subject;
        let Verdict { compatibility, level, reason } = verdict;
        Self {
            direction,
            of,
            name,
            before,
            after,
            compatibility,
            level,
            reason,
            details: Vec::new(),
        }
    }

    /// Returns the item as messages name it.
    pub(super) fn shown(&self) -> String {
        match (self.of.as_str(), self.name.as_str()) {
            ("", name) => format!("{name:?}"),
            (of, "") => of.to_owned(),
            (of, name) => format!("{of} {name:?}"),
        }
    }

    /// Returns whether the item is new.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }
}
