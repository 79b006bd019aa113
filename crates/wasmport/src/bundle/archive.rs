//! `Archive`: the entries of a bundle's file, a tar archive.
//!
//! ```text
//! wasmport-bundle.json │ wasmport-bundle.json.minisig │ blobs/4f2c… │ blobs/…
//! ```

use super::manifest::{BLOBS, MANIFEST, SIGNATURE};
use crate::asset::{Container, Stored};
use crate::digest::Digest;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek};
use std::sync::Arc;

/// Length in bytes up to which a manifest is read.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Length in bytes up to which a signature is read.
const LARGEST_SIGNATURE: u64 = 4 << 10;

/// The entries of a bundle, nothing of which is verified yet.
pub(super) struct Archive {
    pub manifest: Vec<u8>,
    pub signature: String,
    /// The place of each blob: start and length.
    blobs: BTreeMap<Digest, (u64, u64)>,
    container: Arc<Container>,
}

impl Archive {
    /// Reads manifest, signature, and the places of the blobs.
    pub fn read(container: Container) -> io::Result<Self> {
        let entries = match &container {
            Container::File(file) => Entries::read(file),
            Container::Bytes(bytes) => Entries::read(Cursor::new(bytes)),
        };
        let Entries { manifest, signature, blobs } = entries?;
        Ok(Self { manifest, signature, blobs, container: Arc::new(container) })
    }

    /// Returns the whole file, if it is in memory and no artifact uses it.
    #[cfg(feature = "oci")]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match Arc::into_inner(self.container)? {
            Container::Bytes(bytes) => Some(bytes),
            Container::File(_) => None,
        }
    }

    /// Returns the blob of a digest and a length.
    pub fn blob(&self, digest: Digest, len: u64) -> Option<Stored> {
        let (start, found) = *self.blobs.get(&digest)?;
        let container = Arc::clone(&self.container);
        (found == len).then_some(Stored { container, start, len })
    }
}

struct Entries {
    manifest: Vec<u8>,
    signature: String,
    blobs: BTreeMap<Digest, (u64, u64)>,
}

impl Entries {
    fn read(reader: impl Read + Seek) -> io::Result<Self> {
        let mut archive = tar::Archive::new(reader);
        let mut entries = archive.entries_with_seek()?;
        let mut next = |name: &str, most: u64| -> io::Result<Vec<u8>> {
            let entry = entries.next().transpose()?;
            let mut entry = entry.ok_or_else(|| missing(name))?;
            if *entry.path_bytes() != *name.as_bytes() {
                return Err(missing(name));
            }
            let mut bytes = Vec::new();
            let read = entry.by_ref().take(most + 1).read_to_end(&mut bytes)?;
            if read as u64 > most {
                return Err(io::Error::other(format!("`{name}` is too long")));
            }
            Ok(bytes)
        };
        let manifest = next(MANIFEST, LARGEST_MANIFEST)?;
        let signature = next(SIGNATURE, LARGEST_SIGNATURE)?;
        let mut blobs = BTreeMap::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.path_bytes();
            let digest = name
                .strip_prefix(BLOBS.as_bytes())
                .and_then(|hex| Digest::from_hex(std::str::from_utf8(hex).ok()?));
            if let Some(digest) = digest {
                let _ = blobs.insert(digest, (entry.raw_file_position(), entry.size()));
            }
        }
        let signature = String::from_utf8(signature).map_err(io::Error::other)?;
        Ok(Self { manifest, signature, blobs })
    }
}

fn missing(name: &str) -> io::Error {
    io::Error::other(format!("it has no `{name}` in its place"))
}
