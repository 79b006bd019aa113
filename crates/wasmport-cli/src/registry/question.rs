//! Questions before something from a registry is accepted.

use crate::output::Output;
use std::io::{IsTerminal as _, Write as _};

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Nobody can answer.
    Nobody,
}

/// Asks on the terminal, unless the arguments have answered.
pub(super) fn ask(question: &str, is_answered: bool, out: &Output) -> Answer {
    if is_answered {
        return Answer::Yes;
    }
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_terminal || out.is_json() {
        return Answer::Nobody;
    }
    // If the terminal is closed, the answer is missing too.
    let mut terminal = anstream::stderr();
    let _ = write!(terminal, "{question} [y/N] ").and_then(|()| terminal.flush());
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Yes,
        _ => Answer::No,
    }
}
