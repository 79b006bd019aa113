//! What is chosen for a component, out of the settings of all assets.

use super::Choices;
use crate::settings::AssetSettings;

/// All of them.
const ALL: &str = "*";

impl Choices {
    pub fn of(settings: &AssetSettings) -> Self {
        let some = |names: &Option<Vec<String>>| -> (bool, Vec<String>) {
            let names = names.iter().flatten();
            let (all, some): (Vec<_>, Vec<_>) = names.cloned().partition(|name| name == ALL);
            (!all.is_empty(), some)
        };
        let (all_wait, async_functions) = some(&settings.async_imports);
        let (trappable, trappable_functions) = some(&settings.trappable_imports);
        let (store, store_functions) = some(&settings.store_imports);
        Self {
            asynchronous: all_wait || settings.asynchronous.unwrap_or_default(),
            async_functions,
            trappable,
            trappable_functions,
            store,
            store_functions,
            trappable_errors: settings.trappable_errors.clone().unwrap_or_default(),
            with: settings.with.clone().unwrap_or_default(),
            derives: settings.derives.clone().unwrap_or_default(),
            wasi: settings.wasi(),
        }
    }
}
