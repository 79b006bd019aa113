//! Files and folders that are in the way, change, or lead elsewhere.

use crate::project::{CALC, Project, failure, snapshot, statuses};
use std::fs;
use std::path::MAIN_SEPARATOR_STR;
use std::time::{Duration, SystemTime};
use wasmport_build::{Error, Importer, Settings, Stage, Status, configure};

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

    let report = project.importer().symlinks(wasmport_build::Symlinks::Follow).run(&()).unwrap();
    assert_eq!(report.count(Status::Failed), 0);
    assert!(statuses(&report).contains(&("folder/secret.wat", Status::Imported)));
}

#[cfg(unix)]
#[test]
fn fault_18_links_of_links_and_around_the_root_are_links_too() {
    use std::os::unix::fs::symlink;
    let project =
        Project::with(&[("good.wat", CALC.as_bytes()), ("sub/deep.wat", CALC.as_bytes())]);
    // A folder whose name begins like that of the root is not inside.
    fs::create_dir(project.path().join("assets-of-others")).unwrap();
    fs::write(project.path().join("assets-of-others/secret.wat"), CALC).unwrap();
    let secret = project.path().join("assets-of-others/secret.wat");
    for (target, link) in [
        ("../../assets-of-others/secret.wat", "sub/up.wat"),
        ("up.wat", "sub/chain.wat"),
        ("sub/../../assets-of-others", "around"),
        ("/proc/self/root/etc", "proc"),
        (secret.to_str().unwrap(), "absolute.wasm"),
    ] {
        symlink(target, project.assets().join(link)).unwrap();
    }
    symlink("../sub/deep.wat", project.assets().join("sub/inside.wat")).unwrap();
    let refused = |report: &wasmport_build::Report| {
        let failures = report.failures().map(|(asset, error)| {
            assert_eq!(error.stage, Stage::Discover, "{error}");
            assert!(error.message.contains("leaves the import root"), "{error}");
            asset.source.clone()
        });
        failures.collect::<Vec<_>>()
    };
    let report = project.import();
    let expected = ["absolute.wasm", "around", "proc", "sub/chain.wat", "sub/up.wat"];
    assert_eq!(refused(&report), expected);
    assert_eq!(report.count(Status::Imported), 3, "{:?}", statuses(&report));
    // A root that is a link itself is what it leads to, and a root that is one file is its folder's.
    symlink(project.assets(), project.path().join("linked")).unwrap();
    let linked =
        configure().root(project.path().join("linked")).out_dir(project.path().join("out2"));
    assert_eq!(refused(&linked.no_cache().run(&()).unwrap()), expected);
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
    let report = project.importer().symlinks(wasmport_build::Symlinks::Follow).run(&()).unwrap();
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

/// Each import is of another part of the project, and loses nothing of the others.
#[test]
fn fault_26_imports_of_different_parts_at_once_lose_nothing() {
    let project = Project::new();
    let parts = ["a", "b", "c", "d"];
    let importer = || project.configured("").update_lock();
    for round in 0..6 {
        for part in parts {
            project.write(
                &format!("{part}/one.wat"),
                format!("(module (func (export \"f{round}\")))"),
            );
            project.write(
                &format!("{part}/two.wat"),
                format!("(module (func (export \"g{round}\")))"),
            );
        }
        std::thread::scope(|scope| {
            for part in parts {
                let path = project.assets().join(part);
                scope.spawn(move || {
                    let report = importer().only(path).run(&()).unwrap();
                    assert_eq!((report.count(Status::Imported), report.warnings.len()), (2, 0));
                });
            }
        });
        let checked = project.configured("").locked().run_check().unwrap();
        assert_eq!(checked.count(Status::Unchanged), 8, "{:?}", checked.assets);
        assert_eq!(checked.assets.len(), 8);
        assert_eq!(importer().run(&()).unwrap().count(Status::Unchanged), 8);
    }
}

/// Imports into other folders share the lock file alone.
#[test]
fn fault_26_imports_into_different_folders_share_the_lock_file() {
    let project = Project::new();
    let parts = ["a", "b", "c", "d"];
    for round in 0..6 {
        for part in parts {
            let text = format!("(module (func (export \"f{round}\")))");
            project.write(&format!("{part}/one.wat"), text);
        }
        let _ = project.configured("");
        std::thread::scope(|scope| {
            for part in parts {
                let settings = Settings::from_file(&project.path().join("wasmport.toml")).unwrap();
                let importer = Importer::new(settings).cache(project.cache()).update_lock();
                let importer = importer.only(project.assets().join(part));
                let importer = importer.out_dir(project.path().join("out").join(part));
                scope.spawn(move || assert_eq!(importer.run(&()).unwrap().warnings, [""; 0]));
            }
        });
        let lock = fs::read_to_string(project.path().join("wasmport.lock")).unwrap();
        assert_eq!(lock.matches("[[asset]]").count(), 4, "{lock}");
        for part in parts {
            let digest = wasmport::Digest::of(
                &fs::read(project.assets().join(part).join("one.wat")).unwrap(),
            );
            assert!(lock.contains(&digest.to_string()), "{part} is of an earlier round: {lock}");
        }
    }
}

#[test]
fn fault_25_an_empty_lock_file_is_refused_and_not_believed() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let importer = || project.configured("").update_lock();
    importer().run(&()).unwrap();
    let lock = project.path().join("wasmport.lock");
    let good = fs::read(&lock).unwrap();
    for damage in [&b""[..], &vec![0; good.len()], &good[..good.len() / 2]] {
        fs::write(&lock, damage).unwrap();
        for importer in [importer(), project.configured("").locked()] {
            let error = importer.run(&()).unwrap_err();
            assert!(matches!(error, Error::Lock { .. }), "{error}");
            assert!(error.to_string().contains("restore it from the last commit"), "{error}");
        }
    }
    fs::write(&lock, &good).unwrap();
    assert_eq!(importer().run(&()).unwrap().count(Status::Unchanged), 1);
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
                let rename = || fs::rename(&temporary, project.assets().join("live.wat"));
                let mut renamed = rename();
                // Windows replaces no file that is open.
                while cfg!(windows) && renamed.is_err() {
                    renamed = rename();
                }
                renamed.unwrap();
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
    let missing =
        configure().no_cache().root(project.path().join("nowhere")).out_dir(project.out());
    let error = missing.run(&()).unwrap_err();
    assert!(
        matches!(&error, Error::Settings { .. }) && error.to_string().contains("nowhere"),
        "{error}"
    );
    let both =
        configure().no_cache().root(project.assets().join("a")).root(project.assets().join("b"));
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

/// The path of the only artifact of the only asset of a project, below the output folder.
fn artifact(project: &Project) -> String {
    let manifest = project.manifest();
    manifest["assets"]["calc"]["artifacts"][0]["path"].as_str().unwrap().to_owned()
}

#[test]
fn fault_69_a_file_of_the_user_at_the_path_of_an_old_output_stays() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let artifact = artifact(&project);
    fs::remove_file(project.assets().join("calc.wat")).unwrap();
    fs::write(project.out().join("calc.rs"), "pub fn mine() {}").unwrap();
    let generated = fs::read_to_string(project.out().join("mod.rs")).unwrap();
    fs::write(project.out().join(&artifact), &generated).unwrap();
    let report = project.import();
    assert_eq!(report.removed, ["calc.wat"]);
    let [first, second] = report.warnings.as_slice() else { panic!("{:?}", report.warnings) };
    let path = project.out().join(&artifact).display().to_string().replace('/', MAIN_SEPARATOR_STR);
    assert!(first.contains(&path) && first.contains("stays"), "{first}");
    assert!(second.contains("calc.rs") && second.contains("changed"), "{second}");
    assert_eq!(fs::read_to_string(project.out().join("calc.rs")).unwrap(), "pub fn mine() {}");
    assert_eq!(fs::read_to_string(project.out().join(artifact)).unwrap(), generated);
    assert!(project.import().warnings.is_empty(), "they are no outputs any more");
}

#[test]
fn fault_69_files_that_no_import_wrote_are_not_replaced() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let artifact = artifact(&project);
    for imports_before in [false, true] {
        for path in ["calc.rs", artifact.as_str(), "mod.rs", "wasmport.json"] {
            let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
            if imports_before {
                project.import();
            }
            let mine = project.out().join(path);
            fs::create_dir_all(mine.parent().unwrap()).unwrap();
            fs::write(&mine, "mine").unwrap();
            let message = match project.importer().run(&()) {
                Ok(report) => {
                    assert_eq!(failure(&report).stage, Stage::Write);
                    failure(&report).to_string()
                }
                Err(error) => error.to_string(),
            };
            assert!(
                message.contains("no import wrote it") && message.contains("move it"),
                "{message}"
            );
            let shown = mine.display().to_string().replace('/', MAIN_SEPARATOR_STR);
            assert!(message.contains(&shown), "{message}");
            assert_eq!(fs::read_to_string(&mine).unwrap(), "mine", "{path}");
            fs::remove_file(&mine).unwrap();
            assert_eq!(project.import().count(Status::Failed), 0, "{path}");
        }
    }
}

#[test]
fn fault_69_a_manifest_names_nothing_that_no_import_writes() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let artifact = artifact(&project);
    let manifest = project.out().join("wasmport.json");
    let good = fs::read_to_string(&manifest).unwrap();
    fs::remove_file(project.assets().join("calc.wat")).unwrap();
    for hostile in ["notes.cwasm", "artifacts/notes.txt", "../notes", "artifacts/calc/../notes"] {
        // Even with the digest of the file.
        let notes = project.out().join(hostile);
        fs::create_dir_all(project.out().join("artifacts/calc")).unwrap();
        fs::copy(project.out().join(&artifact), &notes).unwrap();
        fs::write(&manifest, good.replace(&artifact, hostile)).unwrap();
        project.import();
        assert!(notes.exists(), "{hostile}");
        fs::remove_file(notes).unwrap();
    }
    let main = project.out().join("main.rs");
    fs::copy(project.out().join("calc.rs"), &main).unwrap();
    let digest = wasmport::Digest::of(&fs::read(&main).unwrap());
    let tree = format!("\"tree\": {{\n    \"main.rs\": \"{digest}\",");
    let hostile = good.replace("\"tree\": {", &tree);
    assert_ne!(hostile, good);
    fs::write(&manifest, hostile).unwrap();
    project.import();
    assert!(main.exists());
}

#[test]
fn fault_69_only_unfinished_files_of_imports_are_removed() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("mods/b.wat", CALC.as_bytes())]);
    project.import();
    let write = |path: &str| {
        let path = project.out().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        path
    };
    let ours =
        [".wasmport-a1B2c3", "artifacts/.wasmport-a1B2c3", "mods/.wasmport-a1B2c3"].map(write);
    let others = [
        ".wasmport-notes",
        ".wasmport-a1B2c3.txt",
        "other/.wasmport-a1B2c3",
        "mods/deep/.wasmport-a1B2c3",
    ];
    let others = others.map(write);
    project.write("calc.wat", "(module)");
    project.import();
    assert!(ours.iter().all(|path| !path.exists()));
    assert!(others.iter().all(|path| path.exists()));
}

#[cfg(unix)]
#[test]
fn fault_70_nothing_is_written_or_removed_through_links() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("mods/b.wat", CALC.as_bytes())]);
    project.import();
    let artifact = artifact(&project);
    let elsewhere = project.path().join("elsewhere");
    // Outputs were moved elsewhere, and links lead there.
    fs::rename(project.out().join("mods"), &elsewhere).unwrap();
    symlink(&elsewhere, project.out().join("mods")).unwrap();
    fs::rename(project.out().join(&artifact), elsewhere.join("artifact")).unwrap();
    symlink(elsewhere.join("artifact"), project.out().join(&artifact)).unwrap();
    fs::write(elsewhere.join(".wasmport-a1B2c3"), "").unwrap();
    let before = snapshot(&elsewhere);

    project.write("calc.wat", "(module)");
    project.write("mods/b.wat", "(module)");
    let report = project.importer().run(&()).unwrap();
    let errors: Vec<String> = report.failures().map(|(_, error)| error.to_string()).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    let says =
        |error: &String| error.contains("is a symbolic link") && error.contains("remove the link");
    assert!(errors.iter().all(says), "{errors:?}");
    assert_eq!(snapshot(&elsewhere), before);

    for asset in ["calc.wat", "mods/b.wat"] {
        fs::remove_file(project.assets().join(asset)).unwrap();
    }
    let report = project.importer().run(&()).unwrap();
    let links = report.warnings.iter().filter(|warning| warning.contains("is a symbolic link"));
    assert_eq!(links.count(), 3, "wrapper, tree and artifact: {:?}", report.warnings);
    assert_eq!(snapshot(&elsewhere), before);
}

#[cfg(unix)]
#[test]
fn fault_70_lock_files_are_no_links() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    fs::create_dir(project.out()).unwrap();
    let precious = project.path().join("precious");
    fs::write(&precious, "").unwrap();
    let lock = project.out().join(".wasmport-import");
    symlink(&precious, &lock).unwrap();
    let error = project.importer().run(&()).unwrap_err();
    assert!(matches!(error, Error::Occupied { .. }), "{error}");
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "mine").unwrap();
    assert!(project.importer().run(&()).is_err());
    assert_eq!(fs::read_to_string(&lock).unwrap(), "mine");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn fault_73_outputs_and_project_files_that_became_devices_are_not_read() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let importer = || project.configured("").update_lock();
    importer().run(&()).unwrap();
    let artifact = artifact(&project);
    let pipe = project.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for target in [std::path::Path::new("/dev/zero"), &pipe] {
        for path in ["calc.rs", artifact.as_str(), "mod.rs", "wasmport.json", "../wasmport.lock"] {
            let path = project.out().join(path);
            let saved = project.path().join("saved");
            fs::rename(&path, &saved).unwrap();
            symlink(target, &path).unwrap();
            let checked = importer().locked().run_check().map(|report| report.count(Status::Stale));
            assert!(checked.as_ref().map_or(true, |stale| *stale > 0), "{path:?}: {checked:?}");
            let imported = importer().run(&()).map(|report| report.count(Status::Failed));
            assert!(imported.as_ref().map_or(true, |failed| *failed > 0), "{path:?}: {imported:?}");
            fs::remove_file(&path).unwrap();
            fs::rename(&saved, &path).unwrap();
        }
        let error = Settings::from_file(target).unwrap_err().to_string();
        assert!(error.contains("it is not a regular file"), "{error}");
    }
    assert_eq!(importer().run(&()).unwrap().count(Status::Unchanged), 1);
}

/// The error of an asset with these settings.
#[cfg(unix)]
fn refused(project: &Project, settings: &str) -> String {
    let text = format!("[import]\nroots = [\"assets\"]\n[defaults]\n{settings}\n");
    failure(&project.configured(&text).run(&()).unwrap()).to_string()
}

#[cfg(unix)]
#[test]
fn fault_73_trees_without_end_pipes_and_links_in_worlds_are_refused() {
    use std::os::unix::fs::symlink;
    let project = Project::with(&[("it.wat", b"(component)")]);
    let wit = project.path().join("wit");
    fs::create_dir(&wit).unwrap();
    fs::write(wit.join("w.wit"), "package a:b; world w {}").unwrap();
    let import = |more: &str| {
        let text = format!("{more}[defaults]\nworld = \"wit\"\n");
        project.configured(&text).run(&()).unwrap().count(Status::Failed)
    };
    assert_eq!(import(""), 0);
    let outside = project.path().join("c.wit");
    fs::write(&outside, "package c:d; interface e {}").unwrap();
    fs::create_dir(wit.join("deps")).unwrap();
    symlink(&outside, wit.join("deps/c.wit")).unwrap();
    let error = refused(&project, "world = \"wit\"");
    assert!(
        error.contains("c.wit") && error.contains("the symbolic link leaves the folder"),
        "{error}"
    );
    assert_eq!(import("[import]\nsymlinks = \"follow\"\n"), 0);
    fs::remove_dir_all(wit.join("deps")).unwrap();

    assert!(
        std::process::Command::new("mkfifo").arg(wit.join("x.wit")).status().unwrap().success()
    );
    let error = refused(&project, "world = \"wit\"");
    assert!(error.contains("x.wit") && error.contains("it is not a regular file"), "{error}");
    fs::remove_file(wit.join("x.wit")).unwrap();

    let deep = "d/".repeat(70);
    fs::create_dir_all(wit.join(deep)).unwrap();
    let error = refused(&project, "world = \"wit\"");
    assert!(error.contains("more than 64 folders in each other"), "{error}");
}

#[cfg(all(unix, feature = "preinit"))]
#[test]
fn fault_73_trees_without_end_pipes_and_links_for_initializations_are_refused() {
    use std::os::unix::fs::symlink;
    let module = "(module (memory 1) (func (export \"init\")) (func (export \"f\")))";
    let project = Project::with(&[("it.wat", module.as_bytes())]);
    let data = project.path().join("data");
    fs::create_dir(&data).unwrap();
    let settings =
        "preinit.init = \"init\"\npreinit.wasi = true\npreinit.dirs = { \"/\" = \"data\" }";
    let importer = || project.configured(&format!("[defaults]\n{settings}\n"));
    let status = || importer().run(&()).unwrap().assets[0].status;
    // No guest can follow a link out of its folder: nobody reads the whole system. A folder that is linked
    // twice at each of many levels is not walked as often as there are ways.
    symlink("/", data.join("root")).unwrap();
    for level in 0..40 {
        let folder = data.join(format!("level{level}"));
        fs::create_dir(&folder).unwrap();
        for name in ["a", "b"] {
            symlink(format!("../level{}", level + 1), folder.join(name)).unwrap();
        }
    }
    assert_eq!([status(), status()], [Status::Imported, Status::Unchanged]);
    // Another target is another tree.
    fs::remove_file(data.join("root")).unwrap();
    symlink("/usr", data.join("root")).unwrap();
    assert_eq!(status(), Status::Imported);

    let pipe = data.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = refused(&project, settings);
    assert!(error.contains("data/pipe") && error.contains("it is not a regular file"), "{error}");
    let stdin = "preinit.init = \"init\"\npreinit.wasi = true\npreinit.stdin = \"data/pipe\"";
    let error = refused(&project, stdin);
    assert!(error.contains("it is not a regular file"), "{error}");
    fs::remove_file(pipe).unwrap();
    // A file of a terabyte takes no place.
    fs::File::create(data.join("large")).unwrap().set_len(1 << 40).unwrap();
    let error = refused(&project, settings);
    assert!(error.contains("more than 16 GiB"), "{error}");
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
