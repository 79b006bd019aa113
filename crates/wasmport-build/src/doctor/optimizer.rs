//! Optimizer: Binaryen's `wasm-opt`, if assets need it.

use super::finding::{Check, Finding, Level, list};
use crate::project::discover::Discovered;
use crate::settings::{Policy, Settings};
use crate::tool::{ToolBox, WASM_OPT};

const CHECK: Check = Check("tools");

pub(super) fn check(settings: &Settings, discovered: &Discovered) -> Vec<Finding> {
    let needing = discovered.assets.iter().filter(|file| file.settings.optimize.is_on());
    let needing: Vec<_> = needing.collect();
    if needing.is_empty() {
        return vec![CHECK.ok(WASM_OPT, "no asset needs it")];
    }
    let names = list(needing.iter().map(|file| file.source.as_str()));
    match ToolBox::new(settings).wasm_opt() {
        Ok(tool) => vec![CHECK.ok(WASM_OPT, format!("version {}, for {names}", tool.version()))],
        Err(error) => {
            let is_fatal = |policy: Option<Policy>| policy.unwrap_or_default() == Policy::Fail;
            let fails = needing.iter().any(|file| is_fatal(file.settings.optimize.on_failure));
            let level = if fails { Level::Error } else { Level::Warning };
            let help = error.mend().map(|help| format!("\n  help: {help}")).unwrap_or_default();
            vec![CHECK.failed_as(level, WASM_OPT, format!("{error}; needed by {names}{help}"))]
        }
    }
}
