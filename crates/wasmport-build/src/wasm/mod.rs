//! Wasm: bytes that claim to be WebAssembly, and modules that were validated.

mod features;
mod images;
mod raw;
mod validate;

pub(crate) use features::scan;
pub(crate) use images::image_bytes;
pub(crate) use raw::RawWasm;
pub(crate) use validate::{ValidWasm, has_legacy_exceptions, is_valid, validate};
