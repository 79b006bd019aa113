//! `AdvisoryDatabase`: RustSec's advisories in a folder.

use super::error::AuditError;
use super::report::DatabaseReport;
use crate::fs;
use rustsec::Database;
use std::path::{Path, PathBuf};

/// RustSec's database of advisories in a folder.
#[derive(Debug)]
pub struct AdvisoryDatabase {
    path: PathBuf,
    pub(super) database: Database,
}

/// The folder of `cargo audit` in cargo's home.
const OF_CARGO_AUDIT: &str = "advisory-db";

/// The folder of `cargo deny` in cargo's home: it has a folder for each database.
const OF_CARGO_DENY: &str = "advisory-dbs";

/// The folder of advisories about crates in a database.
const CRATES: &str = "crates";

impl AdvisoryDatabase {
    /// Opens the database in a folder, a clone of <https://github.com/RustSec/advisory-db>.
    ///
    /// # Errors
    ///
    /// Fails with [`AuditError::Database`] if it is none, or has an advisory that cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AuditError> {
        let path = path.into();
        match Database::open(&path) {
            Ok(database) => Ok(Self { path, database }),
            Err(source) => Err(AuditError::Database { path, source: Box::new(source) }),
        }
    }

    /// Opens the database that `cargo audit` or `cargo deny` fetched, in cargo's home. If there are several, it is the one
    /// that was fetched last.
    ///
    /// # Errors
    ///
    /// Fails with [`AuditError::NoDatabase`] if there is none, and like [`open`](Self::open).
    pub fn find() -> Result<Self, AuditError> {
        let Some(home) = cargo_home() else { return Err(AuditError::NoDatabase(Vec::new())) };
        let (audit, deny) = (home.join(OF_CARGO_AUDIT), home.join(OF_CARGO_DENY));
        let mut places = vec![audit.clone()];
        let names = fs::names_in(&deny).unwrap_or_default();
        places.extend(names.into_iter().map(|name| deny.join(name)));
        // Fetching changes the folder of the repository, and mostly that of the crates.
        let fetched = places.into_iter().filter_map(|place| {
            let changed = [place.join(CRATES), place.join(".git"), place.join(".git/FETCH_HEAD")];
            let last = changed.iter().filter_map(|path| fs::modified(path).ok()).max();
            fs::modified(&changed[0]).is_ok().then_some((last, place))
        });
        match fetched.max() {
            Some((_, place)) => Self::open(place),
            None => Err(AuditError::NoDatabase(vec![audit, deny])),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of advisories.
    #[must_use]
    pub fn len(&self) -> usize {
        self.database.iter().len()
    }

    /// Returns whether it has no advisories.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn report(&self) -> DatabaseReport {
        let (path, newest) = (self.path.clone(), self.newest().map(ToOwned::to_owned));
        DatabaseReport { path, advisories: self.len(), newest }
    }

    /// Returns the date of the newest advisory, such as `2026-10-02`: how old the database is.
    #[must_use]
    pub fn newest(&self) -> Option<&str> {
        self.database.iter().map(|advisory| advisory.date().as_str()).max()
    }
}

/// Returns cargo's home: `CARGO_HOME`, else `.cargo` in the user's.
fn cargo_home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty());
    named.map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}
