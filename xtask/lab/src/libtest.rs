//! The outcomes of tests, read from the lines of the test harness.

/// The outcome of a test that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
}

/// Returns the names and outcomes in lines such as `test NAME ... ok`. Ignored tests have none.
pub(crate) fn outcomes(text: &str) -> impl Iterator<Item = (&str, Outcome)> {
    text.lines().filter_map(|line| {
        let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        match outcome.trim_end() {
            "ok" => Some((name, Outcome::Passed)),
            "FAILED" => Some((name, Outcome::Failed)),
            _ => None,
        }
    })
}

/// Returns whether the harness ran to its end.
pub(crate) fn has_ended(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("test result: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_harness_are_read() {
        let text = "running 4 tests\ntest a::fault_01_x ... ok\r\ntest b - should panic ... FAILED\n\
            test c ... ignored\ntest d ... ignored, why\n\ntest result: FAILED. 1 passed\n";
        let expected = [("a::fault_01_x", Outcome::Passed), ("b", Outcome::Failed)];
        assert!(outcomes(text).eq(expected));
        assert!(has_ended(text));
        assert!(!has_ended("test a ... ok\n"));
    }
}
