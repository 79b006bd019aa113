//! What a run knows of files from the one before: what it need not read, and what it notices all the
//! same.

use crate::project::{CALC, KEY, Project, statuses};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use wasmport::Digest;
use wasmport_build::{Importer, Report, Status};

/// Times of files are coarse: after so long no change can go unnoticed.
const SETTLED: Duration = Duration::from_millis(3_100);

/// A project whose last import has learned all that there is to know.
fn learned() -> Project {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("mods/empty.wat", b"(module)")]);
    import(&project);
    assert_eq!(states(&project).len(), 0, "what was just written is not trusted");
    std::thread::sleep(SETTLED);
    // What follows from files is known before them.
    for _ in 0..2 {
        assert_eq!(import(&project).count(Status::Unchanged), 2);
    }
    assert_eq!(states(&project).len(), 1);
    project
}

fn importer(project: &Project) -> Importer {
    project.configured("")
}

fn import(project: &Project) -> Report {
    let report = importer(project).update_lock().run(&()).unwrap();
    assert_eq!(report.count(Status::Failed), 0);
    report
}

fn states(project: &Project) -> Vec<PathBuf> {
    let folder = fs::read_dir(project.path().join("cache/state"));
    folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// Where the bytes of a state begin that its digest, which stands before them, is of.
const BODY: usize = 48;

/// Makes the state say, for a file that has not changed, that its content is another.
fn poison(project: &Project, path: &Path) {
    let state = states(project).remove(0);
    let mut bytes = fs::read(&state).unwrap();
    // A null behind the path marks the digest of the content.
    let path = [path.to_str().unwrap().as_bytes(), b"\0"].concat();
    // Windows has two separators.
    let plain = |byte: &u8| if *byte == b'\\' { b'/' } else { *byte };
    let is_path = |window: &[u8]| window.iter().map(plain).eq(path.iter().map(plain));
    let at = bytes.windows(path.len()).position(is_path).unwrap();
    // After the path and seven numbers.
    bytes[at + path.len() + 56] ^= 1;
    authenticate(&state, &mut bytes, KEY);
    fs::write(state, bytes).unwrap();
}

/// Writes the hash of a state with a key.
fn authenticate(state: &Path, bytes: &mut [u8], key: [u8; 32]) {
    let project = Digest::from_hex(state.file_name().unwrap().to_str().unwrap()).unwrap();
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&5_u64.to_le_bytes()).update(b"state").update(project.as_bytes());
    let hash = blake3::keyed_hash(hasher.finalize().as_bytes(), &bytes[BODY..]);
    bytes[BODY - 32..BODY].copy_from_slice(hash.as_bytes());
}

/// Replaces the content of a file in place by as many other bytes, and puts its time back.
#[cfg(unix)]
fn edit(path: &Path, bytes: &[u8]) {
    let before = fs::metadata(path).unwrap();
    assert_eq!(before.len(), bytes.len() as u64);
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
}

fn other(bytes: &[u8]) -> Vec<u8> {
    let mut other = bytes.to_vec();
    *other.last_mut().unwrap() ^= 1;
    other
}

#[test]
fn what_has_not_changed_is_not_read() {
    let project = learned();
    let outputs = project.outputs();
    let state = fs::read(&states(&project)[0]).unwrap();
    assert_eq!(import(&project).count(Status::Unchanged), 2);
    assert!(fs::read(&states(&project)[0]).unwrap() == state, "there is nothing to learn");

    // That a wrong digest is believed shows that nobody looks at the file.
    let artifact = outputs.keys().find(|path| path.to_str().unwrap().ends_with("cwasm")).unwrap();
    for path in [project.assets().join("calc.wat"), project.out().join(artifact)] {
        poison(&project, &path);
        assert_eq!(
            statuses(&import(&project)),
            [("calc.wat", Status::Imported), ("mods/empty.wat", Status::Unchanged)],
            "{}",
            path.display()
        );
        assert_eq!(project.outputs(), outputs);
        // Who looks at everything is not misled.
        assert_eq!(importer(&project).run_check().unwrap().count(Status::Unchanged), 2);
        assert_eq!(importer(&project).no_cache().run(&()).unwrap().count(Status::Unchanged), 2);
        assert_eq!(importer(&project).reproduce().run(&()).unwrap().count(Status::Unchanged), 2);
        fs::write(&states(&project)[0], &state).unwrap();
    }
    poison(&project, &project.out().join("mod.rs"));
    import(&project);
    assert_eq!(project.outputs(), outputs);
}

#[test]
fn a_state_that_is_of_no_use_is_ignored() {
    let project = learned();
    let path = states(&project).remove(0);
    poison(&project, &project.assets().join("calc.wat"));
    let poisoned = fs::read(&path).unwrap();
    let mut version = poisoned.clone();
    version[BODY - 33] += 1;
    let all = [
        Vec::new(),
        poisoned[..poisoned.len() - 1].to_vec(),
        poisoned[..BODY + 32].to_vec(),
        other(&poisoned),
        version,
        b"junk".to_vec(),
    ];
    for bytes in all {
        fs::write(&path, bytes).unwrap();
        assert_eq!(import(&project).count(Status::Unchanged), 2);
        // Instead there is one of use again.
        assert_ne!(fs::metadata(&path).unwrap().len(), 0);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let report = import(&project);
    assert_eq!((report.count(Status::Unchanged), report.warnings.len()), (2, 0));
}

#[test]
fn fault_79_a_state_that_is_forged_without_the_key_is_ignored() {
    let project = learned();
    let path = states(&project).remove(0);
    let genuine = fs::read(&path).unwrap();
    poison(&project, &project.assets().join("calc.wat"));
    let poisoned = fs::read(&path).unwrap();
    assert_eq!(import(&project).count(Status::Imported), 1, "with the key it would be believed");
    let plain = Digest::of(&poisoned[BODY..]);
    let mut forged: [Vec<u8>; 4] = std::array::from_fn(|_| poisoned.clone());
    forged[0][BODY - 32..BODY].copy_from_slice(plain.as_bytes());
    forged[1][BODY - 32..BODY].copy_from_slice(&genuine[BODY - 32..BODY]);
    authenticate(&path, &mut forged[2], [8; 32]);
    // The state of another project.
    let other = path.with_file_name(Digest::of(b"other").to_string());
    authenticate(&other, &mut forged[3], KEY);
    for (index, bytes) in forged.iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        assert_eq!(import(&project).count(Status::Unchanged), 2, "{index}");
    }
}

#[cfg(unix)]
#[test]
fn fault_30_other_content_of_the_same_length_and_time_is_noticed() {
    let project = learned();
    let outputs = project.outputs();
    edit(&project.assets().join("calc.wat"), CALC.replace("i32.add", "i32.sub").as_bytes());
    assert_eq!(
        statuses(&import(&project)),
        [("calc.wat", Status::Imported), ("mods/empty.wat", Status::Unchanged)]
    );
    edit(&project.assets().join("calc.wat"), CALC.as_bytes());
    import(&project);
    assert_eq!(project.outputs(), outputs);
    for (path, bytes) in &outputs {
        edit(&project.out().join(path), &other(bytes));
        import(&project);
        assert_eq!(project.outputs(), outputs, "{}", path.display());
    }
    let lock = project.path().join("wasmport.lock");
    let text = fs::read_to_string(&lock).unwrap();
    edit(&lock, text.replace("Commit it", "Forget it").as_bytes());
    import(&project);
    assert_eq!(fs::read_to_string(&lock).unwrap(), text);
}

#[test]
fn fault_30_times_alone_change_nothing() {
    let project = learned();
    let now = SystemTime::now();
    for time in [
        SystemTime::UNIX_EPOCH,
        now - Duration::from_secs(1 << 30),
        now,
        now + Duration::from_secs(1 << 30),
    ] {
        for (path, _) in project.outputs() {
            let file = fs::File::options().write(true).open(project.out().join(path)).unwrap();
            file.set_modified(time).unwrap();
        }
        let calc = fs::File::options().write(true).open(project.assets().join("calc.wat"));
        calc.unwrap().set_modified(time).unwrap();
        assert_eq!(import(&project).count(Status::Unchanged), 2);
    }
}

/// Nobody can set the time of the last change, which Windows does not tell.
#[cfg(unix)]
#[test]
fn a_change_right_after_an_import_is_noticed() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let time = SystemTime::now() - Duration::from_secs(100);
    let versions = [CALC.to_owned(), CALC.replace("i32.add", "i32.sub")];
    for version in versions.iter().cycle().take(50) {
        let path = project.assets().join("calc.wat");
        fs::write(&path, version).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        assert_eq!(import(&project).count(Status::Imported), 1);
    }
}

#[test]
fn what_is_deleted_or_replaced_is_noticed() {
    let project = learned();
    let outputs = project.outputs();
    for path in outputs.keys() {
        fs::remove_file(project.out().join(path)).unwrap();
        import(&project);
        assert_eq!(project.outputs(), outputs, "{}", path.display());
    }
    let (calc, empty) =
        (project.assets().join("calc.wat"), project.assets().join("mods/empty.wat"));
    fs::rename(&calc, project.path().join("swap")).unwrap();
    fs::rename(&empty, &calc).unwrap();
    fs::rename(project.path().join("swap"), &empty).unwrap();
    assert_eq!(import(&project).count(Status::Imported), 2);
    fs::remove_file(&empty).unwrap();
    let report = import(&project);
    assert_eq!(statuses(&report), [("calc.wat", Status::Unchanged)]);
    assert_eq!(report.removed, ["mods/empty.wat"]);
}

#[test]
fn projects_know_nothing_of_each_other_and_may_move() {
    let (one, two) = (learned(), learned());
    let import = |project: &Project, out: &Path| {
        let importer = importer(project).cache(one.cache()).out_dir(out).update_lock();
        importer.run(&()).unwrap().count(Status::Unchanged)
    };
    assert_eq!((import(&one, &one.out()), import(&two, &two.out())), (2, 2));
    two.write("calc.wat", "(module)");
    assert_eq!((import(&one, &one.out()), import(&two, &two.out())), (2, 1));
    assert_eq!(import(&two, &two.out()), 2);
    let moved = one.path().join("moved");
    fs::rename(one.out(), &moved).unwrap();
    assert_eq!(import(&one, &moved), 2);
    assert_eq!(import(&one, &one.out()), 0);
    // Of another project's output nothing is believed.
    fs::remove_dir_all(one.out()).unwrap();
    fs::rename(two.out(), one.out()).unwrap();
    assert_eq!(import(&one, &one.out()), 1, "the empty module is the same");
}

#[test]
fn what_nobody_has_used_for_a_month_is_removed() {
    let project = learned();
    let junk = project.path().join("cache/state/notes.txt");
    fs::write(&junk, "mine").unwrap();
    let cache = importer(&project).cache_folder().unwrap();
    assert_eq!(cache.stats().unwrap().states, 1);
    let state = states(&project).into_iter().find(|path| *path != junk).unwrap();
    let age = |days: u64| {
        let time = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        fs::File::options().write(true).open(&state).unwrap().set_modified(time).unwrap();
    };
    age(29);
    cache.prune(None).unwrap();
    assert!(state.exists());
    age(31);
    import(&project);
    cache.prune(None).unwrap();
    assert!(state.exists(), "it was used");
    age(31);
    assert_eq!(cache.prune(None).unwrap().entries, 1);
    assert!(!state.exists());
    import(&project);
    assert_eq!(cache.stats().unwrap().states, 1);
    cache.clear().unwrap();
    assert_eq!(states(&project), [junk]);
}
