//! Records: the blob of a computation's result, authenticated with a key.

use super::key::Bucket;
use super::secret::StoreKey;
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

/// The serialized form: a line of JSON, followed by its keyed BLAKE3.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kind: String,
    key: Digest,
    blob: Digest,
    len: u64,
    /// The name of the secret key.
    by: String,
}

/// A record, as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// The record is authentic.
    Authentic(Record),
    /// The record is said to be authenticated with another key, which cannot be verified.
    OtherKey(Record),
    /// The record is damaged or forged, or belongs to another bucket or key.
    Damaged,
}

impl Record {
    /// Serializes the record.
    pub fn to_bytes(self, secret: &StoreKey) -> Vec<u8> {
        let Self { bucket, key, blob, len } = self;
        let by = secret.id().to_owned();
        let line = Line { kind: bucket.folder().into(), key, blob, len, by };
        // Serialization cannot fail: the line has strings and numbers.
        let line = serde_json::to_string(&line).unwrap_or_default();
        let mac = blake3::keyed_hash(&secret.for_entry(bucket.folder(), key), line.as_bytes());
        format!("{line}\n{mac}\n").into_bytes()
    }

    /// Parses a record and verifies that it is the one for this bucket and key.
    pub fn parse(bytes: &[u8], bucket: Bucket, key: Digest, secret: &StoreKey) -> Parsed {
        let Some((record, by, line, mac)) = split(bytes, bucket, key) else {
            return Parsed::Damaged;
        };
        if by != secret.id() {
            return Parsed::OtherKey(record);
        }
        // Compares in constant time.
        match blake3::keyed_hash(&secret.for_entry(bucket.folder(), key), line) == mac {
            true => Parsed::Authentic(record),
            false => Parsed::Damaged,
        }
    }

    /// Parses a record without verifying it, to find the blob that it names.
    pub fn parse_unverified(bytes: &[u8], bucket: Bucket, key: Digest) -> Option<Self> {
        split(bytes, bucket, key).map(|(record, ..)| record)
    }
}

/// Returns the record, the name of its secret key, its line, and the hash of that.
fn split(
    bytes: &[u8],
    bucket: Bucket,
    key: Digest,
) -> Option<(Record, String, &[u8], blake3::Hash)> {
    let (text, mac) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    let mac = Digest::from_hex(mac.strip_suffix('\n')?)?;
    let line: Line = serde_json::from_str(text).ok()?;
    let record = Record { bucket, key, blob: line.blob, len: line.len };
    let is_expected = line.kind == bucket.folder() && line.key == key;
    let mac = blake3::Hash::from_bytes(*mac.as_bytes());
    is_expected.then_some((record, line.by, text.as_bytes(), mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_of_a_record_is_noticed() {
        let (key, secret) = (Digest::of(b"key"), StoreKey::new([7; 32]));
        let record = Record { bucket: Bucket::Artifact, key, blob: Digest::of(b"blob"), len: 4 };
        let bytes = record.to_bytes(&secret);
        let parse = |bytes: &[u8], bucket, key| Record::parse(bytes, bucket, key, &secret);
        assert_eq!(parse(&bytes, Bucket::Artifact, key), Parsed::Authentic(record));
        assert_eq!(parse(&bytes, Bucket::Compressed, key), Parsed::Damaged);
        assert_eq!(parse(&bytes, Bucket::Artifact, Digest::of(b"other")), Parsed::Damaged);
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end], Bucket::Artifact, key), Parsed::Damaged);
            let mut flipped = bytes.clone();
            flipped[end] ^= 1;
            let parsed = parse(&flipped, Bucket::Artifact, key);
            assert!(!matches!(parsed, Parsed::Authentic(_)), "byte {end}");
        }
    }

    #[test]
    fn fault_35_a_record_by_another_key_or_for_another_result_is_not_authentic() {
        let (key, secret) = (Digest::of(b"key"), StoreKey::new([7; 32]));
        let record = Record { bucket: Bucket::Artifact, key, blob: Digest::of(b"blob"), len: 4 };
        let other = StoreKey::new([8; 32]);
        let parse = |bytes: &[u8]| Record::parse(bytes, Bucket::Artifact, key, &secret);
        let bytes = record.to_bytes(&other);
        assert_eq!(parse(&bytes), Parsed::OtherKey(record));
        // It claims to be by the right key.
        let text = String::from_utf8_lossy(&bytes).replace(other.id(), secret.id());
        assert_eq!(parse(text.as_bytes()), Parsed::Damaged);
        // The authentic hash of another record under the same key.
        let blob = Digest::of(b"another");
        let bytes = Record { blob, ..record }.to_bytes(&secret);
        let (text, hash) = (record.to_bytes(&secret), String::from_utf8_lossy(&bytes).into_owned());
        let line = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
        let mixed = format!("{line}\n{}\n", hash.lines().last().unwrap_or_default());
        assert_eq!(parse(mixed.as_bytes()), Parsed::Damaged);
    }
}
