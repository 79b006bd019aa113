//! Explanation: the settings that apply to a project and to each asset, with their origin.

use super::asset::MATCH;
use super::table::values;
use super::{AssetSettings, Settings};
use crate::error::Location;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The origin of a setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The default.
    Default,
    /// A settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The `match` of the `[[asset]]` table that contains it.
        rule: Option<String>,
    },
    /// An argument of the command line, or code.
    Given {
        /// The `match` of the rule that contains it.
        rule: Option<String>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self {
            Self::Default => return f.write_str("default"),
            Self::File { path, line, column, rule } => {
                write!(f, "{}:{line}:{column}", path.display())?;
                rule
            }
            Self::Given { rule } => {
                f.write_str("argument or code")?;
                rule
            }
        };
        rule.as_ref().map_or(Ok(()), |rule| write!(f, " ({rule})"))
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A setting that applies.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Setting {
    /// The dotted key, such as `optimize.level`.
    pub key: String,
    /// The value.
    pub value: Value,
    /// The origin of the value.
    pub origin: Origin,
    /// The meaning of a value that leaves the decision to the project, with the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

/// The settings that apply to one asset.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AssetExplanation {
    /// The source file below its root.
    pub source: String,
    /// The asset's name.
    pub name: String,
    /// The settings.
    pub settings: Vec<Setting>,
}

/// The settings that apply to a project and to each of its assets.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The settings of the project.
    pub project: Vec<Setting>,
    /// The assets, in the order of the sources.
    pub assets: Vec<AssetExplanation>,
}

/// Returns the choices of a layer by dotted key, without the pattern that selects its assets.
fn choices(layer: &AssetSettings) -> BTreeMap<String, Value> {
    let mut choices = values(AssetSettings::ROWS, layer);
    choices.remove(MATCH);
    choices
}

impl Settings {
    /// Returns the defaults, the rules and the interfaces, each with its table in the settings file.
    pub(super) fn layers(&self) -> impl Iterator<Item = (String, &AssetSettings)> {
        let rules = self.assets.iter().enumerate();
        let rules = rules.map(|(index, rule)| (format!("asset.{index}"), rule));
        let interfaces = self.interfaces.iter().enumerate();
        let interfaces =
            interfaces.map(|(index, interface)| (format!("interface.{index}"), interface));
        std::iter::once(("defaults".to_owned(), &self.defaults)).chain(rules).chain(interfaces)
    }

    /// Returns all values by the dotted keys of the settings file.
    pub(super) fn file_values(&self) -> BTreeMap<String, Value> {
        let mut values = self.project_values();
        for (table, layer) in self.layers() {
            let layer = choices(layer).into_iter();
            values.extend(layer.map(|(key, value)| (format!("{table}.{key}"), value)));
        }
        values
    }

    /// Explains the settings of the project.
    pub(crate) fn explain(&self) -> Vec<Setting> {
        let default = Self::default().project_values();
        let explain = |(key, value): (String, Value)| {
            let in_file = self.origin.as_ref().filter(|file| file.value(&key) == Some(&value));
            let origin = match in_file.and_then(|file| file.location(&key)) {
                Some(location) => at(location, None),
                None if in_file.is_some() || default.get(&key) == Some(&value) => Origin::Default,
                None => Origin::Given { rule: None },
            };
            Setting { key, value, origin, decision: None }
        };
        self.project_values().into_iter().map(explain).collect()
    }

    /// Explains the settings of an asset that the rules with these indices match.
    pub(crate) fn explain_asset(&self, rules: &[usize]) -> Vec<Setting> {
        let is_wanted = |index: usize| index == 0 || rules.contains(&(index - 1));
        let layers = self.layers().enumerate().filter(|(index, _)| is_wanted(*index));
        let default = |(key, value): (String, Value)| {
            (key.clone(), Setting { key, value, origin: Origin::Default, decision: None })
        };
        let mut settings: BTreeMap<String, Setting> =
            choices(&AssetSettings::defaults()).into_iter().map(default).collect();
        for (_, (table, layer)) in layers {
            for (key, value) in choices(layer) {
                let rule = layer.pattern.clone().or_else(|| layer.name.clone());
                let file = self.origin.as_ref();
                let location = file.and_then(|f| f.location_of(&format!("{table}.{key}"), &value));
                let origin = match location {
                    Some(location) => at(location, rule),
                    None => Origin::Given { rule },
                };
                settings.insert(key.clone(), Setting { key, value, origin, decision: None });
            }
        }
        settings.into_values().collect()
    }
}

fn at(Location { path, line, column }: Location, rule: Option<String>) -> Origin {
    Origin::File { path, line, column, rule }
}
