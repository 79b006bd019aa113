//! Strip: a module without the custom sections that nobody needs.

use super::{Changed, Log, each_module, run_stage};
use crate::error::{AssetError, Stage};
use crate::settings::{AssetSettings, Patterns};
use crate::store::Obtained;
use crate::validate::ValidWasm;
use wasmparser::{Parser, Payload};

/// Removes the custom sections that the settings name.
///
/// # Errors
///
/// Where the module cannot be read, which was validated.
pub(crate) fn strip(
    module: ValidWasm,
    settings: &AssetSettings,
    log: &mut Log,
) -> Result<ValidWasm, AssetError> {
    run_stage(Stage::Strip, None, &settings.limits, log, module, |module| {
        let Some(patterns) = settings.strip.as_ref().filter(|patterns| !patterns.is_empty()) else {
            return Ok(None);
        };
        let error = |message| AssetError::new(module.path(), Stage::Strip, message);
        let patterns = Patterns::new(Some(patterns)).map_err(error)?;
        let strip = |wasm: &[u8]| {
            without_sections(wasm, |name| patterns.matches(name, false))
                .map_err(|e| AssetError::new(module.path(), Stage::Strip, e.to_string()))
        };
        let mut wasm = each_module(Stage::Strip, module, strip)?;
        if module.is_component() {
            wasm = strip(&wasm)?;
        }
        let wasm = Obtained::new(wasm);
        Ok(Some(Changed { wasm, allowed: module.features(), same_exports: true, by: None }))
    })
}

/// The module or component byte for byte, but for its own custom sections that are `unwanted`.
fn without_sections(wasm: &[u8], unwanted: impl Fn(&str) -> bool) -> wasmparser::Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(wasm.len());
    let mut copied = 0;
    // Where the section before ended, which is where this one's header begins.
    let mut end_of_last = 8;
    // What is inside of a nested module or component is not this one's.
    let mut end_of_nested = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else { continue };
        if range.start < end_of_nested {
            continue;
        }
        if matches!(payload, Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) {
            end_of_nested = range.end;
        }
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
