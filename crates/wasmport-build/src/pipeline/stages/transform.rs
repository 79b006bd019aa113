//! Transform: the project's own passes, in their order.

use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, Stage};
use crate::panics::catch_panic;
use crate::pipeline::context::AssetContext;
use crate::settings::Pass;
use crate::store::CacheEntry;
use crate::wasm::ValidWasm;

/// Runs the passes that the settings select.
///
/// # Errors
///
/// Fails if a pass fails or panics, or its result is not valid.
pub(crate) fn transform(
    module: ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    let settings = &asset.settings().transform;
    for pattern in asset.project().passes.unknown(settings) {
        asset.warn(format!(
            "`transform.passes`: this program has no pass {pattern:?}; another program's import may differ"
        ));
    }
    let passes = asset.project().passes.selected(settings);
    let mut passes = passes.map_err(|e| asset.error(Stage::Transform, e.to_string()))?;
    passes.try_fold(module, |module, pass| {
        run_stage(Stage::Transform, settings.on_failure, module, asset, |module| {
            run_pass(pass, module, asset)
        })
    })
}

fn run_pass(
    pass: &dyn Pass,
    module: &ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<Option<Changed<'static>>, AssetError> {
    let error =
        |cause: String| asset.error(Stage::Transform, format!("pass `{}`{cause}", pass.name()));
    let wasm = catch_panic(|| pass.run(&asset.file.source, module.wasm()))
        .map_err(|panic| error(format!(" panicked: {panic}")))?
        .map_err(|e| error(format!(": {e}")))?;
    Ok(wasm.map(|wasm| Changed {
        wasm: CacheEntry::uncached(wasm),
        allowed: asset.project().features,
        same_exports: false,
        by: Some(format!("{} {}", pass.name(), pass.version())),
    }))
}
