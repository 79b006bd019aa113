//! `RawWasm`: binary WebAssembly before validation.

use crate::asset::Kind;
use std::path::PathBuf;

/// A binary core module or component that is not validated.
#[derive(Debug)]
pub(crate) struct RawWasm {
    pub path: PathBuf,
    pub wasm: Vec<u8>,
    /// The text that it was parsed from, for messages.
    text: Option<String>,
}

impl RawWasm {
    /// Creates a module or component without text.
    pub fn new(path: impl Into<PathBuf>, wasm: Vec<u8>) -> Self {
        Self { path: path.into(), wasm, text: None }
    }

    /// Adds the text that it was parsed from, if it was.
    pub fn with_text(self, text: Option<String>) -> Self {
        Self { text, ..self }
    }

    /// Returns the text that it was parsed from.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Returns `bytes` as text, if they are a file in the text format.
    pub fn text_of(bytes: &[u8]) -> Option<String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let is_binary = bytes.starts_with(b"\0asm");
        std::str::from_utf8(bytes).ok().filter(|_| !is_binary).map(Into::into)
    }

    /// Reads the kind from the header.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.wasm)
    }
}
