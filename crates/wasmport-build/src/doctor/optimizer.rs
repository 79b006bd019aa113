//! Optimizer: Binaryen's `wasm-opt`, if assets need it.

use super::finding::{Check, Finding, Level, list};
use crate::project::discover::{AssetFile, Discovered};
use crate::settings::{Policy, Settings};
use crate::tool::{ToolBox, WASM_OPT};
use std::collections::BTreeSet;

const CHECK: Check = Check("tools");

/// Looks for the program, if an asset is optimized or is one of the `translated` sources.
pub(super) fn check(
    settings: &Settings,
    discovered: &Discovered,
    translated: &BTreeSet<String>,
) -> Vec<Finding> {
    let is_translated = |file: &AssetFile| translated.contains(&file.source);
    let assets = discovered.assets.iter();
    let needing: Vec<&AssetFile> =
        assets.filter(|file| file.settings.optimize.is_on() || is_translated(file)).collect();
    if needing.is_empty() {
        return vec![CHECK.ok(WASM_OPT, "no asset needs it")];
    }
    let names = list(needing.iter().map(|file| file.source.as_str()));
    match ToolBox::new(settings).wasm_opt() {
        Ok(tool) => vec![CHECK.ok(WASM_OPT, format!("version {}, for {names}", tool.version()))],
        Err(error) => {
            let is_fatal = |policy: Option<Policy>| policy.unwrap_or_default() == Policy::Fail;
            // An asset that is not translated cannot be imported, whatever the policy for optimizing.
            let fails = needing
                .iter()
                .any(|file| is_translated(file) || is_fatal(file.settings.optimize.on_failure));
            let level = if fails { Level::Error } else { Level::Warning };
            let help = error.mend().map(|help| format!("\n  help: {help}")).unwrap_or_default();
            vec![CHECK.failed_as(level, WASM_OPT, format!("{error}; needed by {names}{help}"))]
        }
    }
}
