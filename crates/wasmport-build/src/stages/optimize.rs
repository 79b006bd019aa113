//! Optimize: Binaryen's `wasm-opt` over a module, told the features that it uses.

use super::{Changed, Log, each_module, run_stage};
use crate::error::{AssetError, Stage};
use crate::features::scan;
use crate::manifest::NO_TOOL;
use crate::settings::{AssetSettings, FastMath, OptimizeLevel};
use crate::store::{Cache, Obtained};
use crate::tool::{ToolBox, WASM_OPT, WasmOpt, feature_flags, in_binaryen};
use crate::validate::{ValidWasm, is_valid};
use wasmport::engine::WasmFeature;

/// Runs `wasm-opt` where the settings ask for it.
///
/// # Errors
///
/// Where the program is missing, of another version than the settings say, fails, does not end, or
/// gives what is no module with the same exports.
pub(crate) fn optimize(
    module: ValidWasm,
    settings: &AssetSettings,
    tools: &ToolBox,
    cache: &Cache,
    log: &mut Log,
) -> Result<ValidWasm, AssetError> {
    let AssetSettings { limits, optimize, .. } = settings;
    let module = run_stage(Stage::Optimize, optimize.on_failure, limits, log, module, |module| {
        let (true, Some(level)) = (optimize.is_on(), optimize.level) else { return Ok(None) };
        if level == OptimizeLevel::O4 && module.features().contains(WasmFeature::Exceptions) {
            let message = "`O4` flattens code, and Binaryen cannot flatten exceptions";
            let error = AssetError::new(module.path(), Stage::Optimize, message);
            return Err(error.help("say `level = \"O3\"` for the asset"));
        }
        let error = |e: crate::tool::ToolError| e.at(module.path(), Stage::Optimize);
        let wasm_opt = tools.wasm_opt().map_err(error)?;
        let rewrite = |wasm: &[u8], features| {
            // Names go with `strip`, where they are not wanted.
            let mut args = vec![format!("-{level:?}"), "--debuginfo".into()];
            args.extend(feature_flags(features).map_err(error)?);
            if matches!(optimize.fast_math, Some(FastMath::Yes | FastMath::Force)) {
                args.push("--fast-math".into());
            }
            args.extend(optimize.flags.iter().flatten().cloned());
            wasm_opt.rewrite(&args, wasm, limits, cache).map_err(error)
        };
        let allowed = in_binaryen(module.features());
        let wasm = if module.is_component() {
            let wasm = each_module(Stage::Optimize, module, |wasm| {
                let scanned = scan(wasm, limits)
                    .map_err(|e| AssetError::new(module.path(), Stage::Optimize, e.to_string()))?;
                let mut rewritten = rewrite(wasm, in_binaryen(scanned.features))?;
                if is_valid(&rewritten.bytes, allowed) {
                    rewritten.keep();
                }
                Ok(rewritten.bytes)
            });
            Obtained::new(wasm?)
        } else {
            rewrite(module.wasm(), allowed)?
        };
        let by = Some(wasm_opt.describe());
        Ok(Some(Changed { wasm, allowed, same_exports: true, by }))
    })?;
    let skipped = log.stages.last_mut().filter(|report| report.skipped.is_some());
    if let Some(report) = skipped.filter(|report| report.stage == Stage::Optimize) {
        // Another version, or any where there was none, may not fail.
        let none = || format!("{WASM_OPT} {NO_TOOL}");
        report.by = Some(tools.wasm_opt().map_or_else(|_| none(), WasmOpt::describe));
    }
    Ok(module)
}
