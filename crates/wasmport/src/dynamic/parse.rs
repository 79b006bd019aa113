//! Parses the source of a dynamic asset, in the process that compiles it.

use crate::error::Error;
use crate::inspect::short_sections;
use std::borrow::Cow;

/// First bytes of WebAssembly that is no text.
const MAGIC: &[u8] = b"\0asm";

/// Bytes behind the magic number of a component, for this version of Wasmtime.
const COMPONENT_VERSION: [u8; 4] = [0x0d, 0, 1, 0];

/// Returns whether code is text, or something else that is no WebAssembly.
pub(super) fn is_text(code: &[u8]) -> bool {
    !code.starts_with(MAGIC)
}

/// The reason why code is not compiled.
pub(super) enum Refused {
    /// It is a component and was to be a module, or the reverse.
    WrongKind {
        is_component: bool,
    },
    Invalid(wasmtime::Error),
}

impl From<wasmtime::Error> for Refused {
    fn from(error: wasmtime::Error) -> Self {
        Self::Invalid(error)
    }
}

impl Refused {
    /// Returns the error of an asset.
    pub fn of(self, asset: &str) -> Error {
        let asset = asset.to_owned();
        match self {
            Self::WrongKind { is_component } => Error::WrongKind { asset, is_component },
            Self::Invalid(source) => Error::Compile { asset, source },
        }
    }
}

/// WebAssembly to compile.
pub(super) struct Parsed<'a> {
    pub wasm: Cow<'a, [u8]>,
    /// The short custom sections of the source.
    pub sections: Vec<(String, Vec<u8>)>,
}

/// Parses text, and checks whether the code is a component.
pub(super) fn parse(code: &[u8], is_component: bool) -> Result<Parsed<'_>, Refused> {
    let wasm = wat::parse_bytes(code).map_err(wasmtime::Error::from)?;
    check_kind(&wasm, is_component)?;
    let sections = short_sections(&wasm);
    Ok(Parsed { wasm, sections })
}

/// Checks whether WebAssembly is a component.
pub(super) fn check_kind(wasm: &[u8], expects_component: bool) -> Result<(), Refused> {
    let is_component = wasm.get(4..8) == Some(&COMPONENT_VERSION);
    if is_component == expects_component {
        return Ok(());
    }
    Err(Refused::WrongKind { is_component })
}
