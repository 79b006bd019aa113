//! Warnings about imports that look like WASI and are none.

use crate::interface::wasi::{BEFORE_PREVIEW_1, PREVIEW_1};
use crate::interface::{Import, Interface};
use crate::settings::AssetSettings;

/// The most functions that a warning names.
const NAMED: usize = 5;

/// Returns a warning for each module of WASI with functions that the program must implement.
pub(super) fn warnings(interface: &Interface, settings: &AssetSettings) -> Vec<String> {
    let mut warnings = Vec::new();
    if !settings.wasi() {
        return warnings;
    }
    let of = |module: &'static str| interface.imports.iter().filter(move |i| i.module == module);
    if of(BEFORE_PREVIEW_1).next().is_some() {
        warnings.push(format!(
            "it imports from `{BEFORE_PREVIEW_1}`, an unsupported predecessor of WASI preview 1: \
             implement the functions in the program, or build the module with a newer toolchain"
        ));
    }
    let unknown: Vec<&Import> = of(PREVIEW_1).filter(|import| !import.is_wasi()).collect();
    if !unknown.is_empty() {
        let names = unknown.iter().take(NAMED).map(|i| format!("`{}`", i.name.escape_debug()));
        let mut names = names.collect::<Vec<_>>().join(", ");
        if unknown.len() > NAMED {
            names.push_str(&format!(" and {} more", unknown.len() - NAMED));
        }
        warnings.push(format!(
            "WASI preview 1 has no {names} of the imported type: implement them in the program"
        ));
    }
    warnings
}
