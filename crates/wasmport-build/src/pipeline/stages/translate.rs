//! Translate: legacy exceptions to standard exceptions, with Binaryen.

use super::core_modules::in_component;
use crate::asset::{AssetError, Kind, Stage};
use crate::pipeline::context::AssetContext;
use crate::report::StageReport;
use crate::settings::LegacyExceptions;
use crate::store::CacheEntry;
use crate::tool::{ToolError, WasmOpt, feature_flags, with_binaryen_features};
use crate::wasm::{RawWasm, has_legacy_exceptions, is_valid, scan};
use std::time::Instant;
use wasmport::engine::WasmFeature;

/// Translates a module with legacy exceptions if the settings ask for it.
///
/// # Errors
///
/// Fails if `wasm-opt` is missing, has another version than the settings name, fails, or exceeds its
/// bounds.
pub(crate) fn translate(module: RawWasm, asset: &AssetContext<'_>) -> Result<RawWasm, AssetError> {
    let allowed = asset.project().features;
    let is_on = asset.settings().legacy_exceptions == Some(LegacyExceptions::Translate);
    if !is_on || !has_legacy_exceptions(&module.wasm, allowed) {
        return Ok(module);
    }
    let start = Instant::now();
    let wasm_opt = asset.import.tools.wasm_opt();
    let wasm_opt = wasm_opt.map_err(|e| e.at(asset.path(), Stage::Translate))?;
    let (wasm, cached) = match module.kind() {
        Kind::Component => {
            let change = |wasm: &[u8]| match has_legacy_exceptions(wasm, allowed) {
                true => rewrite(wasm, wasm_opt, asset).map(|rewritten| rewritten.bytes),
                false => Ok(wasm.to_vec()),
            };
            (in_component(Stage::Translate, asset.path(), &module.wasm, change)?, false)
        }
        Kind::Module => {
            let CacheEntry { bytes, cached, .. } = rewrite(&module.wasm, wasm_opt, asset)?;
            (bytes, cached)
        }
    };
    let report = StageReport::new(Stage::Translate, module.wasm.len(), wasm.len(), start.elapsed());
    asset.report(StageReport { by: Some(wasm_opt.describe()), cached, ..report });
    asset.emit(Stage::Translate, &wasm)?;
    Ok(RawWasm::new(module.path, wasm))
}

fn rewrite<'a>(
    wasm: &[u8],
    wasm_opt: &WasmOpt,
    asset: &'a AssetContext<'_>,
) -> Result<CacheEntry<'a>, AssetError> {
    let error = |e: ToolError| e.at(asset.path(), Stage::Translate);
    let scanned = scan(wasm, |found| asset.limits().are_exceeded_by(found))
        .map_err(|e| asset.error(Stage::Translate, e.to_string()))?;
    // The translation carries values out of blocks, which Binaryen counts as multi-value.
    let features = with_binaryen_features(scanned.features.with(WasmFeature::Exceptions));
    let mut args = vec!["--translate-to-exnref".to_owned(), "--debuginfo".into()];
    args.extend(feature_flags(features).map_err(error)?);
    let rewritten = wasm_opt.rewrite(&args, wasm, asset.limits(), asset.cache());
    let mut rewritten = rewritten.map_err(error)?;
    // The next stage reports a result that is not valid.
    if is_valid(&rewritten.bytes, asset.project().features) {
        rewritten.store();
    }
    Ok(rewritten)
}
