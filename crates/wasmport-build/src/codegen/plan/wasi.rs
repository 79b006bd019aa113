//! What is said of imports that look like WASI and are not given by it.

use crate::interface::wasi::{BEFORE_PREVIEW_1, PREVIEW_1};
use crate::interface::{Import, Interface};
use crate::settings::AssetSettings;

/// Functions that are named in a warning.
const NAMED: usize = 5;

/// Why functions are left to the program that others would expect from WASI.
pub(super) fn warnings(interface: &Interface, settings: &AssetSettings) -> Vec<String> {
    let mut warnings = Vec::new();
    if !settings.wasi() {
        return warnings;
    }
    let of = |module: &'static str| interface.imports.iter().filter(move |i| i.module == module);
    if of(BEFORE_PREVIEW_1).next().is_some() {
        warnings.push(format!(
            "it imports from `{BEFORE_PREVIEW_1}`, which came before WASI preview 1 and is not \
             supported: the program has to implement the functions; a newer toolchain makes modules \
             that import preview 1"
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
            "WASI preview 1 has no {names} of the type that it imports: the program has to give them"
        ));
    }
    warnings
}
