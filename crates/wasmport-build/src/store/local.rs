//! A store in a folder, which any number of imports use at once.
//!
//! ```text
//! wasmport
//! ├── records/artifact-1/4f/4f2c…   by kind and key
//! ├── blobs/a0/a01b…                by their own digest
//! ├── quarantine                    what was not what its name says
//! ├── state                         what is known of files, by project: `crate::state`
//! ├── leases                        a locked file for each import that runs
//! └── tmp                           what is not published yet, by lease
//! ```
//!
//! What has another name is someone else's and is left alone.

use super::lease::Lease;
use super::maintenance::prune;
use super::{Kind, Name, Store};
use crate::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;
use wasmport::Digest;

pub(super) const RECORDS: &str = "records";
pub(super) const BLOBS: &str = "blobs";
pub(super) const QUARANTINE: &str = "quarantine";

/// The path of an entry in the store, with `/` between parts.
pub(super) fn path_of(name: Name) -> String {
    match name {
        Name::Record(kind, key) => format!("{RECORDS}/{}/{}", kind.folder(), file_of(key)),
        Name::Blob(digest) => format!("{BLOBS}/{}", file_of(digest)),
    }
}

fn file_of(digest: Digest) -> String {
    let hex = digest.to_string();
    format!("{}/{hex}", &hex[..2])
}

/// The entry at a path, or nothing where it is not one of ours.
pub(super) fn name_of(path: &Path) -> Option<Name> {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let name = match parts.as_slice() {
        [RECORDS, folder, _, file] => {
            let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == *folder)?;
            Name::Record(kind, Digest::from_hex(file)?)
        }
        [BLOBS, _, file] => Name::Blob(Digest::from_hex(file)?),
        _ => return None,
    };
    let is_exact = Path::new(&path_of(name)) == path;
    is_exact.then_some(name)
}

/// A store in a folder.
pub(crate) struct LocalStore {
    folder: PathBuf,
    /// Where nothing can be written, why.
    lease: Result<Lease, String>,
    written: AtomicBool,
}

impl LocalStore {
    /// Opens the store in `folder`, which is created where it is not there.
    ///
    /// # Errors
    ///
    /// Where there is no folder and none can be created. One that cannot be written can be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        if !folder.is_dir() {
            fs::create_folder(folder)?;
        }
        let lease = Lease::take(folder).map_err(|e| e.to_string());
        Ok(Self { folder: folder.into(), lease, written: AtomicBool::new(false) })
    }

    fn lease(&self) -> io::Result<&Lease> {
        self.lease.as_ref().map_err(|message| io::Error::other(message.clone()))
    }

    /// When this import began to use it.
    fn since(&self) -> SystemTime {
        self.lease.as_ref().map_or(SystemTime::UNIX_EPOCH, Lease::since)
    }
}

impl Store for LocalStore {
    fn read(&self, name: Name) -> io::Result<Option<Vec<u8>>> {
        let path = self.folder.join(path_of(name));
        fs::read_used(&path, self.since())
    }

    fn has(&self, name: Name) -> bool {
        fs::len(&self.folder.join(path_of(name))).is_some_and(|len| len > 0)
    }

    fn write(&self, name: Name, bytes: &[u8]) -> io::Result<()> {
        self.written.store(true, Ordering::Relaxed);
        fs::publish(self.lease()?.tmp(), &self.folder.join(path_of(name)), bytes)
    }

    fn shrink(&self, most: u64) -> io::Result<()> {
        match self.written.load(Ordering::Relaxed) {
            true => prune(&self.folder, most, None).map(drop),
            false => Ok(()),
        }
    }

    fn quarantine(&self, name: Name) -> io::Result<()> {
        self.lease()?;
        let file = path_of(name).replace('/', "-");
        fs::move_aside(&self.folder.join(path_of(name)), &self.folder.join(QUARANTINE).join(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_belong_together() {
        let digest = Digest::of(b"x");
        for name in
            Kind::ALL.map(|kind| Name::Record(kind, digest)).into_iter().chain([Name::Blob(digest)])
        {
            assert_eq!(name_of(Path::new(&path_of(name))), Some(name));
        }
        let hex = digest.to_string();
        for junk in [
            "notes.txt",
            "blobs/readme",
            &format!("blobs/00/{hex}"),
            &format!("records/artifact-0/{}/{hex}", &hex[..2]),
        ] {
            assert_eq!(name_of(Path::new(junk)), None, "{junk}");
        }
    }
}
