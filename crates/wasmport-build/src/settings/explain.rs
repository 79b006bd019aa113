//! What applies to each asset, and where each value came from.

use super::file::Place;
use super::{AssetSettings, Settings};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The pattern of the `[[asset]]` that it stands in.
        rule: Option<String>,
    },
    /// An argument of the command line, or code.
    Given {
        /// The pattern of the choices that it belongs to.
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

/// One setting that applies.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Setting {
    /// Its name, tables and key with dots in between.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Where the value came from.
    pub origin: Origin,
}

/// What applies to one asset.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AssetExplanation {
    /// The source file below its root.
    pub source: String,
    /// The asset's name.
    pub name: String,
    /// Its choices.
    pub settings: Vec<Setting>,
}

/// What applies to a project and to each of its assets.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What is the same for all assets.
    pub project: Vec<Setting>,
    /// Every asset, in the order of the sources.
    pub assets: Vec<AssetExplanation>,
}

/// What a settings file says: what is the same for all assets, and choices by their tables.
pub(super) fn file_values(settings: &Settings) -> BTreeMap<String, Value> {
    let mut values = project_values(settings);
    for (table, layer) in settings.layers() {
        let of_layer = choices(layer).into_iter();
        values.extend(of_layer.map(|(key, value)| (format!("{table}.{key}"), value)));
    }
    values
}

/// Choices for assets, by key.
pub(super) fn choices(settings: &AssetSettings) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    // Strings, numbers and maps with string keys: nothing that JSON lacks.
    flatten(&serde_json::to_value(settings).unwrap_or_default(), "", &mut values);
    values
}

/// The settings that are the same for all assets, by the keys of `wasmport.toml`.
pub(super) fn project_values(settings: &Settings) -> BTreeMap<String, Value> {
    let features: Vec<&str> = settings.features.iter().map(|feature| feature.name()).collect();
    let project = serde_json::json!({
        "targets": settings.targets,
        "import": {
            "roots": settings.roots,
            "out-dir": settings.out_dir,
            "include": settings.include,
            "exclude": settings.exclude,
            "symlinks": settings.symlinks,
            "embed": settings.embed,
            "wasm-features": features,
        },
        "tools": settings.tools,
        "cache": settings.cache,
        "engine": settings.engine,
    });
    let mut values = BTreeMap::new();
    flatten(&project, "", &mut values);
    values
}

/// Tables become dotted keys. Maps of the user's own names stay values.
fn flatten(value: &Value, key: &str, values: &mut BTreeMap<String, Value>) {
    const MAPS: [&str; 7] = [
        "with",
        "compose",
        "trappable-errors",
        "compress",
        "preinit.dirs",
        "preinit.env",
        "preinit.rename",
    ];
    match value {
        Value::Object(table) if !MAPS.contains(&key) => {
            for (name, value) in table {
                let below = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(value, &below, values);
            }
        }
        _ => {
            values.insert(key.into(), value.clone());
        }
    }
}

impl Settings {
    /// The choices for all assets and those for some, with the tables that a file has them in.
    pub(super) fn layers(&self) -> impl Iterator<Item = (String, &AssetSettings)> {
        let rules = self.assets.iter().enumerate();
        let rules = rules.map(|(index, rule)| (format!("asset.{index}"), rule));
        std::iter::once(("defaults".to_owned(), &self.defaults)).chain(rules)
    }

    /// What is the same for all assets, and where it came from.
    pub(crate) fn explain(&self) -> Vec<Setting> {
        let values = project_values(self).into_iter();
        let default = project_values(&Self::default());
        let explain = |(key, value): (String, Value)| {
            let in_file = self.origin.as_ref().filter(|file| file.value(&key) == Some(&value));
            let place = in_file.and_then(|file| Some((file, file.place(&key)?)));
            let origin = match place {
                Some((file, place)) => at(file.path().into(), place, None),
                None if in_file.is_some() || default.get(&key) == Some(&value) => Origin::Default,
                None => Origin::Given { rule: None },
            };
            Setting { key, value, origin }
        };
        values.map(explain).collect()
    }

    /// What applies where the rules of these indices do, and where it came from.
    pub(crate) fn explain_asset(&self, rules: &[usize]) -> Vec<Setting> {
        let is_wanted = |index: usize| index == 0 || rules.contains(&(index - 1));
        let layers = self.layers().enumerate().filter(|(index, _)| is_wanted(*index));
        let default = |(key, value): (String, Value)| {
            (key.clone(), Setting { key, value, origin: Origin::Default })
        };
        let mut settings: BTreeMap<String, Setting> =
            choices(&AssetSettings::defaults()).into_iter().map(default).collect();
        for (_, (table, layer)) in layers {
            for (key, value) in choices(layer) {
                let rule = layer.pattern.clone();
                let file = self.origin.as_ref();
                let place =
                    file.and_then(|f| Some((f, f.place_of(&format!("{table}.{key}"), &value)?)));
                let origin = match place {
                    Some((file, place)) => at(file.path().into(), place, rule),
                    None => Origin::Given { rule },
                };
                settings.insert(key.clone(), Setting { key, value, origin });
            }
        }
        settings.into_values().collect()
    }
}

fn at(path: PathBuf, Place { line, column }: Place, rule: Option<String>) -> Origin {
    Origin::File { path, line, column, rule }
}
