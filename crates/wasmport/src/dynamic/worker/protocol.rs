//! What a program and its worker say to each other, over the worker's standard input and output.

use crate::dynamic::cache::Pack;
use crate::dynamic::key::CodeKey;
use crate::dynamic::tier::Tier;
use crate::engine::{EngineConfig, RequiredFeatures};
use crate::error::WorkerError;
use serde::{Deserialize, Serialize};

/// First bytes of both messages: other versions have others.
const MAGIC: &[u8] = concat!("wasmport worker ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The length in bytes that an answer may have beside the code: functions of a version are no longer than it.
pub(super) const OVERHEAD: u64 = 64 << 10;

/// The work of a worker.
#[derive(Serialize, Deserialize)]
pub(in crate::dynamic) struct Request {
    pub engine: EngineConfig,
    pub target: String,
    pub features: RequiredFeatures,
    pub is_component: bool,
    pub tier: Tier,
    pub wasm: Vec<u8>,
    /// The functions of the last version, if they are kept.
    pub functions: Option<Pack>,
    /// The address space that it may have, in bytes.
    pub memory_bytes: u64,
}

/// The result of a worker.
#[derive(Serialize, Deserialize)]
pub(in crate::dynamic) enum Answer {
    /// The code, and the functions of this version if they are others than before.
    Compiled(Vec<u8>, Option<Pack>),
    /// Wasmtime's reason.
    Refused(String),
}

impl Request {
    pub fn new(key: &CodeKey, wasm: &[u8], functions: Option<Pack>) -> Self {
        Self {
            engine: key.engine,
            target: key.target.to_string(),
            features: key.features,
            is_component: key.is_component,
            tier: key.tier,
            wasm: wasm.to_vec(),
            functions,
            memory_bytes: 0,
        }
    }

    pub fn encode(&self, memory_bytes: u64) -> Result<Vec<u8>, WorkerError> {
        let mut bytes = message(self).ok_or(WorkerError::Protocol)?;
        bytes.splice(MAGIC.len()..MAGIC.len(), memory_bytes.to_le_bytes());
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (memory, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
        let request: Self = postcard::from_bytes(rest).ok()?;
        Some(Self { memory_bytes: u64::from_le_bytes(*memory), ..request })
    }
}

impl Answer {
    pub fn encode(&self) -> Option<Vec<u8>> {
        message(self)
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes.strip_prefix(MAGIC)?).ok()
    }
}

fn message(content: &impl Serialize) -> Option<Vec<u8>> {
    let content = postcard::to_allocvec(content).ok()?;
    Some([MAGIC, &content].concat())
}
