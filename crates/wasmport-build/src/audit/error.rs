//! `AuditError`: the reason why a file was not audited, or nothing was.

use crate::error::Error;
use std::path::PathBuf;

/// The reason why a file was not audited, or nothing was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A file or folder cannot be read, or is a damaged lock file.
    #[error(transparent)]
    File(#[from] Error),
    /// A file is damaged, or has a format that this version cannot read.
    #[error("`{}`: {message}\n  help: {help}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The cause.
        message: String,
        /// The mend.
        help: &'static str,
    },
    /// There is no database of advisories at its usual places.
    #[error(
        "there is no database of advisories: {}\n  help: run `git clone {URL}`, and name its folder with \
         `--db`, or let `cargo audit` or `cargo deny fetch` fetch it",
        searched(.0)
    )]
    NoDatabase(Vec<PathBuf>),
    /// The folder is no database of advisories, or has an advisory that cannot be read.
    #[error(
        "`{}` is no database of advisories that can be read: {source}\n  help: name the folder that \
         `git clone {URL}` writes, and update it; it may be newer than this version of wasmport",
        path.display()
    )]
    Database {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: Box<rustsec::Error>,
    },
}

/// The database.
const URL: &str = "https://github.com/RustSec/advisory-db";

fn searched(places: &[PathBuf]) -> String {
    if places.is_empty() {
        return "cargo has no home folder".into();
    }
    let places: Vec<String> = places.iter().map(|path| format!("`{}`", path.display())).collect();
    format!("not in {}", places.join(", and not in "))
}
