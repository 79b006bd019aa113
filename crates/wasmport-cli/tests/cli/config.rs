//! `config`: the settings that apply, and their schema.

use super::{CALC, code, json, project, wasmport};
use std::fs;

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
    assert_eq!(json(&schema), wasmport_build::settings_schema());
}

#[test]
fn the_decision_of_the_assets_is_explained_and_the_helper_process_has_it() {
    let waits = r#"(component (import "f" (func async)))"#;
    let project = project(&[("assets/calc.wat", CALC), ("assets/waits.wat", waits)]);
    let run = |args: &[&str]| wasmport(project.path(), args);
    let output = String::from_utf8(run(&["config"]).stdout).unwrap();
    let line = "  engine.concurrency-support = \"auto\"  # default; on: `waits.wat` needs it\n";
    assert!(output.contains(line), "{output}");
    assert_eq!(code(&run(&["import"])), 0);
    assert_eq!(code(&run(&["check", "--locked"])), 0);
    let wrapper = project.path().join("src/assets/calc.rs");
    assert!(fs::read_to_string(wrapper).unwrap().contains(".concurrency_support(true)"));
    fs::remove_file(project.path().join("assets/waits.wat")).unwrap();
    assert_eq!(code(&run(&["check"])), 3);
    assert_eq!(code(&run(&["import"])), 0);
    let wrapper = project.path().join("src/assets/calc.rs");
    assert!(!fs::read_to_string(wrapper).unwrap().contains("concurrency_support"));
}
