//! What a program and its worker say to each other, over the worker's standard input and output.

use crate::dynamic::cache::Pack;
use crate::dynamic::compile::Output;
use crate::dynamic::key::CodeKey;
use crate::dynamic::stages::Stages;
use crate::dynamic::tier::Tier;
use crate::engine::{EngineConfig, RequiredFeatures};
use crate::error::WorkerError;
use serde::{Deserialize, Serialize};
use std::io::Read;

/// First bytes of both messages: other versions have others.
const MAGIC: &[u8] = concat!("wasmport worker ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The length in bytes that an answer may have beside code and functions: short custom sections, or a reason.
pub(super) const OVERHEAD: u64 = 128 << 10;

/// The work of a worker.
#[derive(Serialize, Deserialize)]
pub(in crate::dynamic) struct Request {
    /// The name of the asset, for messages.
    pub name: String,
    pub engine: EngineConfig,
    pub target: String,
    /// The proposals that the program has.
    pub program: RequiredFeatures,
    pub is_component: bool,
    pub tier: Tier,
    /// The stages before compiling.
    pub stages: Option<Stages>,
    /// WebAssembly or its text.
    pub code: Vec<u8>,
    /// The functions of the last version, if they are kept.
    pub functions: Option<Pack>,
    /// The length that code and functions together may have, in bytes.
    pub artifact_bytes: u64,
    /// The address space that it may have, in bytes.
    pub memory_bytes: u64,
}

/// The result of a worker.
#[derive(Serialize, Deserialize)]
pub(in crate::dynamic) enum Answer {
    Compiled(Output),
    /// Wasmtime's reason, or that of the parser of the text format.
    Refused(String),
    /// It is a component and was to be a module, or the reverse.
    WrongKind {
        is_component: bool,
    },
}

impl Request {
    pub fn new(name: &str, key: &CodeKey, code: &[u8], functions: Option<Pack>) -> Self {
        Self {
            name: name.to_owned(),
            engine: key.engine,
            target: key.target.to_string(),
            program: RequiredFeatures::of_this_build(),
            is_component: key.is_component,
            tier: key.tier,
            stages: key.stages.clone(),
            code: code.to_vec(),
            functions,
            artifact_bytes: 0,
            memory_bytes: 0,
        }
    }

    pub fn encode(&self) -> Result<Vec<u8>, WorkerError> {
        let content = postcard::to_allocvec(self).map_err(|_| WorkerError::Protocol)?;
        let (memory, len) = (self.memory_bytes.to_le_bytes(), (content.len() as u64).to_le_bytes());
        Ok([MAGIC, &memory, &len, &content].concat())
    }

    /// Reads a request. Its length is before it, because the input stays open while the program waits.
    pub fn read(input: &mut impl Read) -> Option<Self> {
        let mut magic = [0; MAGIC.len()];
        let (mut memory, mut len) = ([0; 8], [0; 8]);
        for part in [magic.as_mut_slice(), &mut memory, &mut len] {
            input.read_exact(part).ok()?;
        }
        let mut content = Vec::new();
        let read = input.take(u64::from_le_bytes(len)).read_to_end(&mut content).ok()?;
        if magic != MAGIC || read as u64 != u64::from_le_bytes(len) {
            return None;
        }
        let request: Self = postcard::from_bytes(&content).ok()?;
        Some(Self { memory_bytes: u64::from_le_bytes(memory), ..request })
    }
}

impl Answer {
    /// Leaves out functions that do not fit beside the code: the next version compiles all of them.
    pub fn within(mut self, bytes: u64) -> Self {
        if let Self::Compiled(output) = &mut self {
            let room = bytes.saturating_sub(output.artifact.len() as u64);
            output.functions =
                output.functions.take().filter(|functions| functions.bytes() <= room);
        }
        self
    }

    pub fn encode(&self) -> Option<Vec<u8>> {
        let content = postcard::to_allocvec(self).ok()?;
        Some([MAGIC, &content].concat())
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes.strip_prefix(MAGIC)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamic::cache::Functions;
    use wasmtime::CacheStore as _;

    #[test]
    fn functions_that_do_not_fit_beside_the_code_are_left_out() {
        let answer = || {
            let functions = Functions::new(Pack::default());
            assert!(functions.insert(b"key", vec![0; 1_000]));
            Answer::Compiled(Output {
                artifact: vec![0; 500],
                features: RequiredFeatures::NONE,
                functions: functions.changed(),
                sections: Vec::new(),
            })
        };
        for (bytes, fits) in [(0, false), (500, false), (1_500, false), (1_600, true)] {
            let Answer::Compiled(output) = answer().within(bytes) else { unreachable!() };
            assert_eq!(output.functions.is_some(), fits, "{bytes}");
            let functions = output.functions.iter().map(|pack| pack.encode().unwrap_or_default());
            assert!(functions.map(|pack| pack.len() as u64).sum::<u64>() <= bytes);
        }
    }
}
