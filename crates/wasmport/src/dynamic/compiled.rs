//! `Compiled`: compiled code with what a program must know of it to run it without its source.

use super::key::CodeKey;
use super::tier::Tier;
use crate::code::OwnArtifact;
use crate::digest::Digest;
use crate::engine::RequiredFeatures;
use crate::inspect::Section;
use serde::{Deserialize, Serialize};

/// Compiled code, and what is known of it.
pub(crate) struct Compiled {
    pub facts: Facts,
    pub artifact: OwnArtifact,
}

/// What is known of compiled code without its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The file or the name that its source had.
    pub source: String,
    pub source_digest: Digest,
    /// The proposals that it was compiled with.
    pub features: RequiredFeatures,
    pub is_component: bool,
    pub tier: Tier,
    /// The target, with its CPU level.
    pub target: String,
    /// The engine configuration's fingerprint.
    pub engine: Digest,
    /// Wasmtime's version.
    pub wasmtime: String,
    /// The short custom sections of the source.
    pub sections: Vec<Section>,
}

impl Facts {
    pub fn of(key: &CodeKey, source: &str, source_digest: Digest, sections: Vec<Section>) -> Self {
        Self {
            source: source.to_owned(),
            source_digest,
            features: key.features,
            is_component: key.is_component,
            tier: key.tier,
            target: key.target.to_string(),
            engine: key.engine.fingerprint(),
            wasmtime: crate::engine::wasmtime_version().to_owned(),
            sections,
        }
    }
}

/// The length of the number in front of the facts.
const LEN: usize = 4;

impl Compiled {
    /// Writes facts and artifact, behind `header`.
    pub fn encode(header: Vec<u8>, facts: &Facts, artifact: &[u8]) -> Option<Vec<u8>> {
        let facts = postcard::to_allocvec(facts).ok()?;
        let len = u32::try_from(facts.len()).ok()?.to_le_bytes();
        Some([&header, len.as_slice(), &facts, artifact].concat())
    }

    /// Reads what [`encode`](Self::encode) wrote behind `start` bytes.
    pub fn decode(bytes: Vec<u8>, start: usize) -> Option<Self> {
        let rest = bytes.get(start..)?;
        let (len, rest) = rest.split_first_chunk::<LEN>()?;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let facts = postcard::from_bytes(rest.get(..len)?).ok()?;
        Some(Self { facts, artifact: OwnArtifact::new(bytes, start + LEN + len) })
    }
}
