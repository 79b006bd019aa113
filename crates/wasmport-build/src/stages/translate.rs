//! Translate: modules with the exceptions of before the standard, which Wasmtime refuses, to the
//! standard's, by Binaryen.

use super::{Log, in_component};
use crate::error::{AssetError, Stage};
use crate::features::scan;
use crate::read::RawWasm;
use crate::report::{Kind, StageReport};
use crate::settings::{AssetSettings, LegacyExceptions};
use crate::store::{Cache, Obtained};
use crate::tool::{ToolBox, feature_flags, in_binaryen};
use crate::validate::{has_legacy_exceptions, is_valid};
use std::time::Instant;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// Gives a module without legacy exceptions for one with them, where the settings ask for it; what it
/// gives is validated like any other.
///
/// # Errors
///
/// Where `wasm-opt` is missing, of another version than the settings say, fails or does not end.
pub(crate) fn translate(
    module: RawWasm,
    settings: &AssetSettings,
    allowed: RequiredFeatures,
    tools: &ToolBox,
    cache: &Cache,
    log: &mut Log,
) -> Result<RawWasm, AssetError> {
    let is_on = settings.legacy_exceptions == Some(LegacyExceptions::Translate);
    if !is_on || !has_legacy_exceptions(&module.wasm, allowed) {
        return Ok(module);
    }
    let start = Instant::now();
    let path = &module.path;
    let error = |e: crate::tool::ToolError| e.at(path, Stage::Translate);
    let wasm_opt = tools.wasm_opt().map_err(error)?;
    let rewrite = |wasm: &[u8]| -> Result<Obtained<'_>, AssetError> {
        let scanned = scan(wasm, &settings.limits)
            .map_err(|e| AssetError::new(path, Stage::Translate, e.to_string()))?;
        // The translation carries values out of blocks, which goes with exceptions.
        let features = in_binaryen(scanned.features.with(WasmFeature::Exceptions));
        let mut args = vec!["--translate-to-exnref".to_owned(), "--debuginfo".into()];
        args.extend(feature_flags(features).map_err(error)?);
        let rewritten = wasm_opt.rewrite(&args, wasm, &settings.limits, cache);
        let mut rewritten = rewritten.map_err(error)?;
        // What is not is the next stage's error.
        if is_valid(&rewritten.bytes, allowed) {
            rewritten.keep();
        }
        Ok(rewritten)
    };
    let (wasm, cached) = if Kind::of(&module.wasm) == Kind::Component {
        let change = |wasm: &[u8]| match has_legacy_exceptions(wasm, allowed) {
            true => rewrite(wasm).map(|rewritten| rewritten.bytes),
            false => Ok(wasm.to_vec()),
        };
        (in_component(Stage::Translate, path, &module.wasm, change)?, false)
    } else {
        let Obtained { bytes, found, .. } = rewrite(&module.wasm)?;
        (bytes, found)
    };
    let report = StageReport::new(Stage::Translate, module.wasm.len(), wasm.len(), start.elapsed());
    log.stages.push(StageReport { by: Some(wasm_opt.describe()), cached, ..report });
    Ok(RawWasm { path: module.path, wasm })
}
