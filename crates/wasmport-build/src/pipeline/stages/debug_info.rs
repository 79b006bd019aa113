//! Debug information that Wasmtime cannot translate is left out: no custom section makes a module invalid.

use super::core_modules::each_module;
use super::strip::without_sections;
use crate::asset::{AssetError, Stage};
use crate::pipeline::context::AssetContext;
use crate::wasm::{RawWasm, ValidWasm, custom_sections, validate};
use std::collections::BTreeSet;

/// A module without its debug information.
pub(crate) struct Bare {
    pub module: ValidWasm,
    /// The names of the sections that were left out.
    pub sections: BTreeSet<String>,
}

/// Returns the module without its `.debug_*` sections, or `None` if it has none.
///
/// # Errors
///
/// Fails if the validated module cannot be read.
pub(crate) fn without_debug_info(
    module: &ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<Option<Bare>, AssetError> {
    let is_debug = |name: &str| name.starts_with(".debug_");
    let sections = custom_sections(module.wasm()).filter(|name| is_debug(name));
    let sections: BTreeSet<String> = sections.map(Into::into).collect();
    if sections.is_empty() {
        return Ok(None);
    }
    let wasm = each_module(Stage::Compile, module, |wasm| {
        without_sections(wasm, is_debug).map_err(|e| asset.error(Stage::Compile, e.to_string()))
    })?;
    let raw = RawWasm::new(module.path(), wasm);
    let module = validate(raw, module.features(), asset.limits())?;
    Ok(Some(Bare { module, sections }))
}
