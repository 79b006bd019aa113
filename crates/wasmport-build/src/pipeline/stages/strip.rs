//! Strip: removes custom sections.

use super::core_modules::each_module;
use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, Stage};
use crate::error::did_you_mean;
use crate::names::nearest;
use crate::pipeline::context::AssetContext;
use crate::settings::{Part, Patterns, prefix};
use crate::store::CacheEntry;
use crate::wasm::ValidWasm;
use wasmparser::{Parser, Payload};

/// Removes the custom sections that the settings name.
///
/// # Errors
///
/// Fails if the validated module cannot be read.
pub(crate) fn strip(module: ValidWasm, asset: &AssetContext<'_>) -> Result<ValidWasm, AssetError> {
    run_stage(Stage::Strip, None, module, asset, |module| {
        let Some(patterns) =
            asset.settings().strip.as_ref().filter(|patterns| !patterns.is_empty())
        else {
            return Ok(None);
        };
        warn_of_misspelt(module.wasm(), patterns, asset);
        let patterns =
            Patterns::new(Some(patterns)).map_err(|e| asset.error(Stage::Strip, e.to_string()))?;
        let strip = |wasm: &[u8]| {
            without_sections(wasm, |name| patterns.matches(name, false))
                .map_err(|e| AssetError::new(module.path(), Stage::Strip, e.to_string()))
        };
        let mut wasm = each_module(Stage::Strip, module, strip)?;
        if module.is_component() {
            wasm = strip(&wasm)?;
        }
        let wasm = CacheEntry::uncached(wasm);
        Ok(Some(Changed { wasm, allowed: module.features(), same_exports: true, by: None }))
    })
}

/// Custom sections that toolchains write.
const KNOWN: [&str; 16] = [
    "name",
    "producers",
    "target_features",
    "linking",
    "dylink.0",
    "sourceMappingURL",
    "external_debug_info",
    "build_id",
    ".debug_*",
    ".debug_abbrev",
    ".debug_info",
    ".debug_line",
    ".debug_loc",
    ".debug_ranges",
    ".debug_str",
    "component-type",
];

/// Warns of names that no section has and that resemble one: most modules lack some of the sections that a
/// project removes.
fn warn_of_misspelt(wasm: &[u8], patterns: &[String], asset: &AssetContext<'_>) {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let sections: Vec<String> = payloads
        .filter_map(|payload| match payload {
            Payload::CustomSection(section) => Some(section.name().to_owned()),
            _ => None,
        })
        .collect();
    for (index, pattern) in patterns.iter().enumerate() {
        let known = sections.iter().map(String::as_str).chain(KNOWN);
        // A pattern that is none is an error later.
        let matches = Patterns::one(pattern).ok();
        let is_known = KNOWN.contains(&&**pattern)
            || matches.is_none_or(|own| known.clone().any(|name| own.matches(name, false)));
        if let Some(nearest) = nearest(pattern, known).filter(|_| !is_known) {
            let place =
                asset.project().choice_location(&asset.file.source, "strip", Part::Element(index));
            let place = prefix(place);
            asset.warn(format!(
                "{place}`strip`: `{pattern}` is the name of no section; {}",
                did_you_mean(nearest)
            ));
        }
    }
}

/// Copies the module or component without its own custom sections that are `unwanted`.
pub(super) fn without_sections(
    wasm: &[u8],
    unwanted: impl Fn(&str) -> bool,
) -> wasmparser::Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(wasm.len());
    let mut copied = 0;
    // The end of the section before is the beginning of this one's header.
    let mut end_of_last = 8;
    // Sections of nested modules and components stay.
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
