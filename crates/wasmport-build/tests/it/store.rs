//! The store: what was done is not done again, and whatever happens to it, imports give the same.

use crate::project::{CALC, KEY, Project, asset, snapshot, statuses};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use wasmport::Digest;
use wasmport_build::{AssetSettings, Importer, Report, Stage, Status, Target};

/// Modules with functions in common.
fn project() -> Project {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    for index in 0..4 {
        project.write(&format!("mods/m{index}.wat"), module(index));
    }
    project
}

fn module(index: usize) -> String {
    format!(
        "(module {} (func (export \"own\") (result i32) i32.const {index}))",
        (0..20)
            .map(|i| format!("(func (export \"f{i}\") (param i32) (result i32) local.get 0 i32.const {i} i32.mul)"))
            .collect::<String>()
    )
}

fn importer(project: &Project) -> Importer {
    let mut packed = AssetSettings::matching("calc.wat");
    packed.compress = Some([("*".to_owned(), 3)].into());
    project.importer().target(Target::host()).target(Target::PORTABLE).asset(packed)
}

fn import(project: &Project) -> Report {
    let report = importer(project).run(&()).unwrap();
    assert_eq!(report.count(Status::Failed), 0);
    report
}

/// As in a fresh checkout.
fn forget_output(project: &Project) {
    fs::remove_dir_all(project.out()).unwrap();
}

/// How many artifacts were found, and how many were made.
fn found(report: &Report) -> (usize, usize) {
    let stages = report.assets.iter().flat_map(|asset| &asset.stages);
    let compiled: Vec<_> = stages.filter(|stage| stage.stage == Stage::Compile).collect();
    let cached = compiled.iter().filter(|stage| stage.cached).count();
    (cached, compiled.len() - cached)
}

fn entries(project: &Project, folder: &str) -> Vec<PathBuf> {
    let files =
        walkdir::WalkDir::new(project.path().join("cache").join(folder)).sort_by_file_name();
    let files = files.into_iter().filter_map(Result::ok).filter(|e| e.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).collect()
}

/// What an import gives that has no store at all.
fn expected(project: &Project) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let report = importer(project).no_cache().out_dir(folder.path()).run(&()).unwrap();
    assert_eq!(found(&report).0, 0);
    snapshot(folder.path())
}

#[test]
fn what_was_imported_once_is_found_in_another_folder() {
    let project = project();
    let first = import(&project);
    assert_eq!(found(&first), (0, 10));
    let outputs = project.outputs();
    assert_eq!(outputs, expected(&project));
    forget_output(&project);
    let again = import(&project);
    assert_eq!(statuses(&again).iter().filter(|s| s.1 == Status::Imported).count(), 5);
    assert_eq!(found(&again), (10, 0));
    assert_eq!(project.outputs(), outputs);
    let compressed = asset(&again, "calc.wat").stages.iter().filter(|s| s.stage == Stage::Compress);
    assert!(compressed.clone().count() == 2 && compressed.clone().all(|stage| stage.cached));
}

#[test]
fn every_setting_that_changes_the_bytes_is_in_the_key() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let import = |importer: Importer| {
        let folder = tempfile::tempdir().unwrap();
        let report = importer.out_dir(folder.path()).run(&()).unwrap();
        assert_eq!(report.count(Status::Failed), 0);
        (found(&report), snapshot(&folder.path().join("artifacts")))
    };
    let host = || project.importer().target(Target::host());
    let variants: [fn(Importer) -> Importer; 5] = [
        |importer| importer,
        |importer| importer.engine(wasmport_build::EngineConfig::new().fuel(true)),
        |importer| importer.engine(wasmport_build::EngineConfig::new().deterministic(false)),
        |importer| importer.engine(wasmport_build::EngineConfig::new().epoch_interruption(true)),
        |importer| importer.target(Target::PORTABLE),
    ];
    let mut all = BTreeSet::new();
    for (index, variant) in variants.iter().enumerate() {
        let (first, bytes) = import(variant(host()));
        assert_eq!(first.1, 1, "{index}: nothing is found that was made for another");
        assert_eq!(import(variant(host())), ((first.0 + 1, 0), bytes.clone()), "{index}");
        assert_eq!(import(variant(host()).no_cache()).1, bytes, "{index}");
        all.insert(bytes);
    }
    assert_eq!(all.len(), variants.len());
    // What does not change the bytes of the artifact finds it.
    assert_eq!(import(host().embed(false)).0, (1, 0));
    project.write("other/name.wat", CALC);
    assert_eq!(import(host().only(project.assets().join("other"))).0, (1, 0));
}

#[test]
fn an_edit_compiles_what_changed_and_gives_the_bytes_of_a_cold_import() {
    let project = Project::with(&[("mod.wat", module(1).as_bytes())]);
    import(&project);
    // Everything after it moves.
    let longer =
        module(1).replacen("i32.const 3 i32.mul", "i32.const 77 i32.add i32.const 5 i32.xor", 1);
    let longer = longer.replacen("(module", "(module (memory 1) (data (i32.const 5) \"moved\")", 1);
    project.write("mod.wat", longer);
    assert_eq!(found(&import(&project)), (0, 2));
    assert_eq!(project.outputs(), expected(&project));
    // Back again: not the functions, all of it is there.
    project.write("mod.wat", module(1));
    assert_eq!(found(&import(&project)), (2, 0));
}

/// Damages every entry that `which` selects, one import for each, and compares.
fn survives(damage: impl Fn(&Path, &[u8]), folder: &str) {
    let project = project();
    import(&project);
    let good = expected(&project);
    let all = entries(&project, folder);
    let mut noticed = 0;
    for path in all {
        let bytes = fs::read(&path).unwrap();
        damage(&path, &bytes);
        forget_output(&project);
        let report = import(&project);
        assert_eq!(project.outputs(), good, "{}", path.display());
        // Nobody looks at the functions of an artifact that is there.
        let is_noticed = found(&report) != (10, 0);
        assert!(!is_noticed || !report.warnings.is_empty());
        assert!(report.warnings.iter().all(|warning| warning.contains("moved to the quarantine")));
        noticed += usize::from(is_noticed);
    }
    assert!(noticed >= 10, "{noticed} of {}", entries(&project, folder).len());
}

#[test]
fn fault_34_flipped_and_truncated_entries_are_misses() {
    for folder in ["blobs", "records"] {
        survives(
            |path, bytes| {
                let mut flipped = bytes.to_vec();
                flipped[bytes.len() / 2] ^= 1;
                fs::write(path, flipped).unwrap();
            },
            folder,
        );
        survives(|path, bytes| fs::write(path, &bytes[..bytes.len() / 2]).unwrap(), folder);
    }
}

#[test]
fn fault_25_empty_files_after_a_loss_of_power_are_misses() {
    survives(|path, _| fs::write(path, "").unwrap(), "blobs");
    survives(|path, _| fs::write(path, "").unwrap(), "records");
}

#[test]
fn a_damaged_entry_is_put_aside_and_made_again() {
    let project = project();
    import(&project);
    for path in entries(&project, "blobs") {
        fs::write(path, "not what its name says").unwrap();
    }
    forget_output(&project);
    let report = import(&project);
    assert_eq!(found(&report), (0, 10));
    assert!(!report.warnings.is_empty());
    assert!(!entries(&project, "quarantine").is_empty());
    forget_output(&project);
    let report = import(&project);
    assert_eq!((found(&report), report.warnings.len()), ((10, 0), 0));
}

#[test]
fn fault_35_and_38_swapped_blobs_and_records_are_misses() {
    let swap = |paths: &[PathBuf]| {
        let (a, b) = (&paths[0], &paths[1]);
        let (in_a, in_b) = (fs::read(a).unwrap(), fs::read(b).unwrap());
        fs::write(a, in_b).unwrap();
        fs::write(b, in_a).unwrap();
    };
    for folder in ["blobs", "records/artifact-2"] {
        let project = project();
        import(&project);
        let good = project.outputs();
        for pair in entries(&project, folder).chunks_exact(2) {
            swap(pair);
        }
        forget_output(&project);
        let report = import(&project);
        assert!(found(&report).1 >= 8, "{folder}: {:?}", found(&report));
        assert_eq!(project.outputs(), good);
        assert!(report.warnings.iter().all(|warning| warning.contains("moved to the quarantine")));
    }
}

/// A record's line as JSON, and its hash.
fn record(path: &Path) -> (serde_json::Value, String) {
    let text = fs::read_to_string(path).unwrap();
    let (line, hash) = text.split_once('\n').unwrap();
    (serde_json::from_str(line).unwrap(), hash.trim().to_owned())
}

/// What `cargo wasmport` hashes for a record, with a key of the attacker's.
fn hash_by(key: [u8; 32], bucket: &str, line: &serde_json::Value, text: &str) -> String {
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&(bucket.len() as u64).to_le_bytes()).update(bucket.as_bytes());
    let name = Digest::from_hex(line["key"].as_str().unwrap()).unwrap();
    let derived = *hasher.update(name.as_bytes()).finalize().as_bytes();
    blake3::keyed_hash(&derived, text.as_bytes()).to_string()
}

/// The forgeries of a record by someone who can write to the folder and has no key: each is well-formed.
fn forgeries(bucket: &str, line: &serde_json::Value, hash: &str) -> Vec<String> {
    let (text, mut stranger) = (line.to_string(), line.clone());
    stranger["by"] = "0123456789abcdef".into();
    let stranger = stranger.to_string();
    [
        (text.clone(), hash.to_owned()),
        (text.clone(), Digest::of(text.as_bytes()).to_string()),
        (text.clone(), hash_by([0; 32], bucket, line, &text)),
        (stranger.clone(), hash_by([8; 32], bucket, line, &stranger)),
    ]
    .map(|(line, hash)| format!("{line}\n{hash}\n"))
    .into()
}

#[test]
fn fault_35_forged_records_ship_no_code_of_another_asset() {
    for bucket in ["artifact-2", "compressed-2", "functions-2"] {
        for index in 0..4 {
            let project = project();
            import(&project);
            let good = project.outputs();
            let records = entries(&project, &format!("records/{bucket}"));
            for pair in records.chunks_exact(2) {
                let (one, two) = (record(&pair[0]), record(&pair[1]));
                for (path, own, other) in [(&pair[0], &one, &two), (&pair[1], &two, &one)] {
                    let mut line = own.0.clone();
                    // The blob is intact, and is another result of the same kind.
                    line["blob"] = other.0["blob"].clone();
                    line["len"] = other.0["len"].clone();
                    fs::write(path, &forgeries(bucket, &line, &own.1)[index]).unwrap();
                }
            }
            if bucket == "functions-2" {
                fs::remove_dir_all(project.path().join("cache/records/artifact-2")).unwrap();
            }
            forget_output(&project);
            let report = import(&project);
            assert_eq!(project.outputs(), good, "{bucket} {index}");
            let text = if index < 3 { "moved to the quarantine" } else { "with another key" };
            let warnings = &report.warnings;
            assert!(
                !warnings.is_empty() && warnings.iter().all(|w| w.contains(text)),
                "{warnings:?}"
            );
        }
    }
}

#[test]
fn fault_35_the_same_forgery_with_the_key_succeeds() {
    let project = project();
    import(&project);
    let good = project.outputs();
    let records = entries(&project, "records/artifact-2");
    let (one, two) = (record(&records[0]), record(&records[1]));
    let mut line = one.0.clone();
    line["blob"] = two.0["blob"].clone();
    line["len"] = two.0["len"].clone();
    let text = line.to_string();
    let hash = hash_by(KEY, "artifact-2", &line, &text);
    fs::write(&records[0], format!("{text}\n{hash}\n")).unwrap();
    forget_output(&project);
    let report = import(&project);
    // So the other test fails if hashes are not compared.
    assert!(report.warnings.is_empty() && project.outputs() != good, "{:?}", report.warnings);
}

#[test]
fn fault_75_a_store_by_another_user_is_computed_again_unless_it_is_trusted() {
    let project = project();
    import(&project);
    let good = project.outputs();
    let other = project.path().join("other-key");
    fs::write(&other, "ab".repeat(32)).unwrap();
    let by_other = || {
        let mut cache = project.cache();
        cache.key_file = Some(other.clone());
        importer(&project).cache(cache)
    };
    forget_output(&project);
    let trusted = by_other().trust_cache().run(&()).unwrap();
    assert_eq!((found(&trusted), trusted.warnings.len()), ((10, 0), 0), "{:?}", trusted.warnings);
    let verified = by_other().cache_folder().unwrap().verify().unwrap();
    assert!(verified.other_key >= 10 && verified.damaged.is_empty(), "{verified:?}");
    forget_output(&project);
    let report = by_other().run(&()).unwrap();
    let folder = project.path().join("cache").display().to_string();
    assert_eq!((found(&report), report.warnings.len()), ((0, 10), 1), "{:?}", report.warnings);
    assert!(
        report.warnings[0].contains("with another key") && report.warnings[0].contains(&folder)
    );
    assert_eq!(project.outputs(), good);
    assert!(entries(&project, "quarantine").is_empty(), "another key is no damage");
    forget_output(&project);
    let again = by_other().run(&()).unwrap();
    assert_eq!((found(&again), again.warnings.len()), ((10, 0), 0), "{:?}", again.warnings);
}

#[test]
fn fault_77_a_key_that_is_missing_or_malformed_turns_the_cache_off() {
    let project = project();
    for text in [None, Some(""), Some("12345"), Some("not a key")] {
        let path = project.path().join("broken-key");
        match text {
            None => _ = fs::remove_file(&path),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        let mut cache = project.cache();
        cache.key_file = Some(path);
        let report = importer(&project).cache(cache).run(&()).unwrap();
        assert_eq!((found(&report), report.warnings.len()), ((0, 10), 1), "{:?}", report.warnings);
        let warning = &report.warnings[0];
        assert!(warning.contains("the cache key") && warning.contains("broken-key"), "{warning}");
        forget_output(&project);
    }
    assert!(entries(&project, "records").is_empty());
}

#[test]
fn fault_29_entries_that_are_edited_in_place_are_misses() {
    let project = project();
    import(&project);
    let good = project.outputs();
    let all = [entries(&project, "records"), entries(&project, "blobs")].concat();
    let all: Vec<_> = all.into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| {
            for _ in 0..5 {
                forget_output(&project);
                import(&project);
                assert_eq!(project.outputs(), good);
            }
        });
        while !importing.is_finished() {
            for (bytes, path) in &all {
                // The file is there with its first bytes only, then wrong, then right again.
                let mut wrong = bytes.clone();
                wrong[bytes.len() / 2] ^= 1;
                let _ = fs::write(path, wrong);
                let _ = fs::write(path, bytes);
            }
        }
        importing.join().unwrap();
    });
    forget_output(&project);
    import(&project);
    assert_eq!(project.outputs(), good);
}

#[test]
fn fault_37_records_to_absent_blobs_are_misses() {
    let project = project();
    import(&project);
    fs::remove_dir_all(project.path().join("cache/blobs")).unwrap();
    forget_output(&project);
    let report = import(&project);
    assert_eq!((found(&report), report.warnings.len()), ((0, 10), 0));
    assert_eq!(project.outputs(), expected(&project));
}

#[test]
fn fault_32_junk_is_ignored_and_never_deleted() {
    let project = project();
    let cache = project.path().join("cache");
    import(&project);
    let digest = "a".repeat(64);
    let junk = [
        "notes.txt",
        "blobs/readme",
        "blobs/zz/short",
        &format!("blobs/00/{digest}"),
        "records/unknown/file",
        "leases/mine",
        "state/mine",
        "tmp/mine",
        "quarantine/mine",
    ];
    for path in junk {
        fs::create_dir_all(cache.join(path).parent().unwrap()).unwrap();
        fs::write(cache.join(path), "mine").unwrap();
    }
    forget_output(&project);
    assert_eq!(found(&import(&project)), (10, 0));
    let folder = importer(&project).cache_folder().unwrap();
    assert!(folder.verify().unwrap().damaged.is_empty());
    folder.clear().unwrap();
    let left: Vec<_> = entries(&project, "").iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(left, vec![b"mine".to_vec(); junk.len()]);
}

#[test]
fn fault_51_entries_of_an_older_or_newer_tool_are_neither_read_nor_removed() {
    let project = project();
    import(&project);
    let records = project.path().join("cache/records");
    for other in ["artifact-0", "artifact-3"] {
        fs::rename(records.join("artifact-2"), records.join(other)).unwrap();
        forget_output(&project);
        let report = import(&project);
        assert_eq!((found(&report), report.warnings.len()), ((0, 10), 0));
    }
    importer(&project).cache_folder().unwrap().clear().unwrap();
    assert_eq!(entries(&project, "records/artifact-0").len(), 10);
    assert_eq!(entries(&project, "records/artifact-3").len(), 10);
}

/// A folder that cannot be one.
fn unusable(project: &Project) -> Importer {
    let path = project.path().join("file");
    fs::write(&path, "").unwrap();
    let mut cache = project.cache();
    cache.dir = Some(path.join("cache"));
    importer(project).cache(cache)
}

#[test]
fn fault_21_a_cache_that_cannot_be_used_is_one_warning() {
    let project = project();
    let report = unusable(&project).run(&()).unwrap();
    assert_eq!((found(&report), report.warnings.len()), ((0, 10), 1), "{:?}", report.warnings);
    assert!(
        report.warnings[0].contains("the import continues without it"),
        "{:?}",
        report.warnings
    );
    assert_eq!(project.outputs(), expected(&project));
}

#[test]
fn fault_22_entries_that_cannot_be_read_or_replaced_are_one_warning() {
    let project = project();
    import(&project);
    // Folders in the place of entries: whoever runs the tests, they can be neither read nor replaced.
    for path in entries(&project, "records").iter().chain(&entries(&project, "blobs")) {
        fs::remove_file(path).unwrap();
        fs::create_dir_all(path.join("in the way")).unwrap();
    }
    forget_output(&project);
    let report = import(&project);
    assert_eq!((found(&report), report.warnings.len()), ((0, 10), 1), "{:?}", report.warnings);
    assert_eq!(project.outputs(), expected(&project));
}

#[test]
fn fault_31_a_cache_that_goes_during_an_import_loses_nothing() {
    let project = project();
    let good = expected(&project);
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| {
            (0..10)
                .map(|_| {
                    let report = import(&project);
                    forget_output(&project);
                    report.warnings
                })
                .collect::<Vec<_>>()
        });
        while !importing.is_finished() {
            let _ = fs::remove_dir_all(project.path().join("cache"));
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        for warnings in importing.join().unwrap() {
            assert!(warnings.len() <= 1, "{warnings:?}");
        }
    });
    import(&project);
    assert_eq!(project.outputs(), good);
}

#[test]
fn fault_31_outputs_that_go_during_an_import_are_made_again() {
    let project = project();
    let good = expected(&project);
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| {
            let run = |_| importer(&project).run(&());
            (0..10).map(run).filter_map(Result::ok).count()
        });
        while !importing.is_finished() {
            let _ = fs::remove_dir_all(project.out().join("artifacts"));
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        // Those that found their folder gone twice say so; none panicked.
        assert!(importing.join().unwrap() > 0);
    });
    import(&project);
    assert_eq!(project.outputs(), good);
}

#[test]
fn fault_26_eight_importers_at_once_share_a_store() {
    let project = project();
    let good = expected(&project);
    for round in 0..3 {
        let folders: Vec<_> = (0..8).map(|_| tempfile::tempdir().unwrap()).collect();
        std::thread::scope(|scope| {
            for folder in &folders {
                scope.spawn(|| {
                    let report = importer(&project).out_dir(folder.path()).run(&()).unwrap();
                    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
                });
            }
        });
        for folder in &folders {
            assert_eq!(snapshot(folder.path()), good, "round {round}");
        }
    }
    assert!(entries(&project, "tmp").is_empty() && entries(&project, "leases").is_empty());
}

#[test]
fn the_cache_stays_as_small_as_it_is_to_be_and_keeps_what_was_used_last() {
    let project = project();
    import(&project);
    let folder = importer(&project).cache_folder().unwrap();
    let stats = folder.stats().unwrap();
    assert_eq!(stats.records["artifact-2"], 10);
    assert_eq!(stats.running, 0);
    // All but what one asset needs was used long ago.
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for path in entries(&project, "blobs").iter().chain(&entries(&project, "records")) {
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    forget_output(&project);
    let one = || importer(&project).only(project.assets().join("mods/m1.wat"));
    assert_eq!(found(&one().run(&()).unwrap()), (2, 0));
    let removed = folder.prune(Some(stats.bytes / 2)).unwrap();
    assert!(removed.entries > 0 && removed.bytes >= stats.bytes / 2 - 1, "{removed:?}");
    assert!(folder.stats().unwrap().bytes <= stats.bytes / 2);
    forget_output(&project);
    assert_eq!(found(&one().run(&()).unwrap()), (2, 0));
    assert!(folder.verify().unwrap().damaged.is_empty());
    // By itself at the end of an import that adds to it; what that import used stays.
    import(&project);
    project.write("mods/m1.wat", "(module)");
    let mut small = project.cache();
    small.max_mib = Some(0);
    one().cache(small).run(&()).unwrap();
    assert_eq!(folder.stats().unwrap().records["artifact-2"], 2);
    assert_eq!(project.outputs(), expected(&project));
    folder.clear().unwrap();
    assert_eq!(folder.stats().unwrap().bytes, 0);
}

#[test]
fn settings_choose_the_cache() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let import = |text: &str| {
        let report = project.configured(text).run(&()).unwrap();
        forget_output(&project);
        found(&report)
    };
    assert_eq!(import("[cache]\nenabled = false\n"), (0, 1));
    assert!(!project.path().join("cache").exists());
    assert_eq!(import("[cache]\ndir = \"mine\"\nmax-mib = 10\n"), (0, 1));
    assert_eq!(import("[cache]\ndir = \"mine\"\n"), (1, 0));
    assert!(project.path().join("mine/blobs").is_dir());
    let error = project.settings("[cache]\nmax-mb = 1\n").unwrap_err().to_string();
    assert!(error.contains("max-mib") && error.contains("line 2, column 1"), "{error}");
}
