//! Compose: other components satisfy the imports of a component.

use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, Stage};
use crate::component;
use crate::pipeline::context::AssetContext;
use crate::settings::{Part, prefix};
use crate::store::CacheEntry;
use crate::wasm::{RawWasm, ValidWasm, validate};

/// Links the component with the components that the settings name.
///
/// # Errors
///
/// Fails if a file is no component, or does not export what is imported.
pub(crate) fn compose(
    module: ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    run_stage(Stage::Compose, None, module, asset, |module| {
        let Some(wanted) = asset.settings().compose.as_ref().filter(|wanted| !wanted.is_empty())
        else {
            return Ok(None);
        };
        if !module.is_component() {
            let message = "the file is a core module, and only components are composed";
            let error = asset.error(Stage::Compose, message);
            return Err(error.help("leave `compose` out for the asset"));
        }
        let inputs = asset.inputs.components.iter();
        let others = inputs
            .map(|(file, read)| Ok((file.as_str(), other(file, read, asset)?)))
            .collect::<Result<Vec<_>, AssetError>>()?;
        let others: Vec<(&str, &[u8])> =
            others.iter().map(|(file, component)| (*file, component.wasm())).collect();
        let composed = component::compose(module.wasm(), &others, Some(wanted));
        let place = |import: &str| {
            let place = Part::Entry(import);
            let place = asset.project().choice_location(&asset.file.source, "compose", place);
            prefix(place)
        };
        let composed = composed.map_err(|e| asset.error(Stage::Compose, e.placed(place)))?;
        let (wasm, allowed) = (CacheEntry::uncached(composed), asset.project().features);
        Ok(Some(Changed { wasm, allowed, same_exports: false, by: None }))
    })
}

/// Validates another component like an asset.
fn other(
    file: &str,
    read: &Result<RawWasm, AssetError>,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    let chosen = asset.settings().compose.iter().flatten().find(|(_, other)| *other == file);
    let place = chosen.and_then(|(import, _)| {
        let (source, part) = (&asset.file.source, Part::Entry(import));
        asset.project().choice_location(source, "compose", part)
    });
    let place = prefix(place);
    let named = |e: AssetError| AssetError {
        help: e.help.clone(),
        ..asset.error(Stage::Compose, format!("{place}`{file}`: {}", e.message)).kind(e.kind)
    };
    let raw = read.as_ref().map_err(|e| named(e.clone()))?;
    let raw = RawWasm::new(raw.path.clone(), raw.wasm.clone());
    let valid = validate(raw, asset.project().features, asset.limits()).map_err(named)?;
    if valid.is_component() {
        return Ok(valid);
    }
    let message = format!("{place}`{file}`: it is a core module, not a component");
    Err(asset.error(Stage::Compose, message))
}
