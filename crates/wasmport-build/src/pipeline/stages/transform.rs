//! Transform: the project's own passes, in their order.

use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, Stage};
use crate::error::did_you_mean;
use crate::panics::catch_panic;
use crate::pipeline::context::AssetContext;
use crate::settings::{Part, Pass, prefix};
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
    let all = &asset.project().passes;
    for (index, pattern) in all.unknown(settings) {
        let (source, part) = (&asset.file.source, Part::Element(index));
        let place = asset.project().choice_location(source, "transform.passes", part);
        let place = prefix(place);
        let help = match all.nearest(pattern) {
            Some(nearest) => did_you_mean(nearest),
            None => "another program's import may differ".into(),
        };
        asset.warn(format!(
            "{place}`transform.passes`: this program has no pass {pattern:?}; {help}"
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
