//! The outcomes of tests by name, read from the test harness, and their comparison.

use std::collections::BTreeMap;

/// Whether each test passed.
pub(super) type Outcomes = BTreeMap<String, bool>;

/// The result of a comparison.
#[derive(Default)]
pub(super) struct Compared {
    pub same: usize,
    pub differences: Vec<String>,
}

/// Reads the lines `test NAME ... ok` of a test harness.
pub(super) fn read(text: &str) -> Outcomes {
    let lines = text.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    let outcomes = lines.filter_map(|(name, outcome)| {
        let name = name.trim_end_matches(" - should panic");
        match outcome.trim() {
            "ok" => Some((name.to_owned(), true)),
            "FAILED" => Some((name.to_owned(), false)),
            _ => None,
        }
    });
    outcomes.collect()
}

/// Compares outcomes elsewhere with those here. A test that another system does not have is left out.
pub(super) fn compare(here: &Outcomes, there: &Outcomes) -> Compared {
    let mut found = Compared::default();
    for (name, outcome) in there {
        match here.get(name) {
            Some(same) if same == outcome && *outcome => found.same += 1,
            None if *outcome => found.same += 1,
            _ => found.differences.push(format!("{name}: {}", describe(*outcome))),
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

fn describe(passed: bool) -> &'static str {
    if passed { "passes there and fails here" } else { "fails there" }
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
