//! Optimize: Binaryen's `wasm-opt` over a module, told the features that it uses.

use super::{Changed, Log, run_stage};
use crate::error::{AssetError, Stage};
use crate::settings::{AssetSettings, FastMath, OptimizeLevel};
use crate::store::Cache;
use crate::tool::{ToolBox, feature_flags, in_binaryen};
use crate::validate::ValidModule;
use wasmport::engine::WasmFeature;

/// Runs `wasm-opt` where the settings ask for it.
///
/// # Errors
///
/// Where the program is missing, of another version than the settings say, fails, does not end, or
/// gives what is no module with the same exports.
pub(crate) fn optimize(
    module: ValidModule,
    settings: &AssetSettings,
    tools: &ToolBox,
    cache: &Cache,
    log: &mut Log,
) -> Result<ValidModule, AssetError> {
    let AssetSettings { limits, optimize, .. } = settings;
    run_stage(Stage::Optimize, optimize.on_failure, limits, log, module, |module| {
        let (true, Some(level)) = (optimize.is_on(), optimize.level) else { return Ok(None) };
        if level == OptimizeLevel::O4 && module.features().contains(WasmFeature::Exceptions) {
            let message = "`O4` flattens code, and Binaryen cannot flatten exceptions";
            let error = AssetError::new(module.path(), Stage::Optimize, message);
            return Err(error.help("say `level = \"O3\"` for the asset"));
        }
        let error = |e: crate::tool::ToolError| e.at(module.path(), Stage::Optimize);
        let wasm_opt = tools.wasm_opt().map_err(error)?;
        // Names go with `strip`, where they are not wanted.
        let mut args = vec![format!("-{level:?}"), "--debuginfo".into()];
        let allowed = in_binaryen(module.features());
        args.extend(feature_flags(allowed).map_err(error)?);
        if matches!(optimize.fast_math, Some(FastMath::Yes | FastMath::Force)) {
            args.push("--fast-math".into());
        }
        args.extend(optimize.flags.iter().flatten().cloned());
        let wasm = wasm_opt.rewrite(&args, module.wasm(), limits, cache).map_err(error)?;
        let by = Some(wasm_opt.describe());
        Ok(Some(Changed { wasm, allowed, same_exports: true, by }))
    })
}
