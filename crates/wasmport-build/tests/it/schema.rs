//! The JSON schemas and the reference in the book are those of the declared settings.

use crate::project::{CALC, Project};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use wasmport_build::{Importer, report_schema, settings_schema};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a file of the repository, or with `BLESS=1` writes it.
pub fn assert_current(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
    }
    let current = fs::read_to_string(&file).unwrap_or_default();
    assert!(current == expected, "{path} is not current; to write it: cargo xtask bless");
}

fn pretty(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).unwrap() + "\n"
}

#[test]
fn the_schema_of_the_settings_is_current() {
    assert_current("schemas/wasmport.json", &pretty(&settings_schema()));
}

#[test]
fn the_schema_of_reports_is_current() {
    assert_current("schemas/report.json", &pretty(&report_schema()));
}

#[test]
#[cfg(feature = "audit")]
fn the_schema_of_audits_is_current() {
    assert_current("schemas/audit.json", &pretty(&wasmport_build::audit::audit_schema()));
}

#[test]
fn the_schema_of_differences_is_current() {
    assert_current("schemas/diff.json", &pretty(&wasmport_build::diff::diff_schema()));
}

#[test]
fn differences_fit_their_schema() {
    use wasmport_build::diff::{Denial, DiffOptions, diff};
    let log = r#"(module (import "env" "log" (func)) (func (export "one") nop))"#;
    let old = [("calc.wat", CALC.as_bytes()), ("gone.wat", b"(module)"), ("same.wat", b"(module)")];
    let new = [("calc.wat", log.as_bytes()), ("new.wat", b"(module)"), ("bad.wat", b"(module")];
    let (before, after) = (Project::with(&old), Project::with(&new));
    after.write("same.wat", "(module)");
    let schema = wasmport_build::diff::diff_schema();
    let fits = |before: &Path, after: &Path| {
        let mut report = diff(before, after, DiffOptions::default()).unwrap();
        report.deny(&[Denial::Breaking, Denial::NewImports]);
        let found = serde_json::to_value(&report).unwrap();
        assert_eq!(violations(&schema, &found, ""), Vec::<String>::new(), "{found}");
        report
    };
    let report = fits(&before.path().join("assets"), &after.path().join("assets"));
    let summary = report.summary;
    let counts = (summary.added, summary.removed, summary.changed, summary.same, summary.failed);
    assert_eq!((counts, report.denied.len()), ((1, 1, 1, 1, 1), 3), "{report:?}");
    let first = before.importer().run(&());
    let manifest = before.out().join("wasmport.json");
    let copy = before.path().join("before.json");
    fs::copy(&manifest, &copy).unwrap();
    before.write("calc.wat", log);
    assert!(first.is_ok() && before.importer().run(&()).is_ok());
    let report = fits(&copy, &manifest);
    assert_eq!((report.summary.changed, report.summary.same), (1, 2), "{report:?}");
}

#[test]
#[cfg(feature = "audit")]
fn audits_fit_their_schema() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.importer().run(&()).unwrap();
    let database = crate::audit::database(project.path());
    let paths = [project.out(), project.path().join("none")];
    let report = wasmport_build::audit::audit(&paths, &database);
    let (assets, errors) = (report.summary.affected, report.errors.len());
    assert_eq!((assets, report.advisories.len(), errors), (1, 1, 1));
    let report = serde_json::to_value(&report).unwrap();
    let schema = wasmport_build::audit::audit_schema();
    assert_eq!(violations(&schema, &report, ""), Vec::<String>::new(), "{report}");
}

#[test]
fn the_reference_in_the_book_is_current() {
    let schema = settings_schema();
    let book = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let mut parts = book.split("<!-- settings: ");
    let mut expected = parts.next().unwrap().to_owned();
    for part in parts {
        let (table, rest) = part.split_once(" -->").unwrap();
        let (_, rest) = rest.split_once("<!-- end -->").unwrap();
        // An interface has most settings of assets too.
        let own = (table == "/interface").then_some("interface");
        let rows = reference(table_at(&schema, table), own);
        expected += &format!("<!-- settings: {table} -->\n{rows}<!-- end -->{rest}");
    }
    assert_current("docs/settings.md", &expected);
}

/// The table at a path such as `/asset/limits`.
fn table_at<'s>(schema: &'s Value, path: &str) -> &'s Value {
    path.split('/').filter(|key| !key.is_empty()).fold(schema, |table, key| {
        let below = &table["properties"][key];
        below.get("items").unwrap_or(below)
    })
}

/// The settings of a table, without the tables below it; of one kind, if it is given.
fn reference(table: &Value, own: Option<&str>) -> String {
    let mut text = "| setting | value | default | meaning |\n|---|---|---|---|\n".to_owned();
    for (key, setting) in table["properties"].as_object().unwrap() {
        if has_settings(setting) || has_settings(&setting["items"]) {
            continue;
        }
        let kind = setting.get("x-kind").and_then(Value::as_str);
        if own.is_some() && kind != own {
            continue;
        }
        let is_list = |default: &&Value| default.as_array().is_some_and(Vec::is_empty);
        let default = setting.get("default").filter(|value| !is_list(value));
        let default = default.map(self::default).unwrap_or_default();
        let scope = match kind.filter(|_| own.is_none()) {
            Some(kind) => format!(" *For {kind}s only.*"),
            None => String::new(),
        };
        let doc = setting["description"].as_str().unwrap();
        let row = format!("| `{key}` | {} | {default} | {doc}{scope}", value(setting));
        text += &format!("{row}{} |\n", meanings(setting));
    }
    text
}

/// The meaning of each word that a setting can be.
fn meanings(setting: &Value) -> String {
    let words = setting["oneOf"].as_array().into_iter().flatten();
    let meaning = |word: &Value| {
        let meaning = word.get("description")?.as_str()?.replace('\n', " ");
        Some(format!("<br>`{}`: {meaning}", word.get("const")?))
    };
    words.filter_map(meaning).collect()
}

fn has_settings(setting: &Value) -> bool {
    setting.get("properties").is_some()
}

fn default(default: &Value) -> String {
    match default.as_u64() {
        Some(bytes) if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => {
            format!("`{bytes}` ({} MiB)", bytes >> 20)
        }
        _ => format!("`{default}`"),
    }
}

/// The values of a setting, in words.
fn value(setting: &Value) -> String {
    let words = words(setting);
    if !words.is_empty() {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    match setting["type"].as_str().unwrap() {
        "array" if setting["items"]["format"] == "glob" => "list of patterns".into(),
        "array" => match self::words(&setting["items"]).as_slice() {
            [] => "list of texts".into(),
            words if words.len() > 8 => "list of names".into(),
            _ => format!("list of {}", value(&setting["items"])),
        },
        "object" => format!("table of {}s", value(&setting["additionalProperties"])),
        "string" => "text".into(),
        "boolean" => "`true`, `false`".into(),
        number => number.into(),
    }
}

/// The words that a setting can be, as TOML.
fn words(setting: &Value) -> Vec<String> {
    let of_one = |schema: &Value| -> Vec<String> {
        let words = schema["enum"].as_array().into_iter().flatten();
        words.chain(schema.get("const")).map(ToString::to_string).collect()
    };
    let one_of = setting["oneOf"].as_array().into_iter().flatten();
    one_of.flat_map(of_one).chain(of_one(setting)).collect()
}

/// What is wrong with a value, as far as these schemas go.
fn violations(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_valid = |schema: &Value| violations(schema, value, path).is_empty();
    for alternatives in ["oneOf", "anyOf"].map(|key| schema[key].as_array()).into_iter().flatten() {
        if !alternatives.iter().any(is_valid) {
            found.push(format!("{path}: no alternative fits {value}"));
        }
    }
    let is_wrong_constant = schema.get("const").is_some_and(|constant| constant != value);
    let is_unlisted = schema["enum"].as_array().is_some_and(|values| !values.contains(value));
    if is_wrong_constant || is_unlisted {
        found.push(format!("{path}: {value} is none of the words"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| has_type(value, name)) {
        found.push(format!("{path}: {value} is not of type {types:?}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(violations(&schema["items"], item, &format!("{path}/{index}")));
    }
    if let Some(table) = value.as_object() {
        let required = schema["required"].as_array().into_iter().flatten();
        let missing = required.filter(|key| !table.contains_key(key.as_str().unwrap()));
        found.extend(missing.map(|key| format!("{path}: {key} is missing")));
        for (key, value) in table {
            let path = format!("{path}/{key}");
            match (schema["properties"].get(key), schema.get("additionalProperties")) {
                (Some(schema), _) => found.extend(violations(schema, value, &path)),
                (None, Some(Value::Bool(false))) => found.push(format!("{path} is unknown")),
                (None, Some(others)) => found.extend(violations(others, value, &path)),
                (None, None) => {}
            }
        }
    }
    found
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("unknown type {other}"),
    }
}

fn settings_violations(text: &str) -> Vec<String> {
    let value: Value = toml::from_str(text).unwrap();
    violations(&settings_schema(), &value, "")
}

#[test]
fn settings_files_of_this_repository_fit_the_schema() {
    let files = walkdir::WalkDir::new(root().join("fixtures"));
    let is_settings = |path: &PathBuf| path.file_name().unwrap() == "wasmport.toml";
    let files = files.into_iter().map(|entry| entry.unwrap().into_path()).filter(is_settings);
    let mut texts: Vec<(String, String)> =
        files.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect();
    assert!(texts.len() > 5);
    for chapter in ["settings.md", "stages.md"] {
        let text = fs::read_to_string(root().join("docs").join(chapter)).unwrap();
        let blocks = text.split("```toml\n").skip(1);
        let blocks = blocks.map(|block| block.split("```").next().unwrap().to_owned());
        texts.extend(blocks.map(|block| (chapter.to_owned(), block)));
    }
    for (path, text) in texts {
        assert_eq!(settings_violations(&text), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let project = Project::new();
    for text in [
        "[engin]\n",
        "[engine]\nfuel = 1\n",
        "[engine]\nopt-level = \"fast\"\n",
        "[import]\nroots = \"assets\"\n",
        "[import]\nwasm-features = [\"magic\"]\n",
        "[cache]\nmax-mib = \"large\"\n",
        "[defaults]\nmatch = \"a\"\n",
        "[defaults]\nexports = \"*\"\n",
        "[defaults]\nkinds = [\"function\"]\n",
        "[[asset]]\nprefix = \"a\"\n",
        "[[asset]]\nmatch = \"a\"\noptimize = { levle = \"O2\" }\n",
        "[[asset]]\nmatch = \"a\"\ncompress = 3\n",
    ] {
        assert!(project.settings(text).is_err(), "{text}");
        assert_ne!(settings_violations(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn reports_fit_their_schema() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("bad.wat", b"(module")]);
    let schema = report_schema();
    let importer =
        Importer::new(project.settings("[defaults]\ncompress = { \"*\" = 1 }\n").unwrap());
    let reports = [importer.run(&()).unwrap(), importer.run(&()).unwrap(), {
        project.write("calc.wat", "(module)");
        importer.run_check().unwrap()
    }];
    for report in reports {
        let report = serde_json::to_value(&report).unwrap();
        assert_eq!(violations(&schema, &report, ""), Vec::<String>::new(), "{report}");
    }
}
