//! `crate-path`: generated code for programs that know the `wasmport` crate under another path.

use crate::project::{CALC, Project, asset};
use wasmport_build::Status;

const COMMAND: &[u8] = include_bytes!("../../../../fixtures/assets/components/command.wasm");
const DEPOT: &[u8] = include_bytes!("../../../../fixtures/assets/components/depot.wat");
const GREETER: &[u8] = include_bytes!("../../../../fixtures/assets/greeter.wat");

fn project() -> Project {
    Project::with(&[
        ("calc.wat", CALC.as_bytes()),
        ("command.wasm", COMMAND),
        ("depot.wat", DEPOT),
        ("folder/greeter.wat", GREETER),
    ])
}

fn settings(path: &str) -> String {
    format!("targets = []\n[import]\nroots = [\"assets\"]\ncrate-path = \"{path}\"\n")
}

/// The generated code with another path, read back as if it had the default.
fn normal(text: &str, path: &str) -> String {
    // Longer lines have other breaks, with commas at their ends.
    text.split_whitespace().collect::<String>().replace(path, "::wasmport").replace(',', "")
}

#[test]
fn all_generated_code_has_the_path() {
    let plain = project();
    plain.import_with(&settings("::wasmport"));
    for (setting, path) in
        [("framework::wp", "::framework::wp"), ("crate::deps::wp", "crate::deps::wp")]
    {
        let project = project();
        let report = project.import_with(&settings(setting));
        assert_eq!(report.count(Status::Imported), 4, "{:?}", report.assets);
        for (file, bytes) in
            project.outputs().into_iter().filter(|(file, _)| file.extension().unwrap() == "rs")
        {
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains("::wasmport"), "{}: {text}", file.display());
            let default = std::fs::read_to_string(plain.out().join(&file)).unwrap();
            if file.file_name().unwrap() != "mod.rs" || file.components().count() == 1 {
                assert!(text.contains(&format!("{path}::")), "{}", file.display());
            }
            assert_eq!(normal(&text, path), normal(&default, path), "{}", file.display());
        }
    }
}

#[test]
fn another_path_is_another_setting() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import_with(&settings("wp"));
    let report = project.import_with(&settings("::wp"));
    assert_eq!(asset(&report, "calc.wat").status, Status::Imported);
    let check = project.configured(&settings("::wasmport")).run_check().unwrap();
    assert_eq!(
        check.assets[0].stale.as_deref(),
        Some("its settings changed since it was imported: `import.crate-path`")
    );
    // The `mod.rs` of a project without assets has the path too.
    std::fs::remove_file(project.assets().join("calc.wat")).unwrap();
    project.import_with(&settings("one"));
    project.import_with(&settings("two"));
    let module = std::fs::read_to_string(project.out().join("mod.rs")).unwrap();
    assert!(module.contains("pub const ENGINE: ::two::EngineConfig"), "{module}");
}

#[test]
fn a_path_that_differs_from_module_to_module_is_refused() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let error = project.settings(&settings("self::wasmport")).unwrap_err();
    assert_eq!(
        error.to_string().replace(&project.path().display().to_string(), "P"),
        "`P/wasmport.toml` line 4, column 1: `import.crate-path`: `self::wasmport` is not the path of a crate \
         that is the same in every module\n  help: name the crate as `Cargo.toml` does, with `_` for `-`, such \
         as `wp`, or a path to it, such as `framework::wasmport` or `crate::deps::wasmport`"
    );
}
