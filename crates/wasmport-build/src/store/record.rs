//! Records: the blob of a computation's result, with the key and a checksum.

use super::key::Bucket;
use serde::{Deserialize, Serialize};
use wasmport::Digest;

/// The link from a computation's key to the blob with its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub bucket: Bucket,
    pub key: Digest,
    pub blob: Digest,
    /// The length of the blob in bytes.
    pub len: u64,
}

/// The serialized form: a line of JSON, followed by the digest of that line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kind: String,
    key: Digest,
    blob: Digest,
    len: u64,
}

impl Record {
    /// Serializes the record.
    pub fn to_bytes(self) -> Vec<u8> {
        let Self { bucket, key, blob, len } = self;
        let line = Line { kind: bucket.folder().into(), key, blob, len };
        // Serialization cannot fail: the line has strings and numbers.
        let line = serde_json::to_string(&line).unwrap_or_default();
        format!("{line}\n{}\n", Digest::of(line.as_bytes())).into_bytes()
    }

    /// Parses a record, or returns `None` if it is damaged or has another bucket or key.
    pub fn parse(bytes: &[u8], bucket: Bucket, key: Digest) -> Option<Self> {
        let (line, digest) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        if Digest::from_hex(digest.strip_suffix('\n')?)? != Digest::of(line.as_bytes()) {
            return None;
        }
        let line: Line = serde_json::from_str(line).ok()?;
        (line.kind == bucket.folder() && line.key == key).then_some(Self {
            bucket,
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
    fn every_changed_byte_of_a_record_is_noticed() {
        let key = Digest::of(b"key");
        let record = Record { bucket: Bucket::Artifact, key, blob: Digest::of(b"blob"), len: 4 };
        let bytes = record.to_bytes();
        assert_eq!(Record::parse(&bytes, Bucket::Artifact, key), Some(record));
        assert_eq!(Record::parse(&bytes, Bucket::Compressed, key), None);
        assert_eq!(Record::parse(&bytes, Bucket::Artifact, Digest::of(b"other")), None);
        for end in 0..bytes.len() {
            assert_eq!(Record::parse(&bytes[..end], Bucket::Artifact, key), None);
            let mut flipped = bytes.clone();
            flipped[end] ^= 1;
            assert_eq!(Record::parse(&flipped, Bucket::Artifact, key), None, "byte {end}");
        }
    }
}
