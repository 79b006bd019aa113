//! Runs the tests in `docs/faults.md` and prints which rows hold.

#[path = "../../tests/faults/page.rs"]
mod page;
mod programs;

use crate::libtest::Outcome;
use crate::{Result, files, root};
use page::{NONE, WAITS};
use programs::Program;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the rows with their tests, and run nothing
    #[arg(long)]
    list: bool,
}

/// A row of the table.
struct Row {
    number: u32,
    fault: String,
    tests: Vec<Test>,
    waits: bool,
}

/// A test, by its file and function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    file: String,
    name: String,
}

/// The result of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Holds,
    Waits,
    Fails,
}

pub(crate) fn run(args: &Args) -> Result {
    let text = files::read(&root().join("docs/faults.md"))?;
    let rows: Vec<Row> = text.lines().filter_map(Row::parse).collect();
    if args.list {
        rows.iter().for_each(|row| row.print(None, &BTreeMap::new()));
        return Ok(());
    }
    let mut outcomes = BTreeMap::new();
    for program in Program::build()? {
        let tests = rows.iter().flat_map(|row| &row.tests);
        let mut tests: Vec<Test> =
            tests.filter(|test| program.contains(&test.file)).cloned().collect();
        tests.sort();
        tests.dedup();
        if !tests.is_empty() {
            eprintln!("{}: {} tests", program.name(), tests.len());
            outcomes.extend(program.run(tests)?);
        }
    }
    let verdicts = rows.iter().map(|row| row.verdict(&outcomes)).collect::<Vec<_>>();
    for (row, verdict) in rows.iter().zip(&verdicts) {
        row.print(Some(*verdict), &outcomes);
    }
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let failing = count(Verdict::Fails);
    let fail = if failing > 0 { format!(", {failing} fail") } else { String::new() };
    let (hold, wait) = (count(Verdict::Holds), count(Verdict::Waits));
    println!("faults: {hold} of {} rows hold, {wait} wait{fail}", rows.len());
    if failing == 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

impl Row {
    /// Parses a line of the page; other lines are none.
    fn parse(line: &str) -> Option<Self> {
        let (number, fault, cell) = page::row(line)?;
        let fault = fault.split_once("| ")?.1.split_once("| ")?.1;
        let fault = fault.trim_end_matches(['|', ' ']).to_owned();
        let tests =
            cell.split("; ").filter_map(|part| part.split_once(": `")).flat_map(|(file, names)| {
                let file = file.trim_matches('`');
                names.split(", ").map(move |name| Test {
                    file: file.into(),
                    name: name.trim_matches('`').into(),
                })
            });
        Some(Self { number, fault, tests: tests.collect(), waits: cell.ends_with(WAITS) })
    }

    /// A row holds if at least one of its tests ran, and none failed. A test that only other systems have is
    /// not run here.
    fn verdict(&self, outcomes: &BTreeMap<Test, Outcome>) -> Verdict {
        let of_tests = || self.tests.iter().filter_map(|test| outcomes.get(test));
        if of_tests().any(|outcome| *outcome == Outcome::Failed) {
            Verdict::Fails
        } else if self.waits {
            Verdict::Waits
        } else if of_tests().any(|outcome| *outcome == Outcome::Passed) {
            Verdict::Holds
        } else {
            Verdict::Fails
        }
    }

    fn print(&self, verdict: Option<Verdict>, outcomes: &BTreeMap<Test, Outcome>) {
        let state = match verdict {
            None => "",
            Some(Verdict::Holds) => "holds  ",
            Some(Verdict::Waits) => "waits  ",
            Some(Verdict::Fails) => "FAILS  ",
        };
        println!("{:>3}  {state}{}", self.number, self.fault);
        for test in &self.tests {
            let outcome = match (verdict, outcomes.get(test)) {
                (None, _) => "",
                (_, Some(Outcome::Passed)) => "ok      ",
                (_, Some(Outcome::Failed)) => "FAILED  ",
                (_, None) => "not run ",
            };
            println!("       {outcome}{}: {}", test.file, test.name);
        }
        if self.tests.is_empty() {
            println!("       {}", if self.waits { WAITS } else { NONE });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str) -> Test {
        Test { file: "a/x.rs".into(), name: name.into() }
    }

    #[test]
    fn rows_hold_fail_or_wait() {
        let row = Row::parse("| 7 | a `|` b | `a/x.rs`: `fault_07_a`, `fault_07_b`; `c.rs`: `d` |")
            .unwrap();
        assert_eq!((row.number, row.fault.as_str(), row.waits), (7, "a `|` b", false));
        assert_eq!(row.tests[..2], [test("fault_07_a"), test("fault_07_b")]);
        assert_eq!(row.tests[2].file, "c.rs");
        let verdict = |outcomes: &[(&str, Outcome)]| {
            row.verdict(&outcomes.iter().map(|(name, outcome)| (test(name), *outcome)).collect())
        };
        assert_eq!(verdict(&[("fault_07_a", Outcome::Passed)]), Verdict::Holds);
        assert_eq!(verdict(&[]), Verdict::Fails);
        let mixed = [("fault_07_a", Outcome::Passed), ("fault_07_b", Outcome::Failed)];
        assert_eq!(verdict(&mixed), Verdict::Fails);

        let waiting = Row::parse("| 9 | x | `a/x.rs`: `fault_09_a`; waits: remote tier |").unwrap();
        assert_eq!(waiting.tests, [test("fault_09_a")]);
        assert_eq!(waiting.verdict(&BTreeMap::new()), Verdict::Waits);
        let failed = BTreeMap::from([(test("fault_09_a"), Outcome::Failed)]);
        assert_eq!(waiting.verdict(&failed), Verdict::Fails);
        let none = Row::parse("| 10 | x | no test yet |").unwrap();
        assert_eq!(none.verdict(&BTreeMap::new()), Verdict::Fails);
    }
}
