//! Runs of the programs, in turns.

use crate::build::Program;
use crate::error::{Error, Result};
use crate::files;
use crate::peers::{Module, Peer};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// How often each program is started.
struct Counts {
    /// Starts that end after the first call.
    starts: usize,
    /// Starts that time calls, and their rounds.
    timed: usize,
    rounds: u32,
}

const FULL: Counts = Counts { starts: 31, timed: 7, rounds: 30 };
const QUICK: Counts = Counts { starts: 3, timed: 1, rounds: 3 };

/// Figures by name, each the median of all runs.
pub(crate) type Figures = BTreeMap<String, f64>;
/// The figures of one peer for each of its modules.
pub(crate) type Measured = BTreeMap<Module, Figures>;

/// The line that a program prints.
#[derive(Deserialize)]
struct Line {
    result: String,
    #[serde(flatten)]
    figures: Figures,
}

/// Starts every program with each of its modules in turns, and returns the medians per program.
pub(crate) fn in_turns(
    built: &[(&'static Peer, Program)],
    artifacts: &Path,
    quick: bool,
) -> Result<Vec<Measured>> {
    let counts = if quick { QUICK } else { FULL };
    let mut samples: Vec<BTreeMap<Module, BTreeMap<String, Vec<f64>>>> =
        vec![BTreeMap::new(); built.len()];
    for turn in 0..counts.starts + counts.timed {
        // The turns that time calls are spread over the others.
        let is_timed = (turn * counts.timed) % (counts.starts + counts.timed) < counts.timed;
        if std::io::stderr().is_terminal() {
            eprint!("\rturn {} of {} ", turn + 1, counts.starts + counts.timed);
        }
        for ((peer, program), samples) in built.iter().zip(&mut samples) {
            for &(module, ..) in peer.modules {
                let rounds = if is_timed { counts.rounds } else { 0 };
                let line = start(peer, program, module, rounds, artifacts)?;
                for (name, value) in line.figures {
                    samples.entry(module).or_default().entry(name).or_default().push(value);
                }
            }
        }
    }
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    let medians = |figures: BTreeMap<String, Vec<f64>>| -> Figures {
        figures.into_iter().map(|(name, values)| (name, median(values))).collect()
    };
    let of_peer = |modules: BTreeMap<Module, _>| -> Measured {
        modules.into_iter().map(|(module, figures)| (module, medians(figures))).collect()
    };
    Ok(samples.into_iter().map(of_peer).collect())
}

/// Starts a program once.
fn start(
    peer: &'static Peer,
    program: &Program,
    module: Module,
    rounds: u32,
    artifacts: &Path,
) -> Result<Line> {
    let mut command = Command::new(&program.path);
    command.args([module.name(), &rounds.to_string()]).arg(artifacts);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let output = files::output(command.env("PEERS_STARTED", now.as_nanos().to_string()))?;
    let line: Line = serde_json::from_str(&output).map_err(|_| Error::Output {
        command: files::text(&command),
        found: output.chars().take(200).collect(),
        expected: "a line of JSON",
    })?;
    let expected = module.first_result();
    if line.result == expected {
        Ok(line)
    } else {
        let (peer, module, found) = (peer.name, module.name(), line.result);
        Err(Error::WrongResult { peer, module, found, expected })
    }
}

/// Returns the middle of the values; of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        len if len % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_outliers() {
        assert_eq!(median(vec![3.0, 1000.0, 1.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 1000.0]), 3.0);
    }

    #[test]
    fn as_many_turns_time_calls_as_said() {
        for counts in [FULL, QUICK] {
            let turns = counts.starts + counts.timed;
            let timed = (0..turns).filter(|turn| (turn * counts.timed) % turns < counts.timed);
            assert_eq!(timed.count(), counts.timed);
        }
    }

    #[test]
    fn a_line_of_a_program_is_read() {
        let line: Line =
            serde_json::from_str(r#"{"result":"42","first_call_ns":1.5,"peak_kib":7.000}"#)
                .unwrap();
        assert_eq!((line.result.as_str(), line.figures["peak_kib"]), ("42", 7.0));
    }
}
