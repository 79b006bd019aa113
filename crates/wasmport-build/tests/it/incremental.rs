//! The second run: nothing done where nothing changed, and the same bytes everywhere.

use crate::project::{CALC, Project, snapshot, statuses};
use std::fs;
use wasmport_build::{EngineConfig, Report, Status, Target};

fn three() -> Project {
    let memory = r#"(module (memory (export "memory") 1) (data (i32.const 8) "hello"))"#;
    let host = r#"(module (import "env" "f" (func (param f64) (result i64))))"#;
    Project::with(&[
        ("calc.wat", CALC.as_bytes()),
        ("mods/memory.wat", memory.as_bytes()),
        ("mods/host.wat", host.as_bytes()),
    ])
}

fn times(project: &Project) -> Vec<(String, std::time::SystemTime)> {
    let files =
        walkdir::WalkDir::new(project.out()).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .map(|e| (e.path().display().to_string(), e.metadata().unwrap().modified().unwrap()))
        .collect()
}

fn check(project: &Project) -> Report {
    project.importer().run_check().unwrap()
}

#[test]
fn an_unchanged_tree_writes_nothing() {
    let project = three();
    assert_eq!(project.import().count(Status::Imported), 3);
    let before = times(&project);
    assert_eq!(project.import().count(Status::Unchanged), 3);
    assert_eq!(times(&project), before);
}

#[test]
fn two_folders_and_any_number_of_threads_give_the_same_bytes() {
    let (one, two) = (three(), three());
    one.import();
    two.importer().jobs(1).run(&()).unwrap();
    assert_eq!(one.outputs(), two.outputs());
    for (path, bytes) in one.outputs() {
        let folder = one.path().to_str().unwrap().as_bytes();
        assert!(
            !bytes.windows(folder.len()).any(|w| w == folder),
            "{} holds a path",
            path.display()
        );
    }
}

#[test]
fn only_what_changed_is_imported() {
    let project = three();
    project.import();
    project.write("mods/host.wat", "(module)");
    let report = project.import();
    assert_eq!(
        statuses(&report),
        [
            ("calc.wat", Status::Unchanged),
            ("mods/host.wat", Status::Imported),
            ("mods/memory.wat", Status::Unchanged)
        ]
    );
}

#[test]
fn settings_are_part_of_what_changed() {
    let project = three();
    project.import();
    let fuel = || project.importer().engine(EngineConfig::new().fuel(true));
    assert_eq!(fuel().run_check().unwrap().count(Status::Stale), 3);
    assert_eq!(fuel().run(&()).unwrap().count(Status::Imported), 3);
    assert_eq!(fuel().run(&()).unwrap().count(Status::Unchanged), 3);
    let loose = || project.importer().engine(EngineConfig::new().fuel(true)).embed(false);
    assert_eq!(loose().run(&()).unwrap().count(Status::Imported), 3);
    let target = Target::PORTABLE;
    assert_eq!(loose().target(target.clone()).run_check().unwrap().count(Status::Stale), 3);
    assert_eq!(loose().target(target).run(&()).unwrap().count(Status::Imported), 3);
}

#[test]
fn fault_25_damaged_outputs_are_made_again() {
    let project = three();
    project.import();
    let good = project.outputs();
    for (damaged, bytes) in &good {
        let path = project.out().join(damaged);
        // As after a loss of power, and cut.
        let zero = vec![0; bytes.len()];
        for damage in [None, Some(&b""[..]), Some(&zero), Some(&bytes[..bytes.len() / 2])] {
            match damage {
                None => fs::remove_file(&path).unwrap(),
                Some(bytes) => fs::write(&path, bytes).unwrap(),
            }
            assert!(check(&project).count(Status::Stale) > 0, "{}", damaged.display());
            assert_eq!(project.import().count(Status::Failed), 0);
            assert_eq!(project.outputs(), good, "{}", damaged.display());
        }
    }
}

#[test]
fn check_names_what_is_stale_and_why_and_writes_nothing() {
    let project = three();
    let before = snapshot(project.path());
    assert_eq!(check(&project).count(Status::Stale), 4, "three assets and the module tree");
    assert_eq!(snapshot(project.path()), before);
    project.import();
    assert_eq!(check(&project).count(Status::Unchanged), 3);

    project.write("calc.wat", "(module)");
    project.write("new.wat", "(module)");
    fs::remove_file(project.assets().join("mods/host.wat")).unwrap();
    let report = check(&project);
    let why = |source: &str| {
        let asset = report.assets.iter().find(|a| a.source == source).unwrap();
        assert_eq!(asset.status, Status::Stale);
        asset.stale.clone().unwrap()
    };
    assert!(why("calc.wat").contains("source changed"));
    assert!(why("new.wat").contains("never imported"));
    assert!(why("mods/host.wat").contains("removed"));
    assert_eq!(report.count(Status::Unchanged), 1);
}

#[test]
fn output_of_an_older_wasmtime_is_stale_and_imported_again() {
    let project = three();
    project.import();
    let manifest = project.out().join("wasmport.json");
    let ours = format!("\"wasmtime\": \"{}\"", wasmport::engine::wasmtime_version());
    for (version, stale) in [("48.0.0", 3), ("47.0.9", 3), ("48.0.99", 0), ("49.0.0", 3)] {
        project.import();
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace(&ours, &format!("\"wasmtime\": \"{version}\""))).unwrap();
        assert_eq!(check(&project).count(Status::Stale), stale, "{version}");
        assert_eq!(project.import().count(Status::Imported), 3, "{version}");
    }
}

#[test]
fn an_empty_project_is_no_error() {
    let project = Project::new();
    assert_eq!(check(&project).count(Status::Stale), 1, "nothing was imported yet");
    let report = project.import();
    assert!(report.assets.is_empty() && check(&project).assets.is_empty());
    syn::parse_file(&fs::read_to_string(project.out().join("mod.rs")).unwrap()).unwrap();
}
