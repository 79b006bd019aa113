//! Computations whose results are cached, and their keys.

use super::key::Bucket;
use serde::{Serialize, Serializer};
use wasmport::Digest;

/// Work whose result depends on this value alone, so that it can be cached. Every field is part of the
/// key, and `compute` has no other input that changes the result.
pub(crate) trait Computation: Serialize {
    /// The bucket of the result.
    const BUCKET: Bucket;
    /// Resources that do not change the result, such as a thread pool or the path of a program.
    type Context: ?Sized;
    /// The error of the work.
    type Error;

    /// Does the work.
    fn compute(&self, context: &Self::Context) -> Result<Vec<u8>, Self::Error>;

    /// Returns whether the key still describes all inputs after the work, for inputs outside of this value.
    fn is_key_current(&self) -> bool {
        true
    }
}

/// Bytes in a [`Computation`], which the key contains as their digest.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Digest::of(self.0).serialize(serializer)
    }
}

/// Computes the key of a computation in its bucket.
pub(super) fn key_of<C: Computation>(computation: &C) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("wasmport store key v1");
    hasher.update(C::BUCKET.folder().as_bytes());
    // Serialization cannot fail: computations have strings, numbers and maps with string keys.
    hasher.update(&serde_json::to_vec(computation).unwrap_or_default());
    Digest::from_bytes(*hasher.finalize().as_bytes())
}
