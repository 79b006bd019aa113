//! Exit codes of the commands.

use std::process::ExitCode;
use wasmport_build::{Report, Status};

/// An exit code, as the help of each command documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command succeeded.
    Done = 0,
    /// Some asset failed, or the cache had damaged entries.
    Failed = 1,
    /// The arguments or settings are invalid, or a file of the run cannot be read or written.
    Usage = 2,
    /// `check` or `import --reproduce` found output that does not belong to its source.
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
