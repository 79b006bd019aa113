//! YAML files as JSON values, by the parser that Python programs use.

use crate::processes::complete;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Prints the documents of a YAML file as a JSON list.
const TO_JSON: &str = "import json, sys, yaml; print(json.dumps(list(yaml.load_all(open(sys.argv[1]), yaml.BaseLoader))))";

/// Returns the documents of a YAML file, whose scalars are all text.
pub(crate) fn documents(path: &Path) -> crate::Result<Value> {
    let mut python = Command::new("python3");
    Ok(serde_json::from_str(&complete(python.args(["-c", TO_JSON]).arg(path))?)?)
}

/// Returns the elements of a list; none of anything else.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Fails if a value is not text.
pub(crate) fn text(value: &Value) -> crate::Result<&str> {
    value.as_str().ok_or_else(|| format!("no text: {value}").into())
}

/// Returns the keys and values of a table of text.
pub(crate) fn table(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    let entries = value.as_object().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}
