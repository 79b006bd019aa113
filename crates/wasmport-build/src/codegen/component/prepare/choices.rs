//! Choices for the wrapper of a component, out of the settings of an asset.

use crate::codegen::handle::Handles;
use crate::settings::AssetSettings;
use std::collections::BTreeMap;

/// The pattern that stands for all functions.
const ALL: &str = "*";

/// Choices for the wrapper of a component.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    /// Whether all functions are async, in both directions.
    pub asynchronous: bool,
    /// Functions that are async, or interfaces whose functions are.
    pub async_functions: Vec<String>,
    /// Whether all imports can end the guest's call.
    pub trappable: bool,
    /// Imports that can, or interfaces whose functions can.
    pub trappable_functions: Vec<String>,
    /// Whether all imports reach the store.
    pub store: bool,
    /// Imports that do, or interfaces whose functions do.
    pub store_functions: Vec<String>,
    /// Rust types that hosts return as errors, by the type in WIT that they replace.
    pub trappable_errors: BTreeMap<String, String>,
    /// Rust paths of interfaces and resources that exist elsewhere.
    pub with: BTreeMap<String, String>,
    /// Paths of macros that records, variants and enums derive.
    pub derives: Vec<String>,
    /// Whether wasmport links WASI.
    pub wasi: bool,
    /// Whether wasmport links WASI even if the world does not import it.
    pub grants_wasi: bool,
    /// The choices for handles, if the wrapper has methods for them.
    pub handles: Option<Handles>,
    /// The settings with the exports that components may lack.
    pub lacking: AssetSettings,
    /// Whether the wrapper is for components that arrive later.
    pub is_interface: bool,
}

impl Choices {
    /// Reads the choices of an asset.
    pub fn of(settings: &AssetSettings) -> Self {
        let some = |names: &Option<Vec<String>>| -> (bool, Vec<String>) {
            let names = names.iter().flatten();
            let (all, some): (Vec<_>, Vec<_>) = names.cloned().partition(|name| name == ALL);
            (!all.is_empty(), some)
        };
        let (all_async, async_functions) = some(&settings.async_imports);
        let (trappable, trappable_functions) = some(&settings.trappable_imports);
        let (store, store_functions) = some(&settings.store_imports);
        Self {
            asynchronous: all_async || settings.asynchronous.unwrap_or_default(),
            async_functions,
            trappable,
            trappable_functions,
            store,
            store_functions,
            trappable_errors: settings.trappable_errors.clone().unwrap_or_default(),
            with: settings.with.clone().unwrap_or_default(),
            derives: settings.derives.clone().unwrap_or_default(),
            wasi: settings.wasi(),
            grants_wasi: settings.grants_wasi(),
            handles: Handles::of(settings),
            lacking: settings.clone(),
            is_interface: settings.is_interface(),
        }
    }

    /// Returns a warning if a choice has no effect without another.
    pub(super) fn warning(&self) -> Option<String> {
        let can_trap = self.trappable || !self.trappable_functions.is_empty();
        (!self.trappable_errors.is_empty() && !can_trap)
            .then(|| "`trappable-errors` does nothing without `trappable-imports`".into())
    }
}
