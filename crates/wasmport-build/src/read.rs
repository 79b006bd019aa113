//! Read: a file's bytes, and what they are. The bytes decide, never the file's extension.

use crate::discover::Found;
use crate::error::{AssetError, Stage};
use crate::fs;
use std::path::PathBuf;
use wasmport::Digest;

/// A file as it was at one moment: everything after this works on these bytes.
#[derive(Debug)]
pub(crate) struct Source {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub digest: Digest,
}

impl Source {
    /// Reads the file once, if it is no larger than the settings allow.
    pub fn read(found: &Found) -> Result<Self, AssetError> {
        found.check_size(fs::len(&found.path).unwrap_or_default())?;
        let bytes = fs::read_at_most(&found.path, found.settings.limits.bytes().saturating_add(1))
            .map_err(|e| AssetError::new(&found.path, Stage::Read, e.to_string()))?;
        // It may have grown meanwhile.
        found.check_size(bytes.len() as u64)?;
        Ok(Self { path: found.path.clone(), digest: Digest::of(&bytes), bytes })
    }
}

/// A binary core module or component that nobody has validated yet.
#[cfg(feature = "compiler")]
#[derive(Debug)]
pub(crate) struct RawWasm {
    pub path: PathBuf,
    pub wasm: Vec<u8>,
}

#[cfg(feature = "compiler")]
impl Source {
    /// Takes binary WebAssembly as it is and translates text into it.
    ///
    /// # Errors
    ///
    /// Where the bytes are neither: empty, truncated, precompiled, or text with an error, which is
    /// shown with line, column and a caret.
    pub fn into_wasm(self) -> Result<RawWasm, AssetError> {
        let error = |message: String| AssetError::new(&self.path, Stage::Read, message);
        if self.bytes.is_empty() {
            return Err(error("the file is empty (0 bytes)".into())
                .help("write the module again: its toolchain did not finish"));
        }
        if MAGIC.starts_with(&self.bytes) {
            return Err(error(format!(
                "the file ends within its magic number ({} bytes)",
                self.bytes.len()
            ))
            .help("write the module again: its toolchain did not finish"));
        }
        if self.bytes.starts_with(b"\x7fELF") {
            return Err(error(
                "the file is a precompiled module or another ELF file, not WebAssembly".into(),
            )
            .help(
                "import the `.wasm` it was made from; precompiled code is never loaded unverified",
            ));
        }
        let wasm = if self.bytes.starts_with(MAGIC) {
            self.bytes
        } else {
            translate(&self.path, &self.bytes)?
        };
        Ok(RawWasm { path: self.path, wasm })
    }
}

#[cfg(feature = "compiler")]
impl AsRef<[u8]> for RawWasm {
    fn as_ref(&self) -> &[u8] {
        &self.wasm
    }
}

/// How binary WebAssembly begins.
#[cfg(feature = "compiler")]
const MAGIC: &[u8] = b"\0asm";

#[cfg(feature = "compiler")]
fn translate(path: &std::path::Path, bytes: &[u8]) -> Result<Vec<u8>, AssetError> {
    let error = |message: String| AssetError::new(path, Stage::Read, message);
    // Editors on Windows put a byte order mark before text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = &bytes[..e.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        error(format!(
            "the file is neither binary WebAssembly (no magic number `\\0asm`) nor text \
             (not UTF-8 from byte {} on: line {line}, column {column})",
            e.valid_up_to()
        ))
        .help("the content decides, not the extension: check what the file is")
    })?;
    wat::Parser::new().parse_str(Some(path), text).map_err(|e| error(e.to_string()))
}
