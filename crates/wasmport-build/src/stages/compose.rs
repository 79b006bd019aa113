//! Compose: a component whose imports other components satisfy.

use super::{Changed, Log, run_stage};
use crate::component;
use crate::error::{AssetError, Stage, over_limit};
use crate::fs;
use crate::read::{RawWasm, Source};
use crate::settings::{AssetSettings, Settings};
use crate::store::Obtained;
use crate::validate::{ValidWasm, validate};
use std::collections::BTreeMap;
use std::path::Path;
use wasmport::Digest;

/// Satisfies the imports that the settings name with the exports of the components that they name.
///
/// # Errors
///
/// Where one of the files is no component, or does not export what is imported.
pub(crate) fn compose(
    wasm: ValidWasm,
    settings: &AssetSettings,
    project: &Settings,
    log: &mut Log,
) -> Result<ValidWasm, AssetError> {
    let limits = &settings.limits;
    run_stage(Stage::Compose, None, limits, log, wasm, |wasm| {
        let Some(wanted) = settings.compose.as_ref().filter(|wanted| !wanted.is_empty()) else {
            return Ok(None);
        };
        let error = |message: String| AssetError::new(wasm.path(), Stage::Compose, message);
        if !wasm.is_component() {
            let error = error("the file is a core module, and only components are composed".into());
            return Err(error.help("leave `compose` out for the asset"));
        }
        let mut others = BTreeMap::new();
        for file in wanted.values() {
            if !others.contains_key(file.as_str()) {
                let component = read(&project.folder.join(file), settings, project);
                let component = component.map_err(|e| {
                    let help = e.help.clone();
                    let error = error(format!("`{file}`: {}", e.message));
                    help.map_or(error.clone(), |help| error.help(help))
                })?;
                others.insert(file.as_str(), component);
            }
        }
        let others: Vec<(&str, &[u8])> =
            others.iter().map(|(file, component)| (*file, component.wasm())).collect();
        let composed = component::compose(wasm.wasm(), &others, Some(wanted)).map_err(error)?;
        let (wasm, allowed) = (Obtained::new(composed), project.features);
        Ok(Some(Changed { wasm, allowed, same_exports: false, by: None }))
    })
}

/// Another component, as valid as an asset.
fn read(
    path: &Path,
    settings: &AssetSettings,
    project: &Settings,
) -> Result<ValidWasm, AssetError> {
    let max = settings.limits.bytes();
    let bytes = fs::read_at_most(path, max.saturating_add(1))
        .map_err(|e| AssetError::new(path, Stage::Compose, e.to_string()))?;
    if bytes.len() as u64 > max {
        let len = fs::len(path).unwrap_or_default();
        return Err(over_limit(path, Stage::Compose, len, max, "bytes", "max-bytes"));
    }
    let source = Source { path: path.into(), digest: Digest::of(&bytes), bytes };
    let raw: RawWasm = source.into_wasm()?;
    let valid = validate(raw, project.features, &settings.limits)?;
    if valid.is_component() {
        return Ok(valid);
    }
    Err(AssetError::new(path, Stage::Compose, "it is a core module, and no component"))
}
