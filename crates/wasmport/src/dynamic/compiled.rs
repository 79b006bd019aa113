//! `Compiled`: compiled code with what a program must know of it to run it without its source.

use super::key::CodeKey;
use super::tier::Tier;
use crate::code::{Code, Contents, OwnArtifact, deserialize_own};
use crate::digest::Digest;
use crate::engine::{LoadWay, RequiredFeatures};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use wasmtime::Engine;

/// Compiled code, and what is known of it.
pub(crate) struct Compiled {
    pub facts: Facts,
    pub artifact: OwnArtifact,
}

/// Facts of compiled code that are known without its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The file or the name that its source had.
    pub source: String,
    pub source_digest: Digest,
    pub is_component: bool,
    pub tier: Tier,
    /// The target, with its CPU level.
    pub target: String,
    /// The engine configuration's fingerprint.
    pub engine: Digest,
    /// Wasmtime's version.
    pub wasmtime: String,
    pub contents: Contents,
}

impl Facts {
    pub fn of(key: &CodeKey, source: &str, source_digest: Digest, contents: Contents) -> Self {
        Self {
            source: source.to_owned(),
            source_digest,
            is_component: key.is_component,
            tier: key.tier,
            target: key.target.to_string(),
            engine: key.engine.fingerprint(),
            wasmtime: crate::engine::wasmtime_version().to_owned(),
            contents,
        }
    }
}

impl Compiled {
    /// Returns whether this program has the proposals that it was compiled with.
    pub fn has_proposals(&self) -> bool {
        let program = RequiredFeatures::of_this_build();
        self.facts.contents.features.missing_in(program) == RequiredFeatures::NONE
    }

    /// Loads the code of an asset.
    pub fn load<C: Code>(&self, asset: &str, engine: &Engine, way: LoadWay) -> Result<C> {
        deserialize_own(engine, &self.artifact, way)
            .map_err(|source| Error::Deserialize { asset: asset.to_owned(), source })
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
