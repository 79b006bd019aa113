//! Places: where in the settings file the choices for an asset are.

use super::asset::MATCH;
use super::table::values;
use super::{AssetRules, AssetSettings, Settings};
use crate::error::Location;
use serde_json::Value;

/// A part of a setting for assets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// The setting itself.
    Whole,
    /// The element of this index in a list.
    Element(usize),
    /// The entry of this name in a table.
    Entry(&'a str),
    /// This line of a text, from 1.
    Line(usize),
}

/// Returns the beginning of a message about a place in the settings file; nothing if there is none.
pub(crate) fn prefix(place: Option<Location>) -> String {
    place.map_or_else(String::new, |place| format!("{place}: "))
}

impl Settings {
    /// Returns the place of the `match` of a rule, if the settings file has it.
    pub(crate) fn rule_location(&self, pattern: &str) -> Option<Location> {
        let is_rule = |rule: &AssetSettings| rule.pattern.as_deref() == Some(pattern);
        let index = self.assets.iter().position(is_rule)?;
        self.origin.as_ref()?.location(&format!("asset.{index}.{MATCH}"))
    }

    /// Returns the place of a choice that applies to the asset `source`, if the settings file has it.
    pub(crate) fn choice_location(
        &self,
        source: &str,
        key: &str,
        part: Part<'_>,
    ) -> Option<Location> {
        let rules = AssetRules::new(self).matching(source);
        let is_for = |index: usize| index == 0 || rules.contains(&(index - 1));
        let layers = self.layers().enumerate().filter(|(index, _)| is_for(*index));
        let set =
            layers.filter(|(_, (_, layer))| values(AssetSettings::ROWS, *layer).contains_key(key));
        // Later rules win.
        let (layer, _) = set.last()?;
        self.layer_location(layer, key, part)
    }

    /// Returns the place of a choice in a layer, if the settings file has it: 0 are the defaults, the others
    /// the rules in their order.
    pub(crate) fn layer_location(
        &self,
        layer: usize,
        key: &str,
        part: Part<'_>,
    ) -> Option<Location> {
        let (table, layer) = self.layers().nth(layer)?;
        let value = values(AssetSettings::ROWS, layer).remove(key)?;
        self.location_of_part(&format!("{table}.{key}"), &value, part)
    }

    /// Returns the place of a part of a project setting, if the settings file has it.
    pub(crate) fn project_location(&self, key: &str, part: Part<'_>) -> Option<Location> {
        let value = self.project_values().remove(key)?;
        self.location_of_part(key, &value, part)
    }

    fn location_of_part(&self, key: &str, value: &Value, part: Part<'_>) -> Option<Location> {
        let file = self.origin.as_ref()?;
        let whole = file.location_of(key, value)?;
        let part = match part {
            Part::Whole => None,
            Part::Element(index) => file.location(&format!("{key}.{index}")),
            Part::Entry(name) => file.location(&format!("{key}.{name}")),
            Part::Line(line) => file.line_inside(key, value.as_str()?, line),
        };
        Some(part.unwrap_or(whole))
    }
}
