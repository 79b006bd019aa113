//! `expand`: the wrapper of an asset.

use super::{CALC, code, project, wasmport};
use std::fs;
use std::process::Output;

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn every_name_of_an_asset_prints_its_wrapper() {
    let project = project(&[
        ("assets/shapes/wide.wat", CALC),
        ("assets/b.wat", CALC),
        ("wasmport.toml", "targets = [\"portable\"]\n"),
    ]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    let wrapper = fs::read_to_string(project.path().join("src/assets/shapes/wide.rs")).unwrap();
    for name in [
        "shapes/wide",
        "shapes::wide",
        "assets::shapes::wide",
        "crate::assets::shapes::wide",
        "shapes/wide.wat",
        "assets/shapes/wide.wat",
        "./assets/../assets/shapes/wide.wat",
    ] {
        let output = wasmport(project.path(), &["expand", name]);
        assert_eq!(
            (code(&output), out(&output), err(&output)),
            (0, wrapper.as_str(), ""),
            "{name}"
        );
    }
    fs::write(project.path().join("assets/shapes/wide.wat"), "(module)").unwrap();
    let output = wasmport(project.path(), &["expand", "shapes/wide"]);
    assert_eq!((code(&output), out(&output)), (0, wrapper.as_str()));
    assert_eq!(
        err(&output),
        "warning: `shapes/wide.wat` is stale: its source changed since it was imported\n  help: run `cargo wasmport \
         import`\n"
    );
}

#[test]
fn without_an_import_it_is_generated_and_nothing_is_written() {
    let world = "package demo:a;\nworld w { export f: func() -> u32; }\n";
    let interface = "[[interface]]\nname = \"plugin\"\nwit = \"wit#w\"\n";
    let project = project(&[
        ("assets/calc.wat", CALC),
        ("assets/c.wat", "(component)"),
        ("wit/a.wit", world),
        ("wasmport.toml", interface),
    ]);
    for (name, part) in [("calc", "fn one"), ("c", "struct"), ("plugin", "fn f")] {
        let output = wasmport(project.path(), &["expand", name]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert!(
            out(&output).starts_with("// @generated") && out(&output).contains(part),
            "{}",
            out(&output)
        );
        assert!(
            err(&output).starts_with("note: ") && err(&output).contains("is not imported"),
            "{}",
            err(&output)
        );
    }
    for written in ["src", "wasmport.lock", ".wasmport-cache"] {
        assert!(!project.path().join(written).exists(), "{written}");
    }
}

#[test]
fn other_names_have_a_suggestion() {
    let project = project(&[("assets/greeter.wat", CALC), ("assets/bad.wat", "(modul)")]);
    let output = wasmport(project.path(), &["expand", "greter"]);
    assert_eq!((code(&output), out(&output)), (2, ""));
    assert_eq!(
        err(&output),
        "error: the project has no asset `greter`\n  help: did you mean `greeter`?\n"
    );
    let output = wasmport(project.path(), &["expand", "\u{1b}nothing like it"]);
    assert_eq!(
        err(&output),
        "error: the project has no asset `\\u{1b}nothing like it`\n  help: `cargo wasmport list` lists the assets\n"
    );
    let output = wasmport(project.path(), &["expand", "bad"]);
    assert_eq!((code(&output), out(&output)), (1, ""));
    assert!(err(&output).contains("bad.wat:1:2"), "{}", err(&output));
}
