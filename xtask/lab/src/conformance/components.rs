//! Imports the test suites of the component model and calls components of other toolchains through
//! their wrappers.

mod guests;
mod suite;
mod toolchains;
mod tools;

use std::fmt;

/// Counts of components and calls; `Display` is the summary.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

pub(super) fn run() -> crate::Result<Tally> {
    let mut tally = Tally::default();
    suite::run(&mut tally)?;
    guests::run(&mut tally)?;
    Ok(tally)
}

impl Tally {
    fn fail(&mut self, what: &str, why: &str) {
        self.failed += 1;
        println!("{what}: {}", calls::printable(why.trim_end()));
    }

    fn skip(&mut self, what: &str, why: &str) {
        self.skipped += 1;
        // The parser appends everything that it would accept.
        let why = why.split_once(", expected").map_or(why, |(why, _)| why);
        println!("{what}: skipped: {}", calls::printable(why));
    }

    pub fn is_good(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "components: {passed} passed, {failed} failed, {skipped} skipped")
    }
}
