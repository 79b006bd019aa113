//! The schemas for editors and for readers of documents.

use super::{json, wasmport};
use serde_json::Value;

fn schema() -> Value {
    let folder = tempfile::tempdir().unwrap();
    json(&wasmport(folder.path(), &["config", "--schema"]))
}

#[test]
fn the_printed_schema_is_that_of_the_library() {
    assert_eq!(schema(), wasmport_build::settings_schema());
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
