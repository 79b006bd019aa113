//! `config`: the settings that apply, and their schema.

use super::{CALC, code, json, project, wasmport};
use std::path::Path;

#[test]
fn quiet_shows_what_is_set_and_its_origin() {
    let settings = "[engine]\nfuel = true\n[defaults]\nprefix = \"f_\"\n";
    let project = project(&[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
    let shown = wasmport(project.path(), &["config", "-q"]);
    assert_eq!(code(&shown), 0);
    assert_eq!(
        String::from_utf8(shown.stdout).unwrap(),
        "project\n  engine.fuel = true  # wasmport.toml:2:1\ncalc.wat (calc)\n  \
         prefix = \"f_\"  # wasmport.toml:4:1\n"
    );
    let all = String::from_utf8(wasmport(project.path(), &["config"]).stdout).unwrap();
    for line in ["cache.max-mib = 4096  # default", "max-exports = 4000  # default"] {
        assert!(all.contains(line), "{all}");
    }
}

#[test]
fn the_schema_needs_no_settings() {
    let project = project(&[("wasmport.toml", "not toml")]);
    let schema = wasmport(project.path(), &["config", "--schema"]);
    assert_eq!(code(&schema), 0);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/wasmport.json");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(json(&schema), file);
}
