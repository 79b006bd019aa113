//! `Code`: an artifact in a file, or described by it.

use super::scan::Found;
use wasmport::Digest;

/// An artifact in a file, or described by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code {
    /// The name of the asset, or the source file in a lock file; none for a raw artifact.
    pub name: Option<String>,
    pub target: Option<String>,
    /// The version of Wasmtime, as the file has it.
    pub wasmtime: String,
    pub digest: Digest,
}

impl From<Found> for Code {
    fn from(found: Found) -> Self {
        let Found { marked, wasmtime, digest, place: _ } = found;
        let (name, target) = marked.unzip();
        Self { name, target, wasmtime, digest }
    }
}
