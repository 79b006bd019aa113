//! `wasmport.toml` as text: the place of each key, and suggestions for unknown ones.

use crate::error::{Error, Location, SettingsError, SettingsErrorKind};
use crate::fs;
use crate::names::nearest;
use crate::settings::AssetSettings;
use crate::settings::asset::refused_marks;
use crate::settings::triples::nearest_target;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a settings file, with the place and value of each key.
#[derive(Clone, Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    text: String,
    /// The byte offset of each key by its dotted path; elements of arrays by their index.
    offsets: BTreeMap<String, usize>,
    /// The values by dotted path, with the defaults of project settings.
    values: BTreeMap<String, Value>,
}

impl SettingsFile {
    /// Reads a settings file.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read, with [`Error::Settings`] if it is not
    /// TOML.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = String::from_utf8(fs::read(path)?)
            .map_err(|e| SettingsError::new(SettingsErrorKind::Encoding(e)).in_file(path))?;
        // Git may check the file out with other line ends than it was committed with.
        let text = text.replace("\r\n", "\n");
        Ok(Self::parse_keys(path, text)?)
    }

    fn parse_keys(path: &Path, text: String) -> Result<Self, SettingsError> {
        let mut offsets = BTreeMap::new();
        let table = DeTable::parse(&text).map_err(|e| toml_error(path, e, None))?;
        collect_table(table.get_ref(), "", &mut offsets);
        Ok(Self { path: path.into(), text, offsets, values: BTreeMap::new() })
    }

    /// Parses the settings.
    ///
    /// # Errors
    ///
    /// Fails with line, column and a suggestion if a key is unknown or a value is invalid.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        toml::from_str(&self.text).map_err(|e| {
            let text = self.with_own_keys(&e);
            toml_error(&self.path, e, text)
        })
    }

    /// Returns the text of an error. The list of known keys of an asset or interface has those of its table: both
    /// have the same type in Rust.
    fn with_own_keys(&self, error: &toml::de::Error) -> Option<String> {
        let (unknown, _) = error.message().split_once("`, expected one of `")?;
        let (_, unknown) = unknown.split_once("unknown field `")?;
        let start = error.span()?.start;
        let mut paths = self.offsets.iter().filter(|(_, offset)| **offset == start);
        let refused = paths.find_map(|(path, _)| {
            let above = path.strip_suffix(unknown)?.strip_suffix('.')?;
            refused_marks(above)
        })?;
        let rows = AssetSettings::ROWS.iter();
        let rows = rows.filter(|row| !refused.iter().any(|mark| row.has(*mark)));
        let keys: Vec<String> = rows.map(|row| format!("`{}`", row.key())).collect();
        let message = format!("unknown field `{unknown}`, expected one of {}", keys.join(", "));
        Some(error.to_string().replace(error.message(), &message))
    }

    /// Adds the values that the file sets.
    pub fn with_values(mut self, values: BTreeMap<String, Value>) -> Self {
        self.values = values;
        self
    }

    /// Returns the value of `key`.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns the place of `key`, if `value` is the file's value.
    pub fn location_of(&self, key: &str, value: &Value) -> Option<Location> {
        self.location(key).filter(|_| self.value(key) == Some(value))
    }

    /// Returns the place of a line of `value`, the text of the dotted path `key`, if it stands in the file as
    /// it is.
    pub fn line_inside(&self, key: &str, value: &str, line: usize) -> Option<Location> {
        let start = *self.offsets.get(key)?;
        let start = start + self.text[start..].find(value)?;
        let lines = value.split_inclusive('\n');
        let offset: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
        let line = value.get(offset..)?;
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        Some(self.location_at(start + offset + indent))
    }

    /// Returns the place of the dotted path `key`.
    pub fn location(&self, key: &str) -> Option<Location> {
        Some(self.location_at(*self.offsets.get(key)?))
    }

    fn location_at(&self, offset: usize) -> Location {
        let before = &self.text[..offset];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Location { path: self.path.clone(), line, column }
    }
}

/// Returns the error of TOML, with another text if there is one.
fn toml_error(path: &Path, source: toml::de::Error, text: Option<String>) -> SettingsError {
    let text = text.unwrap_or_else(|| source.to_string()).trim_end().to_owned();
    let nearest = suggestion(&text).map(Into::into);
    let kind = SettingsErrorKind::Toml { source: Box::new(source), text, nearest };
    SettingsError::new(kind).in_file(path)
}

fn collect_table(table: &DeTable<'_>, above: &str, offsets: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = join(above, key.get_ref());
        offsets.insert(path.clone(), key.span().start);
        collect_value(value, &path, offsets);
    }
}

fn collect_value(value: &Spanned<DeValue<'_>>, path: &str, offsets: &mut BTreeMap<String, usize>) {
    match value.get_ref() {
        DeValue::Table(table) => collect_table(table, path, offsets),
        DeValue::Array(array) => {
            for (index, element) in array.iter().enumerate() {
                let path = join(path, &index.to_string());
                offsets.insert(path.clone(), element.span().start);
                collect_value(element, &path, offsets);
            }
        }
        _ => {}
    }
}

fn join(above: &str, key: &str) -> String {
    if above.is_empty() { key.into() } else { format!("{above}.{key}") }
}

/// Words that users write for a value, with the value.
const SYNONYMS: [(&str, &str); 4] =
    [("private", "crate"), ("pub(crate)", "crate"), ("pub", "public"), ("function", "func")];

/// Returns the known word nearest to the unknown one in a message of serde's, or of a target.
fn suggestion(message: &str) -> Option<&str> {
    if let Some((before, _)) = message.split_once("` is not a target: ") {
        return nearest_target(&before[before.rfind('`')? + 1..]);
    }
    let (_, rest) = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let synonyms = SYNONYMS.into_iter().filter(|(_, value)| known.contains(value));
    let words: Vec<_> = known.iter().map(|word| (*word, *word)).chain(synonyms).collect();
    let word = words.iter().map(|(word, _)| *word).find(|word| *word == unknown);
    let word = word.or_else(|| nearest(unknown, words.iter().map(|(word, _)| *word)))?;
    words.iter().find(|(other, _)| *other == word).map(|(_, value)| *value)
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
        let message = |word| format!("unknown variant `{word}`, expected `public` or `crate`\n");
        for (word, meant) in [("privat", "crate"), ("pub", "public"), ("publc", "public")] {
            assert_eq!(suggestion(&message(word)), Some(meant));
        }
        let message = "x\n`x86-64-unknown-linux-gnu` is not a target: expected a triple\n";
        assert_eq!(suggestion(message), Some("x86_64-unknown-linux-gnu"));
    }
}
