//! Removal of the least recently used entries.

use super::downloads::{self, Download};
use super::key::EntryKey;
use super::layout::{BLOBS, RECORDS, key_at, path_of};
use super::record::Record;
use super::{lease, saved};
use crate::fs;
use serde::Serialize;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::SystemTime;
use wasmport::Digest;

/// The entries removed from a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Removed {
    /// The number of entries.
    pub entries: usize,
    /// Their bytes in total.
    pub bytes: u64,
}

impl Removed {
    /// Counts entries of these lengths.
    pub(super) fn add(&mut self, lengths: impl IntoIterator<Item = u64>) {
        for bytes in lengths {
            self.entries += 1;
            self.bytes += bytes;
        }
    }
}

/// An entry in a cache folder.
pub(super) struct Entry {
    pub key: EntryKey,
    pub bytes: u64,
    /// The time of the last use.
    used: SystemTime,
}

/// Something that is removed if it was not used for the longest time.
struct Used {
    item: Item,
    bytes: u64,
    used: SystemTime,
}

/// An entry, or a file that came from a registry. There may be millions of entries: their paths follow from their keys.
enum Item {
    Entry(EntryKey),
    Download(Box<Path>),
}

/// Returns the records and blobs one by one, because there may be millions; other files in the folder are ignored, and
/// files that disappear meanwhile are skipped.
///
/// # Errors
///
/// An item is an error if a folder cannot be read.
pub(super) fn entries(folder: &Path) -> impl Iterator<Item = io::Result<Entry>> {
    let files = [RECORDS, BLOBS].into_iter().flat_map(|top| fs::files_below(&folder.join(top)));
    files.filter_map(move |file| {
        let (path, bytes, used) = match file {
            Ok(file) => file,
            Err(error) => return Some(Err(error)),
        };
        let key = key_at(path.strip_prefix(folder).ok()?)?;
        Some(Ok(Entry { key, bytes, used }))
    })
}

/// Removes the least recently used entries and files of registries until no more than `max` bytes are left, and records whose
/// blobs were removed. Entries that were used after `before`, by default the start of the oldest running
/// import, stay.
///
/// # Errors
///
/// Fails if an entry cannot be removed.
pub(super) fn prune(folder: &Path, max: u64, before: Option<SystemTime>) -> io::Result<Removed> {
    let mut removed = Removed::default();
    removed.add(saved::prune(folder, false)?);
    let mut entries: Vec<Used> = Vec::new();
    for entry in self::entries(folder) {
        let Entry { key, bytes, used } = entry?;
        entries.push(Used { item: Item::Entry(key), bytes, used });
    }
    let downloads = downloads::all(folder)?.into_iter();
    entries.extend(downloads.map(|Download { path, bytes, used }| Used {
        item: Item::Download(path.into()),
        bytes,
        used,
    }));
    let mut bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    if bytes <= max {
        return Ok(removed);
    }
    let before = match before {
        Some(before) => before,
        None => lease::running(folder)?.1.unwrap_or_else(SystemTime::now),
    };
    entries.retain(|entry| entry.used < before);
    // A blob goes before its record: a record without a blob is a miss.
    let is_record = |item: &Item| matches!(item, Item::Entry(EntryKey::Record(..)));
    entries.sort_unstable_by_key(|entry| (entry.used, is_record(&entry.item)));
    let mut removed_blobs: HashSet<Digest> = HashSet::new();
    for entry in entries {
        let path = match &entry.item {
            Item::Entry(key) => folder.join(path_of(*key)),
            Item::Download(path) => path.to_path_buf(),
        };
        let is_removed = bytes > max
            || match entry.item {
                Item::Download(_) | Item::Entry(EntryKey::Blob(_)) => false,
                Item::Entry(EntryKey::Record(bucket, key)) => {
                    let record = fs::read_unnoticed(&path)?;
                    let record =
                        record.and_then(|bytes| Record::parse_unverified(&bytes, bucket, key));
                    record.is_some_and(|record| removed_blobs.contains(&record.blob))
                }
            };
        if is_removed {
            fs::remove(&path)?;
            bytes -= entry.bytes;
            removed.add([entry.bytes]);
            if let Item::Entry(EntryKey::Blob(digest)) = entry.item {
                removed_blobs.insert(digest);
            }
        }
    }
    Ok(removed)
}
