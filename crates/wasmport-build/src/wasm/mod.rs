//! Wasm: bytes that claim to be WebAssembly, and modules that were validated.

mod images;
mod place;
mod raw;
mod sections;
mod validate;

pub(crate) use images::image_bytes;
pub(crate) use raw::RawWasm;
pub(crate) use sections::{code_bytes, custom_sections};
pub(crate) use validate::{
    ValidWasm, has_legacy_exceptions, is_valid, validate, validate_described,
};
pub(crate) use wasmport::inspect::{needs_concurrency, scan};
