//! Glob patterns over names and over source files.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// A malformed pattern.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the pattern `{pattern}`: {}", source.kind())]
pub(crate) struct PatternError {
    pattern: String,
    source: globset::Error,
}

impl PatternError {
    fn new(pattern: &str, source: globset::Error) -> Self {
        Self { pattern: pattern.into(), source }
    }
}

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
        let error = |e| PatternError::new(&patterns.join("`, `"), e);
        set.build().map(|set| Self(Some(set))).map_err(error)
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
    glob.map_err(|e| PatternError::new(pattern, e))
}

/// Compiles a pattern over source files: `*` stays within a folder.
pub(super) fn source_glob(pattern: &str) -> Result<Glob, PatternError> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_err(|e| PatternError::new(pattern, e))
}

impl From<PatternError> for String {
    fn from(error: PatternError) -> Self {
        error.to_string()
    }
}
