//! The outcomes of tests by name, read from the test harness, and their comparison.

use crate::libtest::{self, Outcome};
use std::collections::BTreeMap;

/// The outcome of each test.
pub(super) type Outcomes = BTreeMap<String, Outcome>;

/// The result of a comparison.
#[derive(Default)]
pub(super) struct Compared {
    pub same: usize,
    pub differences: Vec<String>,
}

/// Reads the lines of a test harness.
pub(super) fn read(text: &str) -> Outcomes {
    libtest::outcomes(text).map(|(name, outcome)| (name.to_owned(), outcome)).collect()
}

/// Compares outcomes elsewhere with those here. A test that another system does not have is left out.
pub(super) fn compare(here: &Outcomes, there: &Outcomes) -> Compared {
    let mut found = Compared::default();
    for (name, outcome) in there {
        match (here.get(name), outcome) {
            (Some(Outcome::Passed) | None, Outcome::Passed) => found.same += 1,
            (Some(Outcome::Failed), Outcome::Passed) => {
                found.differences.push(format!("{name}: passes there and fails here"));
            }
            (_, Outcome::Failed) => found.differences.push(format!("{name}: fails there")),
        }
    }
    if there.is_empty() {
        found.differences.push("no test ran".into());
    }
    found
}

/// Compares the lines of a program here and elsewhere.
pub(super) fn compare_lines(here: &[String], there: &str) -> Compared {
    let mut found = Compared::default();
    let mut lines = there.lines();
    for line in here {
        match lines.next() {
            Some(other) if other == line && !line.contains("DIFFERENT") => found.same += 1,
            other => found.differences.push(format!("here {line}\n    there {other:?}")),
        }
    }
    found.differences.extend(lines.map(|line| format!("there alone {line}")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_that_pass_on_both_are_the_same() {
        let here = read("running 2 tests\ntest a::b ... ok\ntest c ... ok\ntest d ... ignored\n");
        assert_eq!(here.len(), 2);
        let there = read("test a::b ... ok\ntest c ... FAILED\n");
        let found = compare(&here, &there);
        assert_eq!((found.same, found.differences), (1, vec!["c: fails there".to_owned()]));
        assert_eq!(compare(&here, &Outcomes::new()).differences, ["no test ran"]);
    }
}
