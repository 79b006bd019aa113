//! The schemas for editors and for readers of documents.

use super::{json, wasmport};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn repository(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn schema() -> Value {
    let folder = tempfile::tempdir().unwrap();
    json(&wasmport(folder.path(), &["config", "--schema"]))
}

#[test]
fn the_checked_in_schema_is_the_printed_one() {
    let checked_in: Value = serde_json::from_str(&repository("schemas/wasmport.json")).unwrap();
    assert_eq!(checked_in, schema());
}

#[test]
fn editors_find_the_schema() {
    let schema = schema();
    let id = schema["$id"].as_str().unwrap();
    assert!(id.starts_with("https://") && id.ends_with("/schemas/wasmport.json"), "{id}");
    assert_eq!(schema["x-tombi-toml-version"], "v1.0.0");
    let pattern = schema["x-taplo-info"]["patterns"][0].as_str().unwrap();
    assert_eq!(pattern, r"^(.*[/\\])?wasmport\.toml$");
    let entry: Value = serde_json::from_str(&repository("schemas/schemastore.json")).unwrap();
    let wanted = json!({
        "name": "wasmport.toml",
        "description": schema["description"],
        "fileMatch": ["wasmport.toml"],
        "url": id,
    });
    assert_eq!(entry, wanted);
    let comment = format!("#:schema {id}");
    assert!(repository("docs/settings.md").contains(&comment), "{comment}");
}

/// Every table and setting that an editor shows.
fn settings<'s>(path: &str, schema: &'s Value, found: &mut Vec<(String, &'s Value)>) {
    for (key, setting) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        settings(&path, setting, found);
        settings(&path, &setting["items"], found);
        found.push((path, setting));
    }
}

#[test]
fn every_setting_and_every_word_is_described() {
    let schema = schema();
    let mut found = Vec::new();
    settings("", &schema, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for (path, setting) in found {
        assert!(setting["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
        let words = setting["oneOf"].as_array().into_iter().flatten();
        let mut words = words.filter(|word| word.get("const").is_some());
        assert!(words.all(|word| word["description"].is_string()), "{path}");
    }
}
