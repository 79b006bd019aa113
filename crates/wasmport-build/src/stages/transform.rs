//! Transform: the project's own passes, in their order.

use super::{Changed, Log, run_stage};
use crate::compile::catch_panic;
use crate::error::{AssetError, Stage};
use crate::settings::{AssetSettings, Settings};
use crate::store::Obtained;
use crate::validate::ValidWasm;

/// A pass of the project's own over a module, for [`Importer::pass`](crate::Importer::pass).
///
/// Its result is validated. What it does must follow from the module and from what its version says
/// alone: assets are imported again only where one of the two changes.
pub trait Pass: Send + Sync {
    /// The name, for messages, reports and the patterns in the settings.
    fn name(&self) -> &str;

    /// What tells this version of the pass from others: whatever else its result depends on.
    fn version(&self) -> &str;

    /// Takes the module of the asset `source`, and gives what is to be imported in its place; nothing
    /// where it stays as it is.
    ///
    /// # Errors
    ///
    /// Whatever keeps the pass from doing its work.
    fn run(
        &self,
        source: &str,
        wasm: &[u8],
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>>;
}

/// Runs the passes that the settings choose.
///
/// # Errors
///
/// Where one fails, or its result is not valid.
pub(crate) fn transform(
    mut module: ValidWasm,
    source: &str,
    settings: &AssetSettings,
    project: &Settings,
    log: &mut Log,
) -> Result<ValidWasm, AssetError> {
    let AssetSettings { limits, transform, .. } = settings;
    let path = module.path().to_path_buf();
    let unknown = project.passes.unknown(transform).into_iter();
    log.warnings.extend(unknown.map(|pattern| {
        format!("`transform.passes`: this program has no pass {pattern:?}; what it gives may differ from what another gives")
    }));
    let passes = project.passes.selected(transform);
    for pass in passes.map_err(|e| AssetError::new(&path, Stage::Transform, e))? {
        module =
            run_stage(Stage::Transform, transform.on_failure, limits, log, module, |module| {
                let by = format!("{} {}", pass.name(), pass.version());
                let error = |what: String| {
                    let message = format!("pass `{}`{what}", pass.name());
                    AssetError::new(&path, Stage::Transform, message)
                };
                let wasm = catch_panic(|| pass.run(source, module.wasm()))
                    .map_err(|panic| error(format!(" panicked: {panic}")))?
                    .map_err(|e| error(format!(": {e}")))?;
                let allowed = project.features;
                Ok(wasm.map(Obtained::new).map(|wasm| Changed {
                    wasm,
                    allowed,
                    same_exports: false,
                    by: Some(by),
                }))
            })?;
    }
    Ok(module)
}
