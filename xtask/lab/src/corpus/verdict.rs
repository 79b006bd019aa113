//! The importer's verdict on a file.

use calls::printable;
use std::fmt;
use wasmport_build::{AssetReport, Status};

/// Result of importing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused,
    Panicked,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Panicked => "panicked",
        })
    }
}

/// A file with its verdict, and the reason if it was not accepted.
#[derive(Debug)]
pub(super) struct Outcome {
    pub source: String,
    pub verdict: Verdict,
    reason: String,
}

impl Outcome {
    pub fn of(asset: &AssetReport) -> Self {
        let message = asset.error.as_ref().map_or("", |error| &error.message);
        let verdict = match asset.status {
            Status::Imported | Status::Unchanged => Verdict::Accepted,
            // The importer turns panics, its own and Wasmtime's, into errors of the asset.
            _ if message.contains("panicked") => Verdict::Panicked,
            _ => Verdict::Refused,
        };
        let first_line = printable(message.lines().next().unwrap_or_default());
        let reason = asset.error.as_ref().map(|error| format!(": {}: {first_line}", error.stage));
        Self { source: asset.source.clone(), verdict, reason: reason.unwrap_or_default() }
    }

    #[cfg(test)]
    pub fn new(source: &str, verdict: Verdict) -> Self {
        Self { source: source.into(), verdict, reason: String::new() }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} {}{}", self.verdict, printable(&self.source), self.reason)
    }
}
