//! Strip: a module without the custom sections that nobody needs.

use super::{Changed, Log, run_stage};
use crate::error::{AssetError, Stage};
use crate::settings::{AssetSettings, Patterns};
use crate::store::Obtained;
use crate::validate::ValidModule;
use wasmparser::{Parser, Payload};

/// Removes the custom sections that the settings name.
///
/// # Errors
///
/// Where the module cannot be read, which was validated.
pub(crate) fn strip(
    module: ValidModule,
    settings: &AssetSettings,
    log: &mut Log,
) -> Result<ValidModule, AssetError> {
    run_stage(Stage::Strip, None, &settings.limits, log, module, |module| {
        let Some(patterns) = settings.strip.as_ref().filter(|patterns| !patterns.is_empty()) else {
            return Ok(None);
        };
        let error = |message| AssetError::new(module.path(), Stage::Strip, message);
        let patterns = Patterns::new(Some(patterns)).map_err(error)?;
        let wasm = without_sections(module.wasm(), |name| patterns.matches(name, false));
        let wasm = wasm.map_err(|e| AssetError::new(module.path(), Stage::Strip, e.to_string()))?;
        let wasm = Obtained::new(wasm);
        Ok(Some(Changed { wasm, allowed: module.features(), same_exports: true, by: None }))
    })
}

/// The module byte for byte, but for the custom sections that are `unwanted`.
fn without_sections(wasm: &[u8], unwanted: impl Fn(&str) -> bool) -> wasmparser::Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(wasm.len());
    let mut copied = 0;
    // Where the section before ended, which is where this one's header begins.
    let mut end_of_last = 8;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else { continue };
        if let Payload::CustomSection(section) = &payload
            && unwanted(section.name())
        {
            kept.extend_from_slice(wasm.get(copied..end_of_last).unwrap_or_default());
            copied = range.end;
        }
        end_of_last = range.end;
    }
    kept.extend_from_slice(wasm.get(copied..).unwrap_or_default());
    Ok(kept)
}
