//! The records of a lock file of any project, for comparisons.

use super::{Locked, file};
use crate::error::Error;
use crate::project::pins::Pin;
use crate::settings::concurrency;
use std::collections::BTreeMap;
use std::path::Path;
use wasmport::Digest;

/// The records of a lock file.
pub(crate) struct LockRecords {
    /// Those about the project, by key.
    pub project: BTreeMap<String, String>,
    /// Those about assets.
    pub assets: Vec<AssetRecords>,
    /// The files that came from registries.
    pub pins: Vec<Pin>,
}

/// The records of an asset.
pub(crate) struct AssetRecords {
    /// The source file.
    pub source: String,
    /// The digest of the source file.
    pub input: Digest,
    /// Other records, by key.
    pub records: BTreeMap<String, String>,
    /// The digests of the artifacts, by target.
    pub artifacts: BTreeMap<String, Digest>,
}

/// Parses the text of the lock file at `path`, which is for messages.
///
/// # Errors
///
/// Fails with [`Error::Lock`], with the line, if it is damaged or of another format.
pub(crate) fn records(path: &Path, text: &str) -> Result<LockRecords, Error> {
    let content = file::parse(path, Some(text))?;
    let on = content.concurrency.then(|| (concurrency::KEY.to_owned(), true.to_string()));
    Ok(LockRecords {
        project: on.into_iter().collect(),
        assets: content.assets.into_values().map(of_asset).collect(),
        pins: content.pins.into_values().collect(),
    })
}

fn of_asset(locked: Locked) -> AssetRecords {
    let Locked { source, input, settings, wasmtime, skipped, tools, artifacts } = locked;
    let mut records = BTreeMap::from([
        ("settings".to_owned(), settings.to_string()),
        ("wasmtime".to_owned(), wasmtime),
    ]);
    records.extend(tools.into_iter().map(|(tool, version)| (format!("tools.{tool}"), version)));
    if !skipped.is_empty() {
        let skipped: Vec<String> = skipped.into_iter().collect();
        let _ = records.insert("skipped".to_owned(), skipped.join(", "));
    }
    AssetRecords { source, input, records, artifacts }
}
