//! `Statement`: what a producer says of a result, and signs.

use crate::signature::{SigningKey, SigningKeyError, TrustedKeys, Untrusted};
use crate::store::key::Bucket;
use serde::{Deserialize, Serialize};
use wasmport::Digest;

/// The largest statement in bytes.
pub(super) const LARGEST: u64 = 16 << 10;

/// The link from a computation's key to the blob with its result, and who made it, when and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statement {
    bucket: String,
    key: Digest,
    pub blob: Digest,
    /// The length of the blob in bytes.
    pub len: u64,
    /// The producer's key.
    pub producer: String,
    /// The fingerprint of the engine configuration.
    engine: Digest,
    /// Wasmtime's version.
    wasmtime: String,
    /// Seconds since 1970, by the producer's clock.
    time: u64,
    generation: u64,
}

/// The producer of results.
#[derive(Clone, Debug)]
pub(crate) struct Producer {
    pub key: SigningKey,
    pub engine: Digest,
    pub generation: u64,
}

/// The file: a statement and its signature.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    statement: Statement,
    signature: String,
}

/// The reason why a statement does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is no record of this format")]
    Malformed,
    #[error("it is the record of another result")]
    Other,
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
}

impl Statement {
    pub fn new(bucket: Bucket, key: Digest, blob: Digest, len: u64, by: &Producer) -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self {
            bucket: bucket.folder().into(),
            key,
            blob,
            len,
            producer: by.key.id().to_string(),
            engine: by.engine,
            wasmtime: wasmport::engine::wasmtime_version().to_owned(),
            time: since.map_or(0, |since| since.as_secs()),
            generation: by.generation,
        }
    }

    /// Returns the bytes that are signed: each field behind its length, so that no two statements have the same.
    fn bytes(&self) -> Vec<u8> {
        let Self { bucket, key, blob, len, producer, engine, wasmtime, time, generation } = self;
        let fields: [&[u8]; 10] = [
            b"wasmport record v1",
            bucket.as_bytes(),
            key.as_bytes(),
            blob.as_bytes(),
            &len.to_le_bytes(),
            producer.as_bytes(),
            engine.as_bytes(),
            wasmtime.as_bytes(),
            &time.to_le_bytes(),
            &generation.to_le_bytes(),
        ];
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend((field.len() as u64).to_le_bytes());
            bytes.extend(field);
        }
        bytes
    }

    /// Signs it, and returns the file.
    pub fn sign(self, key: &SigningKey) -> Result<Vec<u8>, SigningKeyError> {
        let signature = key.sign(&self.bytes())?;
        // Serialization cannot fail: the statement has strings and numbers.
        Ok(serde_json::to_vec(&Signed { statement: self, signature }).unwrap_or_default())
    }

    /// Reads a file, and verifies that it is the statement of this result by a producer who is trusted.
    pub fn read(
        file: &[u8],
        bucket: Bucket,
        key: Digest,
        trusted: &TrustedKeys,
    ) -> Result<Self, Refused> {
        let signed: Signed = serde_json::from_slice(file).map_err(|_| Refused::Malformed)?;
        let Signed { statement, signature } = signed;
        let by = trusted.verify(&statement.bytes(), &signature, statement.generation)?;
        if statement.bucket != bucket.folder() || statement.key != key {
            return Err(Refused::Other);
        }
        if statement.producer != by.to_string() {
            return Err(Refused::Malformed);
        }
        Ok(statement)
    }
}
