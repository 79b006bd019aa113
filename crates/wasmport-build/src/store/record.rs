//! Records: which blob a computation gave, with what shows that it is the one that was asked for.

use super::Kind;
use serde::{Deserialize, Serialize};
use wasmport::Digest;

/// The blob that belongs to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub kind: Kind,
    pub key: Digest,
    pub blob: Digest,
    /// Of the blob, in bytes.
    pub len: u64,
}

/// As it is written: a line of JSON, and the digest of that line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kind: String,
    key: Digest,
    blob: Digest,
    len: u64,
}

impl Record {
    pub fn to_bytes(self) -> Vec<u8> {
        let Self { kind, key, blob, len } = self;
        let line = Line { kind: kind.folder().into(), key, blob, len };
        // Strings and numbers: nothing that JSON lacks.
        let line = serde_json::to_string(&line).unwrap_or_default();
        format!("{line}\n{}\n", Digest::of(line.as_bytes())).into_bytes()
    }

    /// The record, if it is undamaged and that of this kind and key.
    pub fn parse(bytes: &[u8], kind: Kind, key: Digest) -> Option<Self> {
        let (line, digest) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        if Digest::from_hex(digest.strip_suffix('\n')?)? != Digest::of(line.as_bytes()) {
            return None;
        }
        let line: Line = serde_json::from_str(line).ok()?;
        (line.kind == kind.folder() && line.key == key).then_some(Self {
            kind,
            key,
            blob: line.blob,
            len: line.len,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_record_may_change() {
        let key = Digest::of(b"key");
        let record = Record { kind: Kind::Artifact, key, blob: Digest::of(b"blob"), len: 4 };
        let bytes = record.to_bytes();
        assert_eq!(Record::parse(&bytes, Kind::Artifact, key), Some(record));
        assert_eq!(Record::parse(&bytes, Kind::Compressed, key), None);
        assert_eq!(Record::parse(&bytes, Kind::Artifact, Digest::of(b"other")), None);
        for end in 0..bytes.len() {
            assert_eq!(Record::parse(&bytes[..end], Kind::Artifact, key), None);
            let mut flipped = bytes.clone();
            flipped[end] ^= 1;
            assert_eq!(Record::parse(&flipped, Kind::Artifact, key), None, "byte {end}");
        }
    }
}
