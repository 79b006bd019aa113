//! Glob patterns over names and over source files.

use crate::error::PatternError;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns over names.
pub(crate) struct Patterns(Option<GlobSet>);

impl Patterns {
    /// Compiles `patterns`, which may be left open.
    pub fn new(patterns: Option<&Vec<String>>) -> Result<Self, PatternError> {
        let Some(patterns) = patterns else { return Ok(Self(None)) };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(name_glob(pattern)?);
        }
        let set = set.build().map_err(|e| error(&patterns.join("`, `"), e))?;
        Ok(Self(Some(set)))
    }

    /// Compiles one pattern.
    pub fn one(pattern: &str) -> Result<Self, PatternError> {
        Self::new(Some(&vec![pattern.into()]))
    }

    /// Returns whether a pattern matches; `default` if patterns are left open.
    pub fn matches(&self, name: &str, default: bool) -> bool {
        self.0.as_ref().map_or(default, |set| set.is_match(name))
    }
}

/// Compiles a pattern over names, which have no folders: `*` matches everything.
fn name_glob(pattern: &str) -> Result<Glob, PatternError> {
    let glob = GlobBuilder::new(pattern).literal_separator(false).backslash_escape(true).build();
    glob.map_err(|e| error(pattern, e))
}

/// Compiles a pattern over source files: `*` stays within a folder.
pub(crate) fn source_glob(pattern: &str) -> Result<Glob, PatternError> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_err(|e| error(pattern, e))
}

fn error(pattern: &str, source: globset::Error) -> PatternError {
    PatternError { pattern: pattern.into(), source }
}
