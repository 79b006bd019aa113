//! `[profile.debug]`: what imports for development do in less time, and who never takes their results.

use crate::project::{CALC, Project, failure, snapshot, stage, statuses};
use std::fs;
use wasmport_build::{DebugProfile, Importer, Profile, Stage, Status};

const SETTINGS: &str =
    "[profile.debug]\nopt-level = \"none\"\nregalloc-algorithm = \"single-pass\"\n";

fn project() -> (Project, Importer, Importer) {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let release = project.configured(SETTINGS);
    let debug = project.configured(SETTINGS).profile(Profile::Debug);
    (project, release, debug)
}

fn stale(importer: &Importer) -> Option<String> {
    importer.run_check().unwrap().assets[0].stale.clone()
}

#[test]
fn what_is_imported_for_development_is_stale_for_all_others() {
    let (project, release, debug) = project();
    assert_eq!(statuses(&debug.run(&()).unwrap()), [("calc.wat", Status::Imported)]);
    let engine = project.manifest()["engine"].clone();
    assert_eq!(
        (&engine["opt-level"], &engine["regalloc-algorithm"]),
        (&"none".into(), &"single-pass".into())
    );
    let (wrapper, outputs) = (project.wrapper("calc"), project.outputs());
    assert_eq!(statuses(&debug.run(&()).unwrap()), [("calc.wat", Status::Unchanged)]);
    // A check is of what others run, whatever the importer is for.
    for importer in [&release, &debug] {
        assert_eq!(
            stale(importer).unwrap(),
            "its settings changed since it was imported: `engine.opt-level`, `engine.regalloc-algorithm`"
        );
    }
    assert_eq!(statuses(&release.run(&()).unwrap()), [("calc.wat", Status::Imported)]);
    assert_eq!(stale(&release), None);
    let lines = |text: &str| {
        let own = |line: &&str| !line.contains("opt_level") && !line.contains("digest");
        text.lines().filter(own).count()
    };
    assert!(lines(&wrapper) > 0 && wrapper.contains("OptLevel::None"));
    assert!(!project.wrapper("calc").contains("OptLevel::None"));
    // The store has both.
    let report = debug.run(&()).unwrap();
    assert!(stage(&report, Stage::Compile).cached, "{report:?}");
    assert_eq!(project.outputs(), outputs);
}

#[test]
fn the_lock_file_is_of_what_others_run() {
    let (project, release, debug) = project();
    let lock = || fs::read_to_string(project.path().join("wasmport.lock")).unwrap();
    release.clone().update_lock().run(&()).unwrap();
    let locked = lock();
    // Imports for development neither write it nor fail by it.
    debug.clone().update_lock().run(&()).unwrap();
    assert_eq!(lock(), locked);
    let imported = debug.clone().locked().run(&()).unwrap();
    assert_eq!(statuses(&imported), [("calc.wat", Status::Unchanged)]);
    project.write("calc.wat", format!("{CALC} "));
    let refused = debug.locked().run(&()).unwrap();
    assert!(failure(&refused).to_string().contains("input: locked"), "{}", failure(&refused));
}

#[test]
fn a_profile_without_settings_differs_in_nothing() {
    let (project, ..) = project();
    let run = |importer: Importer| importer.run(&()).unwrap();
    run(project.configured(""));
    let outputs = snapshot(&project.out());
    let same = run(project.configured("").profile(Profile::Debug));
    assert_eq!(statuses(&same), [("calc.wat", Status::Unchanged)]);
    // From code.
    let fast = project.configured("").debug_profile(DebugProfile::fastest());
    assert_eq!(statuses(&run(fast.clone())), [("calc.wat", Status::Unchanged)]);
    assert_eq!(snapshot(&project.out()), outputs);
    assert_eq!(statuses(&run(fast.profile(Profile::Debug))), [("calc.wat", Status::Imported)]);
}
