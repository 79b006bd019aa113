//! The errors of the command.

use std::path::PathBuf;

/// The result of a step.
pub(crate) type Result<T = ()> = std::result::Result<T, Error>;

/// The reason why a comparison failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no peer's name begins with `{0}`\n  help: `--list` prints all names")]
    NoPeer(String),
    #[error("cannot {action} `{path}`: {source}")]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("cannot start `{program}`: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("`{command}` failed ({status}): {stderr}")]
    Command { command: String, status: std::process::ExitStatus, stderr: String },
    #[error("`{command}` printed {found}, not {expected}")]
    Output { command: String, found: String, expected: &'static str },
    #[error(
        "{peer}: the first call of the module `{module}` returned {found:?}, expected {expected:?}"
    )]
    WrongResult { peer: &'static str, module: &'static str, found: String, expected: &'static str },
    #[error("{page} has no line `{marker}`\n  help: add both markers, each on a line of its own", page = crate::page::PATH)]
    NoMarker { marker: &'static str },
    #[error("{path} is not as expected", path = path.display())]
    Unexpected { path: PathBuf },
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}
