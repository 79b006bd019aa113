//! Files and folders that are in the way, change, or lead elsewhere.

use crate::project::{CALC, Project, failure, snapshot, statuses};
use std::fs;
use std::time::{Duration, SystemTime};
use wasmport_build::{Error, Stage, Status, Symlinks};

#[cfg(unix)]
#[test]
fn fault_18_symlink_leaving_the_root() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("good.wat", CALC.as_bytes())]);
    fs::create_dir(project.path().join("elsewhere")).unwrap();
    fs::write(project.path().join("elsewhere/secret.wat"), CALC).unwrap();
    symlink(project.path().join("elsewhere/secret.wat"), project.assets().join("file.wat"))
        .unwrap();
    symlink(project.path().join("elsewhere"), project.assets().join("folder")).unwrap();
    symlink("good.wat", project.assets().join("inside.wat")).unwrap();

    let report = project.import();
    let errors: Vec<_> = report.failures().map(|(_, error)| error).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors
            .iter()
            .all(|e| e.stage == Stage::Discover && e.message.contains("leaves the import root"))
    );
    assert!(errors.iter().all(|e| e.help.as_ref().unwrap().contains("symlinks")));
    assert_eq!(report.count(Status::Imported), 2);

    let without = project.importer().exclude("folder/**").exclude("file.wat");
    assert_eq!(without.run(&()).unwrap().count(Status::Failed), 0);

    let report = project.importer().symlinks(Symlinks::Follow).run(&()).unwrap();
    assert_eq!(report.count(Status::Failed), 0);
    assert!(statuses(&report).contains(&("folder/secret.wat", Status::Imported)));
}

#[cfg(unix)]
#[test]
fn fault_23_symlink_loops_and_dangling_links_are_errors() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("good.wat", CALC.as_bytes())]);
    symlink(project.assets(), project.assets().join("again")).unwrap();
    symlink("nowhere.wat", project.assets().join("dangling.wat")).unwrap();
    symlink("nowhere", project.assets().join("readme.md")).unwrap();
    // As Emacs locks a file that is being edited.
    symlink("user@host.1234:5678", project.assets().join(".#good.wat")).unwrap();
    let report = project.import();
    let errors: Vec<_> = report.failures().map(|(_, error)| error).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    for (error, expected) in errors.iter().zip(["leads to a folder around it", "leads nowhere"]) {
        assert_eq!(error.stage, Stage::Discover);
        assert!(error.message.contains(expected), "{error}");
        assert!(error.help.as_ref().unwrap().contains("exclude"), "{error}");
    }
    assert!(statuses(&report).contains(&("good.wat", Status::Imported)));
    let without = project.importer().exclude("again").exclude("dangling.*").run(&()).unwrap();
    assert_eq!(statuses(&without), [("good.wat", Status::Unchanged)]);
}

#[cfg(unix)]
#[test]
fn fault_8_pipes_and_devices_are_not_read() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("good.wat", CALC.as_bytes())]);
    let pipe = project.assets().join("pipe.wasm");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    symlink("/dev/zero", project.assets().join("zero.wasm")).unwrap();
    let report = project.importer().symlinks(Symlinks::Follow).run(&()).unwrap();
    let errors: Vec<_> = report.failures().map(|(_, error)| error).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors.iter().all(|error| error.message.contains("it is not a regular file")),
        "{errors:?}"
    );
    assert!(statuses(&report).contains(&("good.wat", Status::Imported)));
}

/// A terabyte that takes no place: reading it would take minutes.
#[cfg(unix)]
#[test]
fn fault_8_file_over_the_limit_is_not_read() {
    let project = Project::with(&[("good.wat", CALC.as_bytes())]);
    let file = fs::File::create(project.assets().join("large.wasm")).unwrap();
    file.set_len(1 << 40).unwrap();
    let report = project.import();
    let error = failure(&report);
    assert_eq!(error.stage, Stage::Read);
    assert!(error.message.contains("1099511627776 bytes"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("limits.max-bytes"), "{error}");
    let checked = project.importer().run_check().unwrap();
    assert_eq!(failure(&checked).stage, Stage::Read);
}

#[cfg(unix)]
#[test]
fn fault_22_unreadable_file_is_that_files_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::with(&[("good.wat", CALC.as_bytes()), ("closed.wat", CALC.as_bytes())]);
    let closed = project.assets().join("closed.wat");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        return; // The superuser reads everything.
    }
    let report = project.import();
    assert_eq!(failure(&report).stage, Stage::Read);
}

#[test]
fn a_folder_named_like_an_asset_is_searched() {
    let project = Project::with(&[("looks.wasm/real.wat", CALC.as_bytes())]);
    let report = project.import();
    assert_eq!(statuses(&report), [("looks.wasm/real.wat", Status::Imported)]);
}

#[test]
fn fault_26_two_importers_at_once_give_the_same_bytes() {
    let project = Project::new();
    for i in 0..20 {
        project.write(&format!("asset{i}.wat"), format!("(module (func (export \"f{i}\")))"));
    }
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| project.import())).collect();
        for run in runs {
            assert_eq!(run.join().unwrap().count(Status::Failed), 0);
        }
    });
    let together = project.outputs();
    fs::remove_dir_all(project.out()).unwrap();
    project.import();
    assert_eq!(project.outputs(), together);
}

#[test]
fn fault_29_an_edit_during_the_import_gives_one_version_or_the_other() {
    let project = Project::new();
    let versions = ["one", "two"].map(|name| format!("(module (func (export \"{name}\")))"));
    let clean = versions.each_ref().map(|text| {
        let project = Project::with(&[("live.wat", text.as_bytes())]);
        project.import();
        project.outputs()
    });
    project.write("live.wat", &versions[0]);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0.. {
                // Renamed into place, as editors do, so that no half file is seen.
                let temporary = project.path().join("edit");
                fs::write(&temporary, &versions[i % 2]).unwrap();
                fs::rename(&temporary, project.assets().join("live.wat")).unwrap();
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..50 {
            assert_eq!(project.import().count(Status::Failed), 0);
            assert!(clean.contains(&project.outputs()), "a mixture of two versions");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn fault_30_times_do_not_decide() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let path = project.assets().join("calc.wat");
    let set = |time: SystemTime| {
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap()
    };
    let now = SystemTime::now();
    for time in [
        SystemTime::UNIX_EPOCH,
        now - Duration::from_secs(1 << 30),
        now + Duration::from_secs(1 << 30),
    ] {
        set(time);
        assert_eq!(statuses(&project.import()), [("calc.wat", Status::Unchanged)]);
    }
    // Same length, same time, other content.
    project.write("calc.wat", CALC.replace("i32.add", "i32.sub"));
    set(now + Duration::from_secs(1 << 30));
    assert_eq!(statuses(&project.import()), [("calc.wat", Status::Imported)]);
}

#[test]
fn fault_33_outputs_of_removed_assets_go() {
    let project =
        Project::with(&[("keep.wat", CALC.as_bytes()), ("mods/gone.wat", CALC.as_bytes())]);
    project.import();
    let stranger = project.out().join("mods/notes.txt");
    fs::write(&stranger, "mine").unwrap();
    fs::remove_file(project.assets().join("mods/gone.wat")).unwrap();
    let report = project.import();
    assert_eq!(statuses(&report), [("keep.wat", Status::Unchanged)]);
    let outputs: Vec<_> =
        project.outputs().into_keys().map(|p| p.to_str().unwrap().to_string()).collect();
    assert!(outputs.iter().all(|path| !path.contains("gone")), "{outputs:?}");
    assert!(!fs::read_to_string(project.out().join("mod.rs")).unwrap().contains("mods"));
    assert!(stranger.exists(), "a file that no import wrote was removed");
    assert!(!project.out().join("artifacts/mods").exists());
}

#[test]
fn a_changed_manifest_removes_nothing_outside_the_output() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("gone.wat", CALC.as_bytes())]);
    project.import();
    let victim = project.path().join("victim.rs");
    fs::write(&victim, "precious").unwrap();
    let manifest = project.out().join("wasmport.json");
    let text = fs::read_to_string(&manifest).unwrap().replace("\"gone.rs\"", "\"../victim.rs\"");
    fs::write(&manifest, text).unwrap();
    fs::remove_file(project.assets().join("gone.wat")).unwrap();
    project.import();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn an_output_that_cannot_be_written_is_that_assets_error() {
    let project = Project::with(&[("bad.wat", CALC.as_bytes()), ("good.wat", CALC.as_bytes())]);
    // A folder stands where the wrapper should go.
    fs::create_dir_all(project.out().join("bad.rs/full")).unwrap();
    fs::write(project.out().join("bad.rs/full/file"), "x").unwrap();
    let report = project.import();
    assert_eq!(failure(&report).stage, Stage::Write);
    assert!(statuses(&report).contains(&("good.wat", Status::Imported)));
    let temporary =
        snapshot(&project.out()).into_keys().filter(|p| p.to_str().unwrap().contains(".wasmport-"));
    assert_eq!(temporary.count(), 0, "a temporary file was left");
}

#[test]
fn a_missing_root_and_two_roots_with_one_name_are_settings_errors() {
    let project =
        Project::with(&[("a/calc.wat", CALC.as_bytes()), ("b/calc.wat", CALC.as_bytes())]);
    let missing = wasmport_build::configure()
        .no_cache()
        .root(project.path().join("nowhere"))
        .out_dir(project.out());
    let error = missing.run(&()).unwrap_err();
    assert!(
        matches!(&error, Error::Settings { .. }) && error.to_string().contains("nowhere"),
        "{error}"
    );
    let both = wasmport_build::configure()
        .no_cache()
        .root(project.assets().join("a"))
        .root(project.assets().join("b"));
    let error = both.out_dir(project.out()).run(&()).unwrap_err();
    assert!(error.to_string().contains("two import roots hold `calc.wat`"), "{error}");
}

#[test]
fn a_file_that_no_import_wrote_is_not_overwritten() {
    let project = Project::with(&[("main.wat", CALC.as_bytes()), ("calc.wat", CALC.as_bytes())]);
    fs::create_dir(project.out()).unwrap();
    let main = project.out().join("main.rs");
    fs::write(&main, "fn main() {}").unwrap();
    let report = project.import();
    let error = failure(&report);
    assert!(error.stage == Stage::Write && error.message.contains("in the way"), "{error}");
    assert_eq!(fs::read_to_string(&main).unwrap(), "fn main() {}");
    assert!(statuses(&report).contains(&("calc.wat", Status::Imported)));

    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    fs::create_dir(project.out()).unwrap();
    fs::write(project.out().join("mod.rs"), "mod mine;").unwrap();
    assert!(project.importer().run(&()).is_err());
    assert_eq!(fs::read_to_string(project.out().join("mod.rs")).unwrap(), "mod mine;");
}

#[test]
fn a_part_of_the_assets_is_imported_and_the_rest_stays() {
    let project = Project::with(&[
        ("a.wat", CALC.as_bytes()),
        ("mods/b.wat", CALC.as_bytes()),
        ("mods/c.wat", CALC.as_bytes()),
    ]);
    project.import();
    for asset in ["a.wat", "mods/b.wat", "mods/c.wat"] {
        project.write(asset, "(module)");
    }
    let part = || project.importer().only(project.assets().join("mods/b.wat"));
    assert_eq!(statuses(&part().run_check().unwrap()), [("mods/b.wat", Status::Stale)]);
    assert_eq!(statuses(&part().run(&()).unwrap()), [("mods/b.wat", Status::Imported)]);
    assert_eq!(project.importer().run_check().unwrap().count(Status::Stale), 2);
    let folder = project.importer().only(project.assets().join("mods"));
    assert_eq!(
        statuses(&folder.run(&()).unwrap()),
        [("mods/b.wat", Status::Unchanged), ("mods/c.wat", Status::Imported)]
    );
    let error = project.importer().only(project.out()).run(&()).unwrap_err();
    assert!(error.to_string().contains("selects no asset"), "{error}");
}

#[cfg(unix)]
#[test]
fn what_was_imported_stays_where_its_source_cannot_be_reached() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("mods/b.wat", CALC.as_bytes())]);
    project.import();
    let before = project.outputs();
    fs::remove_file(project.assets().join("calc.wat")).unwrap();
    symlink("nowhere", project.assets().join("calc.wat")).unwrap();
    fs::rename(project.assets().join("mods"), project.path().join("moved")).unwrap();
    symlink(project.path().join("moved"), project.assets().join("mods")).unwrap();
    assert_eq!(project.import().count(Status::Failed), 2);
    assert_eq!(project.outputs(), before);
    assert_eq!(project.importer().run_check().unwrap().count(Status::Stale), 0);
}

#[test]
fn globs_mean_what_they_say() {
    let files = ["assets.wat", "mods/a.wat", "mods/b.wat", "mods/deep/c.wat", "old/d.wat"];
    let project = Project::new();
    files.iter().for_each(|file| project.write(file, CALC));
    let without = |glob: &str| -> Vec<String> {
        let report = project.importer().exclude(glob).run_check().unwrap();
        let found = report.assets.into_iter().filter(|a| a.name != "mod.rs");
        found.map(|asset| asset.source).collect()
    };
    assert_eq!(without("a*"), &files[1..]);
    assert_eq!(without("mods/a*"), ["assets.wat", "mods/b.wat", "mods/deep/c.wat", "old/d.wat"]);
    assert_eq!(without("mods/*.wat"), ["assets.wat", "mods/deep/c.wat", "old/d.wat"]);
    assert_eq!(without("mods/**"), ["assets.wat", "old/d.wat"]);
    assert_eq!(without("**/old/*"), &files[..4]);
}

#[test]
fn a_hostile_or_badly_merged_manifest_harms_nothing() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("other.wat", CALC.as_bytes())]);
    project.import();
    let good = project.outputs();
    let manifest = project.out().join("wasmport.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for module in ["a b", "crate", "other", "", "../up", "Calc"] {
        let hostile = text.replacen(
            "\"module\": [\n        \"calc\"",
            &format!("\"module\": [\n        \"{module}\""),
            1,
        );
        assert_ne!(hostile, text);
        fs::write(&manifest, hostile).unwrap();
        assert!(project.importer().run_check().unwrap().count(Status::Stale) > 0, "{module}");
        project.write("new.wat", CALC);
        assert_eq!(project.import().count(Status::Failed), 0, "{module}");
        fs::remove_file(project.assets().join("new.wat")).unwrap();
        project.import();
        assert_eq!(project.outputs(), good, "{module}");
    }
}

#[test]
fn output_below_an_import_root_is_no_asset() {
    for out in ["assets/generated", "assets"] {
        let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
        for status in [Status::Imported, Status::Unchanged] {
            let importer = project.importer().out_dir(project.path().join(out));
            let report = importer.target(wasmport_build::Target::SOURCE).run(&()).unwrap();
            assert_eq!(statuses(&report), [("calc.wat", status)], "{out}");
        }
    }
}
