//! Snapshot: exports a module's state under reserved names, so that sessions of it can be saved.

mod rewrite;
mod sections;
mod survey;
#[cfg(test)]
mod tests;

use self::rewrite::with_exports;
use self::survey::{Refusal, Survey};
use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::pipeline::context::AssetContext;
use crate::store::CacheEntry;
use crate::wasm::ValidWasm;
use wasmport::engine::WasmFeature;

/// Exports memories, mutable globals, tables that can change, and functions that these can hold, if the settings ask for
/// it. The start function becomes an export too, which the runtime calls unless a session starts from a snapshot.
///
/// # Errors
///
/// Fails if the file is a component, or the module has state that cannot be saved.
pub(crate) fn snapshot(
    module: ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    run_stage(Stage::Snapshot, None, module, asset, |module| {
        if asset.settings().snapshot != Some(true) {
            return Ok(None);
        }
        let refused = |refusal: Refusal| {
            let error = asset.error(Stage::Snapshot, refusal.to_string());
            error.kind(AssetErrorKind::Settings).help(refusal.help())
        };
        if module.is_component() {
            return Err(refused(Refusal::Component));
        }
        let survey = Survey::of(module.wasm(), module.types()).map_err(refused)?;
        let wasm = with_exports(module.wasm(), &survey).map_err(|e| refused(e.into()))?;
        Ok(Some(Changed {
            wasm: CacheEntry::uncached(wasm),
            allowed: module.features().with(WasmFeature::MutableGlobal),
            same_exports: false,
            by: None,
        }))
    })
}
