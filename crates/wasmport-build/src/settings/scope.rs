//! Contradictions of scope: settings for modules that a component has, and the reverse.

use super::asset::AssetSettings;
use super::table::{Mark, leaves, values};
use crate::asset::Kind;

impl AssetSettings {
    /// Returns a warning about the settings that have no effect on an asset of this kind.
    pub(crate) fn without_effect(&self, kind: Kind) -> Option<String> {
        let (other, this, others) = match kind {
            Kind::Module => (Mark::Component, "module", "components"),
            Kind::Component => (Mark::Module, "component", "modules"),
        };
        let (chosen, defaults) = (values(Self::ROWS, self), values(Self::ROWS, &Self::defaults()));
        let is_chosen =
            |key: &String| chosen.get(key).is_some_and(|v| defaults.get(key) != Some(v));
        let keys = leaves(Self::ROWS).into_iter().filter(|(_, row)| row.has(other));
        let mut keys: Vec<String> = keys.map(|(key, _)| key).filter(is_chosen).collect();
        keys.sort_unstable();
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        Some(match keys.split_last()? {
            (one, []) => format!("{one} has no effect on a {this}: it is for {others}"),
            (last, rest) => {
                let rest = rest.join(", ");
                format!("{rest} and {last} have no effect on a {this}: they are for {others}")
            }
        })
    }
}
