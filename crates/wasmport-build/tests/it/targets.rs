//! Targets: which artifacts there are, and what becomes of modules that a target cannot run.

use crate::project::{CALC, Project, asset, statuses, wasm};
use wasmport_build::{Status, Target};

#[test]
fn one_of_them_is_compiled_for_and_the_other_is_the_same_twice() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("targets = [\"x86_64-unknown-linux-musl+v3\"]\n");
    let target = &asset(&report, "calc.wat").artifacts[0].target;
    assert_eq!(target.to_string(), "x86_64-unknown-linux-gnu+v3");
    // The other name finds it fresh.
    let report = project.import_with("targets = [\"x86_64-unknown-linux-gnu+v3\"]\n");
    assert_eq!(statuses(&report), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn duplicates_are_refused_with_their_place() {
    let project = Project::new();
    for (text, name, place) in [
        ("targets = [\"portable\",\n  \"portable\"]", "portable", "line 2, column 3: "),
        (
            "targets = [\"source\", \"x86_64-unknown-linux-gnu\", \"x86_64-unknown-linux-musl\"]",
            "x86_64-unknown-linux-gnu",
            "line 1, column 50: ",
        ),
        (
            "targets = [\"x86_64-unknown-linux-gnu+v3\", \"x86_64-unknown-linux-gnu+v2+v3\"]",
            "x86_64-unknown-linux-gnu+v3",
            "line 1, column 43: ",
        ),
    ] {
        let error = project.settings(text).unwrap_err().to_string();
        assert!(error.contains(&format!("{place}the target `{name}` is named twice")), "{error}");
        assert!(error.contains("wasmport.toml") && error.contains("gnu and musl"), "{error}");
    }
    // From code there is no place, also where the file has other targets.
    let importer = project.configured("targets = [\"portable\", \"source\"]\n");
    let error = importer.target(Target::SOURCE).run(&()).unwrap_err().to_string();
    assert!(error.starts_with("the target `source` is named twice"), "{error}");
}

#[test]
fn native_is_this_machine_with_all_that_its_cpu_has() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("targets = [\"native\"]\n");
    let target = &asset(&report, "calc.wat").artifacts[0].target;
    assert_eq!(*target, Target::native());
    assert!(target.runs_here() && target.has_triple_of(&Target::host()));
    assert_ne!(target.to_string(), "native");
    let report = project.import_with("targets = [\"native\"]\n");
    assert_eq!(statuses(&report), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn source_is_the_wasm_itself() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("targets = [\"source\"]\n");
    assert_eq!(asset(&report, "calc.wat").artifacts[0].path, "artifacts/calc.source.wasm");
    assert_eq!(project.artifact(&report, "calc.wat", "source"), wasm(CALC));
}

pub const SHARED: &str = "(module (memory 1 1 shared) (func (export \"f\") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))";

#[test]
fn an_asset_that_no_target_runs_has_a_wrapper_and_no_artifact() {
    let project = Project::with(&[("it.wat", SHARED.as_bytes())]);
    let text = "targets = [\"portable\"]\n[defaults]\nunsupported = \"skip\"\n";
    assert!(asset(&project.import_with(text), "it.wat").artifacts.is_empty());
    assert_eq!(statuses(&project.import_with(text)), [("it.wat", Status::Unchanged)]);
    syn::parse_file(&project.wrapper("it")).unwrap();
}
