//! `RawWasm`: binary WebAssembly before validation.

use crate::asset::Kind;
use std::path::PathBuf;

/// A binary core module or component that is not validated.
#[derive(Debug)]
pub(crate) struct RawWasm {
    pub path: PathBuf,
    pub wasm: Vec<u8>,
}

impl RawWasm {
    /// Reads the kind from the header.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.wasm)
    }
}
