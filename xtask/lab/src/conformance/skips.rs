//! Reads the reviewed list of directives that are skipped, each with its reason.

use super::outcome::Outcome;
use super::script::{Directive, Script};
use crate::files;
use globset::{Glob, GlobMatcher};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::collections::HashSet;
use std::path::Path;

/// The file that lists all skipped directives.
pub(super) const FILE: &str = "fixtures/conformance/skips.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skips {
    #[serde(default)]
    skip: Vec<Skip>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    /// Glob of paths as they are printed.
    #[serde(deserialize_with = "glob")]
    files: GlobMatcher,
    lines: Option<Vec<usize>>,
    directive: Option<String>,
    #[expect(dead_code, reason = "parsing it checks that it is one of these")]
    reason: Reason,
    #[expect(dead_code, reason = "for those who read the file")]
    why: String,
}

/// The reasons that an entry may have.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// This version of Wasmtime lacks the feature.
    NotInWasmtime,
    /// The directive does not involve a wrapper.
    NoWrapper,
}

impl Skips {
    pub fn read() -> crate::Result<Self> {
        let text = files::read(&crate::root().join(FILE))?;
        Self::parse(&text).map_err(|e| format!("`{FILE}`: {e}").into())
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Fails if an entry, or one of its lines, skips nothing.
    pub fn check(&self, scripts: &[Script]) -> crate::Result {
        let Some(skip) = self.skip.iter().find(|skip| !skip.is_used(scripts)) else {
            return Ok(());
        };
        let Skip { files, lines, directive, .. } = skip;
        let files = files.glob();
        Err(format!(
            "`{FILE}`: the entry for `{files}`, lines {lines:?}, directive {directive:?} is outdated: \
             a part of it skips nothing"
        )
        .into())
    }

    /// Returns the outcome of each directive before the run: skipped or unknown.
    pub fn outcomes(&self, script: &Script) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Unknown; script.directives.len()];
        for directive in self.skip.iter().flat_map(|skip| skip.directives(script)) {
            outcomes[directive] = Outcome::Skipped;
        }
        outcomes
    }
}

impl Skip {
    fn is_used(&self, scripts: &[Script]) -> bool {
        let directives = scripts.iter().flat_map(|script| {
            self.directives(script).map(|directive| script.directives[directive].line)
        });
        let used: HashSet<usize> = directives.collect();
        match &self.lines {
            Some(lines) => lines.iter().all(|line| used.contains(line)),
            None => !used.is_empty(),
        }
    }

    /// Returns the directives that the entry skips.
    fn directives(&self, script: &Script) -> impl Iterator<Item = usize> {
        let is_selected = |directive: &Directive| {
            script.paths.iter().any(|path| self.files.is_match(Path::new(path)))
                && self.lines.as_ref().is_none_or(|lines| lines.contains(&directive.line))
                && self.directive.as_ref().is_none_or(|name| name == directive.name)
        };
        let directives = script.directives.iter().enumerate();
        directives.filter_map(move |(i, directive)| is_selected(directive).then_some(i))
    }
}

fn glob<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GlobMatcher, D::Error> {
    let glob = Glob::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(entries: &str) -> crate::Result<Vec<Vec<Outcome>>> {
        let text = "(module)\n(module)\n(assert_invalid (module) \"\")\n";
        let scripts =
            [Script::parse("a/x.wast".into(), text), Script::parse("b/y.wast".into(), text)];
        let skips = Skips::parse(entries)?;
        skips.check(&scripts)?;
        Ok(scripts.iter().map(|script| skips.outcomes(script)).collect())
    }

    const REASON: &str = "reason = \"no-wrapper\"\nwhy = \"\"\n";

    #[test]
    fn entries_select_by_file_line_and_directive() {
        use Outcome::{Skipped, Unknown};
        let outcomes = |entry: &str| apply(&format!("[[skip]]\n{entry}\n{REASON}")).unwrap();
        let none = [Unknown, Unknown, Unknown];
        assert_eq!(outcomes("files = \"a/*\""), [[Skipped, Skipped, Skipped], none.clone()]);
        assert_eq!(outcomes("files = \"a/*\"\nlines = [2]")[0], [Unknown, Skipped, Unknown]);
        let directive = "files = \"**/x.wast\"\ndirective = \"assert_invalid\"";
        assert_eq!(outcomes(directive)[0], [Unknown, Unknown, Skipped]);
    }

    #[test]
    fn entries_that_skip_nothing_are_errors() {
        assert!(apply(&format!("[[skip]]\nfiles = \"c/*\"\n{REASON}")).is_err());
        assert!(apply(&format!("[[skip]]\nfiles = \"a/*\"\nlines = [2, 9]\n{REASON}")).is_err());
        let other = "[[skip]]\nfiles = \"a/*\"\nreason = \"hard\"\nwhy = \"\"";
        assert!(apply(other).is_err());
    }
}
