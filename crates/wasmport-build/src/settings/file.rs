//! `wasmport.toml` as text: where each key stands, and what a wrong one was meant to be.

use crate::error::Error;
use crate::fs;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A settings file that was read.
#[derive(Clone, Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    text: String,
    /// The byte offset of each key by its dotted path, elements of arrays by their index.
    places: BTreeMap<String, usize>,
    /// What it says.
    values: BTreeMap<String, Value>,
}

/// Line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub line: usize,
    pub column: usize,
}

impl SettingsFile {
    /// # Errors
    ///
    /// Where it cannot be read or is not TOML.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path)?;
        let mut file = Self {
            path: path.into(),
            text: String::new(),
            places: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        file.text = String::from_utf8(bytes).map_err(|e| file.error(&e.to_string(), None))?;
        let mut places = BTreeMap::new();
        let table = DeTable::parse(&file.text).map_err(|e| file.error(&e.to_string(), None))?;
        collect(table.get_ref(), "", &mut places);
        file.places = places;
        Ok(file)
    }

    /// # Errors
    ///
    /// With line and column where a key is unknown or a value is of no use; with what was perhaps
    /// meant.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        toml::from_str(&self.text).map_err(|e| {
            let message = e.to_string();
            self.error(&message, suggestion(&message).map(|word| format!("did you mean `{word}`?")))
        })
    }

    fn error(&self, message: &str, help: Option<String>) -> Error {
        Error::Settings {
            message: format!("`{}`: {}", self.path.display(), message.trim_end()),
            help: help.or_else(|| Some("the settings are listed in docs/settings.md".into())),
        }
    }

    pub fn with_values(mut self, values: BTreeMap<String, Value>) -> Self {
        self.values = values;
        self
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says under `key`, defaults of project settings included.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Where a key stands, if `value` is what the file says there.
    pub fn place_of(&self, key: &str, value: &Value) -> Option<Place> {
        self.place(key).filter(|_| self.value(key) == Some(value))
    }

    /// Where a key stands, by its dotted path.
    pub fn place(&self, key: &str) -> Option<Place> {
        let before = &self.text[..*self.places.get(key)?];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some(Place { line, column })
    }
}

fn collect(table: &DeTable<'_>, above: &str, places: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = join(above, key.get_ref());
        places.insert(path.clone(), key.span().start);
        collect_value(value, &path, places);
    }
}

fn collect_value(value: &Spanned<DeValue<'_>>, path: &str, places: &mut BTreeMap<String, usize>) {
    match value.get_ref() {
        DeValue::Table(table) => collect(table, path, places),
        DeValue::Array(array) => {
            for (index, element) in array.iter().enumerate() {
                let path = join(path, &index.to_string());
                places.insert(path.clone(), element.span().start);
                collect_value(element, &path, places);
            }
        }
        _ => {}
    }
}

fn join(above: &str, key: &str) -> String {
    if above.is_empty() { key.into() } else { format!("{above}.{key}") }
}

/// The known word nearest to an unknown one, out of serde's message.
fn suggestion(message: &str) -> Option<&str> {
    let (_, rest) = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let nearest = known.map(|word| (strsim::damerau_levenshtein(unknown, word), word)).min()?;
    (nearest.0 <= 1 + unknown.len() / 3).then_some(nearest.1)
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn the_nearest_known_word_is_suggested() {
        let message = |word| {
            format!("x\nunknown field `{word}`, expected one of `roots`, `out-dir`, `embed`\n")
        };
        for (word, meant) in [("root", "roots"), ("out_dir", "out-dir"), ("emebd", "embed")] {
            assert_eq!(suggestion(&message(word)), Some(meant));
        }
        assert_eq!(suggestion(&message("quite-another-thing")), None);
        assert_eq!(suggestion("missing field `x`"), None);
    }
}
