//! The tally of a corpus: prints each verdict and counts them.

use super::index::Index;
use super::verdict::{Outcome, Verdict};
use calls::printable;
use std::fmt;
use std::path::Path;

/// Counts of files; `Display` is the summary.
#[derive(Debug, Default)]
pub(super) struct Tally {
    accepted: usize,
    refused: usize,
    panicked: usize,
    expected: usize,
    different: usize,
    missing: usize,
    wrappers_compiled: usize,
    wrappers_failed: usize,
}

impl Tally {
    /// Prints and counts one file.
    pub fn add(&mut self, outcome: &Outcome, index: Option<&Index>) {
        *match outcome.verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Refused => &mut self.refused,
            Verdict::Panicked => &mut self.panicked,
        } += 1;
        let note = self.compare(outcome, index);
        println!("{outcome}{note}");
    }

    /// Compares a verdict with the index. Without an index every verdict is expected, and a file that is
    /// missing in the index counts as neither. A panic is counted elsewhere and never expected.
    fn compare(&mut self, outcome: &Outcome, index: Option<&Index>) -> String {
        let verdict = outcome.verdict;
        match index.map_or(Some(verdict), |index| index.verdict(&outcome.source)) {
            None => " (not in the index)".into(),
            _ if verdict == Verdict::Panicked => String::new(),
            Some(expected) if expected == verdict => {
                self.expected += 1;
                String::new()
            }
            Some(expected) => {
                self.different += 1;
                format!(" (different: expected is {expected})")
            }
        }
    }

    /// Counts files of the index that were not imported; those that `dir` lacks are no difference.
    pub fn add_absent(&mut self, absent: &[&str], dir: &Path) {
        for source in absent {
            if dir.join(source).exists() {
                self.different += 1;
                println!("{:<9} {} (different: the import left it out)", "", printable(source));
            } else {
                self.missing += 1;
                println!("{:<9} {}", "missing", printable(source));
            }
        }
    }

    /// Counts the wrappers of all accepted files, of which `failed` do not compile.
    pub fn add_wrappers(&mut self, failed: usize) {
        self.wrappers_compiled = self.accepted.saturating_sub(failed);
        self.wrappers_failed = failed;
    }

    /// Returns how many files there are of each kind.
    pub fn files(&self) -> String {
        let Self { accepted, refused, panicked, missing, .. } = self;
        format!("{accepted} accepted, {refused} refused, {panicked} panicked, {missing} missing")
    }

    pub fn is_good(&self) -> bool {
        self.different + self.panicked + self.wrappers_failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "corpus: {} as expected, {} different, {} panicked, {} wrappers compiled, {} wrappers failed",
            self.expected,
            self.different,
            self.panicked,
            self.wrappers_compiled,
            self.wrappers_failed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes() -> [Outcome; 3] {
        [
            Outcome::new("a/1.wasm", Verdict::Accepted),
            Outcome::new("a/2.wasm", Verdict::Refused),
            Outcome::new("a/3.wasm", Verdict::Panicked),
        ]
    }

    #[test]
    fn without_an_index_only_panics_are_bad() {
        let mut tally = Tally::default();
        outcomes()[..2].iter().for_each(|outcome| tally.add(outcome, None));
        assert!(tally.is_good());
        tally.add(&outcomes()[2], None);
        tally.add_wrappers(0);
        assert!(!tally.is_good());
        assert_eq!(
            tally.to_string(),
            "corpus: 2 as expected, 0 different, 1 panicked, 1 wrappers compiled, 0 wrappers failed"
        );
    }

    #[test]
    fn with_an_index_each_verdict_must_be_the_expected_one() {
        let text =
            "package\tfile\tverdict\na\t2.wasm\taccept\na\t3.wasm\trefuse\na\t4.wasm\taccept\n";
        let index = Index::parse(text, false).unwrap();
        let mut tally = Tally::default();
        outcomes().iter().for_each(|outcome| tally.add(outcome, Some(&index)));
        tally.add_absent(&index.absent_from(&outcomes()), Path::new("/nowhere"));
        assert_eq!(tally.files(), "1 accepted, 1 refused, 1 panicked, 1 missing");
        assert_eq!(
            tally.to_string(),
            "corpus: 0 as expected, 1 different, 1 panicked, 0 wrappers compiled, 0 wrappers failed"
        );
    }
}
