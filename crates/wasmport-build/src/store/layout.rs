//! Layout of a cache folder.
//!
//! ```text
//! wasmport
//! ├── records/artifact-2/4f/4f2c…   records by bucket and key
//! ├── blobs/a0/a01b…                blobs by their digest
//! ├── downloads                     files that came from registries
//! ├── quarantine                    damaged entries
//! ├── state                         digests of source files, one file for each project
//! ├── leases                        a locked file for each running import
//! └── tmp                           unpublished files, a folder for each lease
//! ```
//!
//! Files with other names belong to someone else, and are neither read nor removed.

use super::key::{Bucket, EntryKey};
use std::path::{Path, PathBuf};
use wasmport::Digest;

pub(super) const RECORDS: &str = "records";
pub(super) const BLOBS: &str = "blobs";
pub(super) const DOWNLOADS: &str = "downloads";
pub(super) const QUARANTINE: &str = "quarantine";
pub(super) const SAVED_DIGESTS: &str = "state";
pub(super) const LEASES: &str = "leases";
pub(super) const TMP: &str = "tmp";

/// Returns the path of a project's file of saved digests below the cache folder; `project` identifies the
/// project.
pub(super) fn saved_digests_path(cache: &Path, project: Digest) -> PathBuf {
    cache.join(SAVED_DIGESTS).join(project.to_string())
}

/// Returns the path of an entry below the cache folder, with `/` between components.
pub(super) fn path_of(key: EntryKey) -> String {
    match key {
        EntryKey::Record(bucket, key) => format!("{RECORDS}/{}/{}", bucket.folder(), file_of(key)),
        EntryKey::Blob(digest) => format!("{BLOBS}/{}", file_of(digest)),
    }
}

/// Returns the name of a damaged entry in the quarantine.
pub(super) fn quarantined_name(key: EntryKey) -> String {
    path_of(key).replace('/', "-")
}

/// Returns whether a name is one of [`quarantined_name`], by any version.
pub(super) fn is_quarantined_name(name: &str) -> bool {
    let is_of = |top: &str| name.strip_prefix(top).is_some_and(|rest| rest.starts_with('-'));
    let digest = name.rsplit_once('-').and_then(|(_, digest)| Digest::from_hex(digest));
    digest.is_some() && (is_of(RECORDS) || is_of(BLOBS))
}

fn file_of(digest: Digest) -> String {
    let hex = digest.to_string();
    format!("{}/{hex}", &hex[..2])
}

/// Returns the key of the entry at a path, or `None` if the path is not one of [`path_of`].
pub(super) fn key_at(path: &Path) -> Option<EntryKey> {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let key = match parts.as_slice() {
        [RECORDS, folder, _, file] => {
            let bucket = Bucket::ALL.into_iter().find(|bucket| bucket.folder() == *folder)?;
            EntryKey::Record(bucket, Digest::from_hex(file)?)
        }
        [BLOBS, _, file] => EntryKey::Blob(Digest::from_hex(file)?),
        _ => return None,
    };
    let is_exact = Path::new(&path_of(key)) == path;
    is_exact.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_keys_belong_together() {
        let digest = Digest::of(b"x");
        let records = Bucket::ALL.map(|bucket| EntryKey::Record(bucket, digest));
        for key in records.into_iter().chain([EntryKey::Blob(digest)]) {
            assert_eq!(key_at(Path::new(&path_of(key))), Some(key));
            assert!(is_quarantined_name(&quarantined_name(key)));
        }
        let hex = digest.to_string();
        for other in [
            "notes.txt",
            "blobs/readme",
            &format!("blobs/00/{hex}"),
            &format!("records/artifact-0/{}/{hex}", &hex[..2]),
        ] {
            assert_eq!(key_at(Path::new(other)), None, "{other}");
        }
    }
}
