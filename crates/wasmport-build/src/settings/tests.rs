//! Tests of the declarations: every setting is parsed, merged, explained and checked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends with a panic")]

use super::asset::refused_marks;
use super::project::{IMPORT, PROJECT};
use super::table::{Field, Mark, Row, leaves, values};
use super::{AssetSettings, Settings};
use crate::asset::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A value that differs from the default, found by trial.
fn value_for(key: &str) -> Value {
    let values = [
        json!("crate"),
        json!("O2"),
        json!("warn"),
        json!("yes"),
        json!("translate"),
        json!("cabi-realloc"),
        json!("follow"),
        json!("prefixed"),
        json!("guest"),
        json!("*"),
        json!(["tag"]),
        json!(["a"]),
        json!({ "a": "b" }),
        json!({ "a": 3 }),
        json!(true),
        json!(false),
        json!(7),
        json!("text"),
    ];
    let defaults = values_of(&AssetSettings::defaults());
    let is_value = |value: &&Value| {
        let parsed = serde_json::from_value::<AssetSettings>(nested(key, value));
        parsed.is_ok() && defaults.get(key) != Some(*value)
    };
    values.iter().find(is_value).unwrap_or_else(|| panic!("no value for {key}")).clone()
}

/// `value` in tables by a dotted key.
fn nested(key: &str, value: &Value) -> Value {
    key.rsplit('.').fold(value.clone(), |value, key| json!({ key: value }))
}

fn choices(key: &str, value: &Value) -> AssetSettings {
    serde_json::from_value(nested(key, value)).unwrap()
}

fn values_of(settings: &AssetSettings) -> BTreeMap<String, Value> {
    values(AssetSettings::ROWS, settings)
}

#[test]
fn every_choice_is_parsed_and_written_back() {
    for (key, _) in leaves(AssetSettings::ROWS) {
        let value = value_for(&key);
        let written = values_of(&choices(&key, &value));
        assert_eq!(written.into_iter().collect::<Vec<_>>(), [(key, value)]);
    }
}

#[test]
fn later_choices_replace_earlier_ones_one_by_one() {
    let all: Vec<(String, Value)> = leaves(AssetSettings::ROWS)
        .into_iter()
        .map(|(key, _)| (key.clone(), value_for(&key)))
        .collect();
    let merged = all.iter().fold(AssetSettings::defaults(), |settings, (key, value)| {
        settings.overridden_by(&choices(key, value))
    });
    assert_eq!(values_of(&merged), all.iter().cloned().collect());
    // What is left open leaves what was chosen.
    assert_eq!(merged.clone().overridden_by(&AssetSettings::default()), merged);
    assert!(AssetSettings::default().is_unset() && !merged.is_unset());
}

#[test]
fn every_choice_is_explained() {
    let settings = Settings::default();
    let explained = settings.explain_asset(&[]);
    let defaults = values_of(&AssetSettings::defaults());
    assert_eq!(
        explained.into_iter().map(|s| (s.key, s.value)).collect::<BTreeMap<_, _>>(),
        defaults
    );
    for (key, _) in leaves(AssetSettings::ROWS).iter().filter(|(key, _)| key != "match") {
        let value = value_for(key);
        let settings = Settings { defaults: choices(key, &value), ..Settings::default() };
        let explained = settings.explain_asset(&[]);
        let setting = explained.iter().find(|setting| setting.key == *key).unwrap();
        assert_eq!(setting.value, value);
    }
}

#[test]
fn every_choice_for_the_other_kind_is_named() {
    for (key, row) in leaves(AssetSettings::ROWS) {
        let settings = choices(&key, &value_for(&key));
        for (kind, other, others) in [
            (Kind::Module, Mark::Component, "a module: it is for components"),
            (Kind::Component, Mark::Module, "a component: it is for modules"),
        ] {
            let expected = row.has(other).then(|| format!("`{key}` has no effect on {others}"));
            assert_eq!(settings.without_effect(kind), expected);
        }
    }
    let mut settings = AssetSettings::defaults();
    assert_eq!(settings.without_effect(Kind::Component), None, "defaults are no choice");
    settings.max_exports = Some(1);
    settings.exports = Some(vec!["*".into()]);
    settings.kinds = Some(Vec::new());
    let three = settings.without_effect(Kind::Component).unwrap();
    assert!(three.starts_with("`exports`, `kinds` and `max-exports` have no effect"), "{three}");
}

/// The tables of the settings file, with the keys of each.
fn tables() -> Vec<(String, Vec<String>)> {
    fn below(name: &str, rows: &'static [Row], tables: &mut Vec<(String, Vec<String>)>) {
        // Choices that another table has are none of this one.
        let refused =
            refused_marks(&format!("{name}.0")).or_else(|| refused_marks(name)).unwrap_or_default();
        let own = |row: &&Row| !refused.iter().any(|mark| row.has(*mark));
        tables.push((name.into(), rows.iter().filter(own).map(Row::key).collect()));
        for row in rows.iter().filter(own) {
            let path = format!("{name}{}{}", if name.is_empty() { "" } else { "." }, row.key());
            row.below.into_iter().for_each(|rows| below(&path, rows, tables));
        }
    }
    let mut tables = Vec::new();
    below("", PROJECT, &mut tables);
    below("defaults", AssetSettings::ROWS, &mut tables);
    below("asset", AssetSettings::ROWS, &mut tables);
    below("interface", AssetSettings::ROWS, &mut tables);
    tables
}

#[test]
fn an_unknown_key_of_each_table_gets_a_suggestion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wasmport.toml");
    for (table, keys) in tables() {
        for key in keys {
            let misspelt = format!("{key}x");
            let header = match table.as_str() {
                "" => String::new(),
                "asset" | "interface" => format!("[[{table}]]\n"),
                table if table.starts_with("asset.") => format!("[[asset]]\n[{table}]\n"),
                table if table.starts_with("interface.") => format!("[[interface]]\n[{table}]\n"),
                table => format!("[{table}]\n"),
            };
            let line = header.lines().count() + 1;
            crate::fs::write_atomically(&path, format!("{header}{misspelt} = 1\n").as_bytes())
                .unwrap();
            let error = Settings::from_file(&path).unwrap_err().to_string();
            let expected = format!("did you mean `{key}`?");
            assert!(error.contains(&expected), "{header}{misspelt}: {error}");
            assert!(error.contains(&format!("line {line}, column 1")), "{error}");
        }
    }
    assert!(IMPORT.iter().any(|row| row.key() == "wasm-features"));
}
