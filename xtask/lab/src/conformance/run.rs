//! Runs each script in its own process, so that a crash ends only one.

use super::outcome::Outcome;
use std::path::Path;
use std::process::Command;

/// Runs a script's program and completes the outcomes from its output.
pub(super) fn run(program: &Path, script: &str, outcomes: &mut [Outcome]) -> crate::Result {
    let output = Command::new(program)
        .arg(script)
        .output()
        .map_err(|e| format!("cannot run `{}`: {e}", program.display()))?;
    read(&String::from_utf8_lossy(&output.stdout), outcomes);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let end = format!("the program ended before it ({}): {stderr}", output.status);
        let unknown = outcomes.iter_mut().filter(|outcome| **outcome == Outcome::Unknown);
        unknown.for_each(|outcome| *outcome = Outcome::Failed(end.clone()));
    }
    Ok(())
}

/// Reads output: each line has a directive's number and, if it failed, a tab and the reason.
fn read(lines: &str, outcomes: &mut [Outcome]) {
    for line in lines.lines() {
        let (number, wrong) = match line.split_once('\t') {
            Some((number, wrong)) => (number, Some(wrong)),
            None => (line, None),
        };
        if let Some(outcome) = number.parse::<usize>().ok().and_then(|n| outcomes.get_mut(n)) {
            *outcome = wrong.map_or(Outcome::Passed, |wrong| Outcome::Failed(wrong.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_without_output_stay_unknown() {
        let mut outcomes = vec![Outcome::Unknown; 3];
        read("0\n2\texpected 1\n9\nnoise\n", &mut outcomes);
        assert_eq!(
            outcomes,
            [Outcome::Passed, Outcome::Unknown, Outcome::Failed("expected 1".into())]
        );
    }
}
