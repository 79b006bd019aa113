//! The line that a program prints.

use crate::Result;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

/// The figures of a run as the text of a JSON object, without its last brace. Programs whose builds are timed have no
/// dependency for so little.
pub(crate) struct Report(String);

impl Report {
    /// Begins with the first result: the time since the driver started the process, and the memory used until now.
    pub fn first(result: &str) -> Result<Self> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let started =
            std::env::var("PEERS_STARTED").map_err(|error| format!("PEERS_STARTED: {error}"))?;
        let elapsed = now.saturating_sub(Duration::from_nanos(started.parse()?));
        let mut report = Self(format!("{{\"result\":\"{}\"", escape(result)));
        report.add("first_call_ns", elapsed.as_secs_f64() * 1e9);
        report.add("peak_kib", peak_kib()?);
        Ok(report)
    }

    /// Adds a figure.
    pub fn add(&mut self, name: &str, value: f64) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, ",\"{name}\":{value:.3}");
    }

    /// Prints the line.
    pub fn print(self) {
        println!("{}}}", self.0);
    }
}

/// Returns the text as it stands in a JSON string.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '"' | '\\' => escaped.extend(['\\', char]),
            char if char.is_control() => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(char));
            }
            char => escaped.push(char),
        }
    }
    escaped
}

/// Returns the most memory that this process has had in use.
fn peak_kib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = mark.and_then(|mark| mark.trim().strip_suffix("kB")).ok_or("no VmHWM")?;
    Ok(kib.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_memory_is_known() {
        assert_eq!(escape("a\"b\\c\nü"), "a\\\"b\\\\c\\u000aü");
        assert!(peak_kib().unwrap() > 100.0);
    }
}
