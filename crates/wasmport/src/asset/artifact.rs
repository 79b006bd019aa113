//! `Artifact`: an asset compiled for one target.

#[cfg(feature = "bundle")]
use super::stored::Stored;
use crate::digest::Digest;
use std::borrow::Cow;
use std::fmt;

/// One precompiled module or component: an asset for one target.
#[derive(Clone, Debug)]
pub struct Artifact {
    target: Cow<'static, str>,
    bytes: u64,
    digest: Digest,
    data: Data,
    /// Length after decompression, if it is compressed.
    uncompressed: Option<u64>,
}

/// The place of an artifact's bytes.
#[derive(Clone)]
pub(crate) enum Data {
    Embedded(&'static [u8]),
    File(&'static str),
    #[cfg(feature = "bundle")]
    Stored(Stored),
    /// The program is for another target, and was built without them.
    Absent,
}

impl Artifact {
    pub(crate) const fn embedded(
        target: &'static str,
        bytes: u64,
        digest: Digest,
        data: Option<&'static [u8]>,
    ) -> Self {
        let data = match data {
            Some(data) => Data::Embedded(data),
            None => Data::Absent,
        };
        Self { target: Cow::Borrowed(target), bytes, digest, data, uncompressed: None }
    }

    pub(crate) const fn file(
        target: &'static str,
        bytes: u64,
        digest: Digest,
        path: &'static str,
    ) -> Self {
        let (target, data) = (Cow::Borrowed(target), Data::File(path));
        Self { target, bytes, digest, data, uncompressed: None }
    }

    /// Returns an artifact of a bundle.
    #[cfg(feature = "bundle")]
    pub(crate) fn stored(
        target: String,
        (bytes, digest): (u64, Digest),
        uncompressed: Option<u64>,
        stored: Stored,
    ) -> Self {
        let (target, data) = (Cow::Owned(target), Data::Stored(stored));
        Self { target, bytes, digest, data, uncompressed }
    }

    pub(crate) const fn compressed(mut self, uncompressed: u64) -> Self {
        self.uncompressed = Some(uncompressed);
        self
    }

    /// Returns the target that it is compiled for, such as `x86_64-unknown-linux-gnu+v3`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns its stored length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns its length in bytes after decompression, if it is compressed.
    #[must_use]
    pub fn uncompressed_bytes(&self) -> Option<u64> {
        self.uncompressed
    }

    /// Returns the digest of its stored bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::Embedded(bytes) => write!(f, "Embedded({} bytes)", bytes.len()),
            Data::File(path) => write!(f, "File({path:?})"),
            #[cfg(feature = "bundle")]
            Data::Stored(_) => f.write_str("Stored"),
            Data::Absent => f.write_str("Absent"),
        }
    }
}
