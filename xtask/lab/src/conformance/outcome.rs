//! Outcomes of directives: prints failures and counts all.

use super::script::Script;
use calls::printable;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The directive did not run yet.
    Unknown,
    Passed,
    Failed(String),
    Skipped,
}

/// Counts of outcomes; `Display` is the summary.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    /// Prints the failures of a script and counts its outcomes.
    pub fn add(&mut self, script: &Script, outcomes: &[Outcome]) {
        for (directive, outcome) in script.directives.iter().zip(outcomes) {
            match outcome {
                Outcome::Passed => self.passed += 1,
                Outcome::Skipped => self.skipped += 1,
                Outcome::Unknown => {
                    self.fail(script, directive.line, directive.name, "it did not run")
                }
                Outcome::Failed(why) => self.fail(script, directive.line, directive.name, why),
            }
        }
    }

    fn fail(&mut self, script: &Script, line: usize, directive: &str, why: &str) {
        self.failed += 1;
        println!("{}:{line}: {directive}: {}", script.path(), printable(why));
    }

    pub fn is_good(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "spec: {passed} passed, {failed} failed, {skipped} skipped")
    }
}
