//! Decode: the source's bytes as binary WebAssembly.

use crate::asset::{AssetError, Stage};
use crate::pipeline::context::AssetContext;
use crate::pipeline::read::{Source, to_wasm};
use crate::wasm::RawWasm;

/// Returns binary WebAssembly as it is, and translates text.
///
/// # Errors
///
/// Fails if the bytes are neither.
pub(crate) fn decode(source: Source, asset: &AssetContext<'_>) -> Result<RawWasm, AssetError> {
    let len = source.bytes.len();
    let text = RawWasm::text_of(&source.bytes);
    let work = || Ok(to_wasm(asset.path(), source.bytes)?.with_text(text));
    let module = asset.timed(Stage::Read, len, work, |module| module.wasm.len())?;
    asset.set_kind(module.kind());
    asset.emit(Stage::Read, &module.wasm)?;
    Ok(module)
}
