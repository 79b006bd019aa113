//! Keys of entries: a bucket and a digest.

use wasmport::Digest;

/// A kind of results. Each bucket has a format version of its own: entries of other versions are neither
/// read nor removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bucket {
    /// Modules compiled for a target.
    Artifact,
    /// Artifacts as zstd frames.
    Compressed,
    /// Compiled functions of an asset, reused when the asset changes.
    Functions,
    /// Modules after `wasm-opt`.
    Optimized,
    /// Modules after their initialization.
    Preinitialized,
    /// The reasons why Wasmtime does not compile modules for a target: for merges, which do not compile.
    Refused,
}

impl Bucket {
    /// All buckets.
    pub const ALL: [Self; 6] = [
        Self::Artifact,
        Self::Compressed,
        Self::Functions,
        Self::Optimized,
        Self::Preinitialized,
        Self::Refused,
    ];

    /// Returns the folder: name and version. Raise the version when the key or the content changes.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Artifact => "artifact-2",
            Self::Compressed => "compressed-2",
            Self::Functions => "functions-2",
            Self::Optimized => "optimized-2",
            Self::Preinitialized => "preinitialized-2",
            Self::Refused => "refused-1",
        }
    }
}

/// The key of an entry in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum EntryKey {
    /// A record: the result of a computation, by the computation's key.
    Record(Bucket, Digest),
    /// Bytes, by their digest.
    Blob(Digest),
}
