//! JSON schema of `wasmport.toml`, made from the declarations of the settings.

use super::asset::MATCH;
use super::concurrency;
use super::project::{IMPORT, PROJECT};
use super::table::{Mark, Row, Typed};
use super::{AssetSettings, CacheSettings, DebugProfile, SCHEMA_URL, Settings, Tools};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Map, Value, json};
use wasmport::EngineConfig;

/// Returns the JSON schema of `wasmport.toml`, for editors and other tools.
#[must_use]
pub fn settings_schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut generator = settings.into_generator();
    let [root, import] = Settings::schemas(&mut generator);
    let tables = [
        table(IMPORT, import),
        Tools::json_schema(&mut generator),
        CacheSettings::json_schema(&mut generator),
    ];
    let tables = tables.into_iter().map(|table| (table, None));
    let mut schema = table(PROJECT, root.into_iter().chain(tables).collect());
    let rule = AssetSettings::json_schema(&mut generator);
    let tables = [
        ("engine", engine()),
        ("profile", profiles()),
        ("defaults", defaults(rule.clone())),
        ("asset", rules(rule.clone())),
        ("interface", interfaces(rule)),
    ];
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.extend(tables.map(|(key, table)| (key.to_owned(), table.to_value())));
    }
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("$id".into(), SCHEMA_URL.into());
    schema.insert("title".into(), "wasmport.toml".into());
    schema.insert(
        "description".into(),
        "Settings of wasmport, which imports WebAssembly files.".into(),
    );
    // Even Better TOML associates files by these patterns, if a catalogue has the schema.
    let pattern = r"^(.*[/\\])?wasmport\.toml$";
    schema.insert("x-taplo-info".into(), json!({ "authors": ["wasmport"], "patterns": [pattern] }));
    schema.insert("x-tombi-toml-version".into(), "v1.0.0".into());
    schema.to_value()
}

/// Describes a table whose rows have these types.
pub(super) fn table(rows: &[Row], types: Vec<Typed>) -> Schema {
    let property = |(row, typed): (&Row, Typed)| (row.key(), setting(row, typed).to_value());
    let properties: Map<String, Value> = rows.iter().zip(types).map(property).collect();
    json_schema!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn setting(row: &Row, (mut schema, default): Typed) -> Schema {
    schema.insert("description".into(), row.doc.trim().into());
    if let Some(default) = default {
        schema.insert("default".into(), default);
    }
    let kinds =
        [(Mark::Module, "module"), (Mark::Component, "component"), (Mark::Interface, "interface")];
    for (mark, kind) in kinds {
        if row.has(mark) {
            schema.insert("x-kind".into(), kind.into());
        }
    }
    if let (true, Some(items)) = (row.has(Mark::Patterns), schema.get_mut("items")) {
        items["format"] = "glob".into();
    }
    schema
}

/// Removes the rows with one of the marks.
fn without(mut choices: Schema, marks: &[Mark]) -> Schema {
    if let Some(Value::Object(properties)) = choices.get_mut("properties") {
        for row in AssetSettings::ROWS.iter().filter(|row| marks.iter().any(|mark| row.has(*mark)))
        {
            properties.remove(&row.key());
        }
    }
    choices
}

/// Describes `[defaults]`: choices without a selector.
fn defaults(choices: Schema) -> Schema {
    let mut choices = without(choices, &[Mark::Selector, Mark::Interface]);
    choices.insert("description".into(), "Choices for all assets.".into());
    choices
}

/// Describes `[[asset]]`: choices with a selector.
fn rules(choices: Schema) -> Schema {
    let mut choices = without(choices, &[Mark::Interface]);
    choices.insert("required".into(), json!([MATCH]));
    json_schema!({
        "type": "array",
        "description": "Choices for some assets; if several match, later ones win, key by key.",
        "items": choices,
    })
}

/// Describes `[[interface]]`: choices for a wrapper without an asset.
fn interfaces(choices: Schema) -> Schema {
    let mut choices = without(choices, &[Mark::Selector, Mark::Artifact]);
    choices.insert("required".into(), json!(["name"]));
    json_schema!({
        "type": "array",
        "description": "Interfaces of code that arrives while the program runs.",
        "items": choices,
    })
}

/// Describes `[engine]`, whose declarations are those of [`EngineConfig`].
fn engine() -> Schema {
    let defaults = serde_json::to_value(EngineConfig::new()).unwrap_or_default();
    let property = |(field, doc): &(&str, &str)| {
        let key = field.replace('_', "-");
        if key == concurrency::KEY {
            return (key, concurrency());
        }
        let mut schema = engine_type(&key);
        let mut doc = doc.trim().replace("[`", "`").replace("`]", "`");
        if let Some(default) = defaults.get(&key).filter(|default| !default.is_null()) {
            schema.insert("default".into(), default.clone());
            // Rustdoc alone has no other place for it.
            doc.truncate(doc.find(" Default: ").unwrap_or(doc.len()));
        }
        schema.insert("description".into(), doc.into());
        (key, schema.to_value())
    };
    let properties: Map<String, Value> = EngineConfig::DOCS.iter().map(property).collect();
    json_schema!({
        "type": "object",
        "description": "The engine configuration of the project: equal for all assets.",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// Describes `[profile.debug]`, whose settings are some of `[engine]`.
fn profiles() -> Schema {
    let docs = EngineConfig::DOCS.iter().filter(|(field, _)| DebugProfile::FIELDS.contains(field));
    let property = |(field, doc): &(&str, &str)| {
        let key = field.replace('_', "-");
        let mut schema = engine_type(&key);
        let doc = doc.trim().replace("[`", "`").replace("`]", "`");
        let (doc, _) = doc.split_once(" Default: ").unwrap_or((&doc, ""));
        schema.insert("description".into(), format!("{doc} Default: as in `[engine]`.").into());
        (key, schema.to_value())
    };
    let debug = json!({
        "type": "object",
        "description": "Settings of the engine while developing: in debug builds, and with `--profile debug`.",
        "additionalProperties": false,
        "properties": docs.map(property).collect::<Map<String, Value>>(),
    });
    json_schema!({
        "type": "object",
        "description": "What differs in imports for development.",
        "additionalProperties": false,
        "properties": { "debug": debug },
    })
}

/// Describes the one engine setting that can be left to the project.
fn concurrency() -> Value {
    json!({ "enum": [true, false, "auto"], "default": "auto", "description": concurrency::DOC })
}

/// Returns the type of an engine setting, from the error for a value of no type.
fn engine_type(key: &str) -> Schema {
    let error = serde_json::from_value::<EngineConfig>(json!({ key: "?" }));
    let message = error.err().map(|error| error.to_string()).unwrap_or_default();
    let expected = message.split_once("expected ").map_or("", |(_, expected)| expected);
    match expected {
        "a boolean" => json_schema!({ "type": "boolean" }),
        "u64" => json_schema!({ "type": "integer", "format": "uint64", "minimum": 0 }),
        words => {
            let words: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
            json_schema!({ "type": "string", "enum": words })
        }
    }
}
