//! The engine's concurrency: decided by the assets of a project, or by its settings.

use crate::project::{CALC, Project, failure, statuses};
use wasmport_build::{Concurrency, EngineConfig, Importer, Report, Stage, Status};

const WAITS: &str = r#"(component
    (core module $m (func (export "f") (result i32) (i32.const 0))
        (func (export "back") (param i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func (export "f") async (canon lift (core func $i "f") async
        (callback (func $i "back")))))"#;

/// Nothing of this one waits, but what gives it WASI does.
const LATER: &str = r#"(component
    (import "wasi:random/random@0.3.0" (instance (export "get-random-u64" (func (result u64))))))"#;

/// The advice of an asset that fails without concurrency.
const HELP: &str = "set `concurrency-support = true` under `[engine]` in wasmport.toml, for all assets of \
    the project; by default it is on if a source needs it";

/// Whether the last import was for an engine with concurrency.
fn is_on(project: &Project) -> bool {
    project.manifest()["engine"]["concurrency-support"].as_bool().unwrap()
}

fn remove(project: &Project, asset: &str) {
    std::fs::remove_file(project.assets().join(asset)).unwrap();
}

fn stale(report: &Report) -> Vec<(&str, &str)> {
    let stale = report.assets.iter().filter(|asset| asset.status == Status::Stale);
    stale.map(|asset| (&*asset.source, asset.stale.as_deref().unwrap())).collect()
}

#[test]
fn the_assets_of_the_project_decide() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let (without, has_knob) = (project.outputs(), "concurrency_support(true)");
    assert!(!is_on(&project) && !project.wrapper("calc").contains(has_knob));

    for (name, text) in [("waits.wat", WAITS), ("later.wat", LATER)] {
        project.write(name, text);
        let both = [("calc.wat", Status::Imported), (name, Status::Imported)];
        assert_eq!(statuses(&project.import()), both);
        assert!(is_on(&project) && project.wrapper("calc").contains(has_knob));
        let with = project.outputs();
        let unchanged = both.map(|(source, _)| (source, Status::Unchanged));
        assert_eq!(statuses(&project.import()), unchanged);
        assert_eq!(stale(&project.importer().run_check().unwrap()), []);

        let again = Project::with(&[("calc.wat", CALC.as_bytes()), (name, text.as_bytes())]);
        again.import();
        assert_eq!(again.outputs(), with, "the files alone decide");

        remove(&project, name);
        let checked = project.importer().run_check().unwrap();
        let expected = [
            (
                "calc.wat",
                "its settings changed since it was imported: `engine.concurrency-support`",
            ),
            (name, "its source was removed"),
        ];
        assert_eq!(stale(&checked), expected);
        assert_eq!(statuses(&project.import()), [("calc.wat", Status::Imported)]);
        assert_eq!(project.outputs(), without);
    }
}

#[test]
fn what_an_asset_needs_is_known_after_it_changed_and_without_a_cache() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("waits.wat", WAITS.as_bytes())]);
    let import = || project.importer().no_cache().run(&()).unwrap();
    assert_eq!(import().count(Status::Imported), 2);
    assert_eq!(import().count(Status::Unchanged), 2);
    project.write("waits.wat", format!("{WAITS} ;; changed"));
    let statuses = statuses;
    let expected = [("calc.wat", Status::Unchanged), ("waits.wat", Status::Imported)];
    assert_eq!(statuses(&import()), expected);
    project.write("waits.wat", "(component)");
    assert_eq!(import().count(Status::Imported), 2);
    assert!(!is_on(&project));
    // A file that fails decides like others: it may be mended without another import of all.
    project.write(
        "waits.wat",
        format!("{} (core module (func (result i32))))", &WAITS[..WAITS.len() - 1]),
    );
    let report = import();
    assert_eq!(failure(&report).stage, Stage::Validate);
    assert!(is_on(&project));
}

#[test]
fn assets_that_are_not_selected_decide_too() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("waits.wat", WAITS.as_bytes())]);
    let only = |path: &str| project.importer().only(project.assets().join(path)).run(&()).unwrap();
    let report = only("calc.wat");
    assert_eq!(
        (statuses(&report), report.warnings.len()),
        (vec![("calc.wat", Status::Imported)], 0)
    );
    assert!(is_on(&project));
    project.import();

    project.write("waits.wat", "(component)");
    let report = only("waits.wat");
    let warning = "the engine has `concurrency-support = false` now, but 1 asset that is not selected was \
                   imported with another one: import without a path";
    assert!(report.warnings.iter().any(|line| line == warning), "{:?}", report.warnings);
    let checked = project.importer().run_check().unwrap();
    let expected =
        [("calc.wat", "its settings changed since it was imported: `engine.concurrency-support`")];
    assert_eq!(stale(&checked), expected);
    assert_eq!(project.import().count(Status::Imported), 1);
}

#[test]
fn settings_decide_for_the_assets() {
    let project =
        Project::with(&[("later.wat", LATER.as_bytes()), ("waits.wat", WAITS.as_bytes())]);
    for importer in [
        project.importer().concurrency(Concurrency::Off),
        project.configured("[engine]\nconcurrency-support = false"),
    ] {
        let report = importer.run(&()).unwrap();
        let failed: Vec<_> = report.failures().map(|(_, error)| error).collect();
        assert!(failed.iter().all(|error| error.help.as_deref() == Some(HELP)), "{failed:?}");
        assert_eq!(
            failed.iter().map(|e| e.stage).collect::<Vec<_>>(),
            [Stage::Codegen, Stage::Compile]
        );
    }
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    for importer in [
        project.importer().concurrency(Concurrency::On),
        project.importer().engine(EngineConfig::new().concurrency_support(true)),
        project.configured("[engine]\nconcurrency-support = true"),
    ] {
        importer.run(&()).unwrap();
        assert!(is_on(&project));
        std::fs::remove_dir_all(project.out()).unwrap();
    }
    project.import_with("[engine]\nconcurrency-support = \"auto\"\nfuel = true");
    assert!(!is_on(&project));
    let error = project.settings("[engine]\nconcurrency-support = 1").unwrap_err().to_string();
    assert!(error.contains("wasmport.toml"), "{error}");
    assert!(
        error.contains("invalid type: integer `1`, expected true, false or \"auto\""),
        "{error}"
    );
}

#[test]
fn the_explanation_names_the_decision_and_the_assets() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let explain = |importer: Importer| {
        let project = importer.explain().unwrap().project;
        let setting = project.into_iter().find(|s| s.key == "engine.concurrency-support").unwrap();
        (setting.value.to_string(), setting.origin.to_string(), setting.decision)
    };
    let decided = |decision: &str| ("\"auto\"".into(), "default".into(), Some(decision.into()));
    assert_eq!(explain(project.importer()), decided("off: no asset needs it"));
    project.write("a.wat", WAITS);
    assert_eq!(explain(project.importer()), decided("on: `a.wat` needs it"));
    project.write("b.wat", LATER);
    assert_eq!(explain(project.importer()), decided("on: `a.wat`, `b.wat` need it"));
    ["c.wat", "d.wat"].iter().for_each(|name| project.write(name, WAITS));
    assert_eq!(explain(project.importer()), decided("on: `a.wat` and 3 other assets need it"));
    let given = explain(project.importer().concurrency(Concurrency::Off));
    assert_eq!(given, ("false".into(), "argument or code".into(), None));
}

#[test]
fn the_lock_file_records_the_decision() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("waits.wat", WAITS.as_bytes())]);
    let importer = || project.configured("import.roots = [\"assets\"]");
    let lock = || std::fs::read_to_string(project.path().join("wasmport.lock")).unwrap();
    importer().update_lock().run(&()).unwrap();
    assert!(lock().contains("\nformat = 1\nconcurrency-support = true\n\n[[asset]]"), "{}", lock());
    assert_eq!(importer().locked().run(&()).unwrap().count(Status::Unchanged), 2);
    project.write("waits.wat", "(component)");
    let report = importer().locked().run(&()).unwrap();
    let refused = report.failures().find(|(asset, _)| asset.source == "calc.wat").unwrap().1;
    let line = "\n  concurrency-support: locked true, now false";
    assert!(refused.message.contains(line), "{refused}");
    importer().update_lock().run(&()).unwrap();
    assert!(!lock().contains("concurrency"), "{}", lock());
    assert_eq!(importer().locked().run(&()).unwrap().count(Status::Unchanged), 2);
}

#[test]
fn components_that_are_composed_with_an_asset_decide_too() {
    let main = r#"(component
        (import "a:b/c" (instance $i (export "f" (func (result u32)))))
        (core func $f (canon lower (func $i "f")))
        (core instance $host (export "f" (func $f)))
        (core module $m (import "" "f" (func $f (result i32)))
            (func (export "g") (result i32) (call $f)))
        (core instance $i (instantiate $m (with "" (instance $host))))
        (func (export "g") (result u32) (canon lift (core func $i "g"))))"#;
    let other = |inside: &str| {
        format!(
            r#"(component {inside}
                (core module $m (func (export "f") (result i32) (i32.const 7)))
                (core instance $i (instantiate $m))
                (func $f (result u32) (canon lift (core func $i "f")))
                (instance $c (export "f" (func $f)))
                (export "a:b/c" (instance $c)))"#
        )
    };
    let project = Project::with(&[("main.wat", main.as_bytes())]);
    let settings = "import.roots = [\"assets\"]\ndefaults.compose = { \"a:b/c\" = \"other.wat\" }";
    for (inside, expected) in [("(core func (canon task.cancel))", true), ("", false)] {
        project.write("../other.wat", other(inside));
        let report = project.import_with(settings);
        assert_eq!(statuses(&report), [("main.wat", Status::Imported)], "{:?}", report.assets);
        assert_eq!(is_on(&project), expected);
        assert_eq!(project.import_with(settings).count(Status::Unchanged), 1);
        assert_eq!(stale(&project.configured(settings).run_check().unwrap()), []);
    }
}
