//! Optimize: Binaryen's `wasm-opt` over a module, with exactly the features that the module uses.

use super::core_modules::each_module;
use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::pipeline::context::AssetContext;
use crate::project::manifest::NO_TOOL;
use crate::settings::{FastMath, Optimize, OptimizeLevel};
use crate::store::CacheEntry;
use crate::tool::{ToolError, WASM_OPT, WasmOpt, feature_flags, with_binaryen_features};
use crate::wasm::{ValidWasm, is_valid, scan};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// Runs `wasm-opt` if the settings name a level.
///
/// # Errors
///
/// Fails if the program is missing, has another version than the settings name, fails, exceeds its
/// bounds, or changes the exports.
pub(crate) fn optimize(
    module: ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    let settings = &asset.settings().optimize;
    let module = run_stage(Stage::Optimize, settings.on_failure, module, asset, |module| {
        let (true, Some(level)) = (settings.is_on(), settings.level) else { return Ok(None) };
        if level == OptimizeLevel::O4 && module.features().contains(WasmFeature::Exceptions) {
            let message = "`O4` flattens code, and Binaryen cannot flatten exceptions";
            let error = asset.error(Stage::Optimize, message).kind(AssetErrorKind::Settings);
            return Err(error.help("set `level = \"O3\"` for the asset"));
        }
        let error = |e: ToolError| e.at(asset.path(), Stage::Optimize);
        let wasm_opt = asset.import.tools.wasm_opt().map_err(error)?;
        let rewrite = |wasm: &[u8], features| {
            let args = arguments(settings, level, features).map_err(error)?;
            wasm_opt.rewrite(&args, wasm, asset.limits(), asset.cache()).map_err(error)
        };
        let allowed = with_binaryen_features(module.features());
        let wasm = if module.is_component() {
            let wasm = each_module(Stage::Optimize, module, |wasm| {
                let scanned = scan(wasm, |found| asset.limits().are_exceeded_by(found))
                    .map_err(|e| asset.error(Stage::Optimize, e.to_string()))?;
                let mut rewritten = rewrite(wasm, with_binaryen_features(scanned.features))?;
                if is_valid(&rewritten.bytes, allowed) {
                    rewritten.store();
                }
                Ok(rewritten.bytes)
            });
            CacheEntry::uncached(wasm?)
        } else {
            rewrite(module.wasm(), allowed)?
        };
        let by = Some(wasm_opt.describe());
        Ok(Some(Changed { wasm, allowed, same_exports: true, by }))
    })?;
    note_skipped_tool(asset);
    Ok(module)
}

/// Returns the arguments of `wasm-opt`. Names stay; `strip` removes them.
fn arguments(
    settings: &Optimize,
    level: OptimizeLevel,
    features: RequiredFeatures,
) -> Result<Vec<String>, ToolError> {
    let mut args = vec![format!("-{level:?}"), "--debuginfo".into()];
    args.extend(feature_flags(features)?);
    if matches!(settings.fast_math, Some(FastMath::Yes | FastMath::Force)) {
        args.push("--fast-math".into());
    }
    args.extend(settings.flags.iter().flatten().cloned());
    Ok(args)
}

/// Records the tool of a skipped stage: another version, or any if there was none, may succeed.
fn note_skipped_tool(asset: &AssetContext<'_>) {
    let mut log = asset.log();
    let last = log.stages.last_mut().filter(|report| report.stage == Stage::Optimize);
    if let Some(report) = last.filter(|report| report.skipped.is_some()) {
        let missing = |_| format!("{WASM_OPT} {NO_TOOL}");
        report.by = Some(asset.import.tools.wasm_opt().map_or_else(missing, WasmOpt::describe));
    }
}
