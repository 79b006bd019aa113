//! Exit codes of all commands.

use std::process::ExitCode;
use wasmport_build::{Report, Status};

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command succeeded.
    Done = 0,
    /// Some asset failed, or was refused.
    Failed = 1,
    /// The arguments or settings are wrong.
    Usage = 2,
    /// `check` or `import --verify` found output that does not belong to its source.
    Stale = 3,
}

impl Exit {
    /// Returns the exit code for a run.
    pub fn of(report: &Report) -> Self {
        match (report.count(Status::Failed), report.count(Status::Stale)) {
            (0, 0) => Self::Done,
            (0, _) => Self::Stale,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
