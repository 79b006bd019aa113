//! Cost of compiling an asset, estimated from its source before any stage runs, so that every job estimates the same.

use super::inputs;
use super::read;
use crate::panics::catch_panic;
use crate::project::discover::AssetFile;
use crate::settings::Settings;
use crate::wasm::{RawWasm, code_bytes as of_wasm};
use wasmport::engine::Target;

/// The cost of a module without code.
const LEAST: u64 = 4 << 10;

/// Returns the bytes of code in an asset and in the components that are composed with it; none if its file cannot
/// be read: its import reports the error.
pub(crate) fn code_bytes(file: &AssetFile, project: &Settings) -> u64 {
    let bytes = || {
        let source = read::read(file, project).ok()?;
        let wasm = read::to_wasm(&file.path, source.bytes).ok()?;
        let components = inputs::components(file, project);
        let others = components.values().flatten().map(|RawWasm { wasm, .. }| of_wasm(wasm));
        Some(of_wasm(&wasm.wasm) + others.sum::<u64>())
    };
    // The parser reads files that nobody has vouched for.
    catch_panic(bytes).ok().flatten().unwrap_or_default()
}

/// Returns the cost of compiling so many bytes of code for a target. Machine code of all architectures takes the same
/// time, and code for the interpreter an eighth more (`docs/decisions.md` has the figures).
pub(crate) fn of(code: u64, target: &Target) -> u64 {
    let more = if target.is_portable() { code / 8 } else { 0 };
    LEAST.saturating_add(code).saturating_add(more)
}
