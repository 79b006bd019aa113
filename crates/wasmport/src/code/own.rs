//! `OwnArtifact`: an artifact that needs no digest, because this program made it.

/// Output of the compiler in this process, or of an earlier process of this program that
/// authenticated it.
pub(crate) struct OwnArtifact {
    bytes: Vec<u8>,
    /// Index of its first byte.
    start: usize,
}

impl OwnArtifact {
    /// Wraps bytes which, from `start` on, are the unmodified output of Wasmtime's precompilation. The
    /// caller vouches for that: [`deserialize_own`](super::deserialize_own) runs them.
    pub fn new(bytes: Vec<u8>, start: usize) -> Self {
        Self { bytes, start }
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}
