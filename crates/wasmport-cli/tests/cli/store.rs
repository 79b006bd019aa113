//! Imports that are killed, that find no room, and that share what they use.

// Some tests are for Unix alone.
#![cfg_attr(windows, allow(dead_code, unused_imports))]

use crate::{CALC, code, config_folder, json, program, project, wasmport};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// All outputs below a folder, and the lock file.
fn outputs(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let lock = folder.join("wasmport.lock");
    let mut files: BTreeMap<_, _> =
        fs::read(&lock).into_iter().map(|bytes| (lock.clone(), bytes)).collect();
    let mut folders = vec![folder.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    let relative = |path: PathBuf| path.strip_prefix(folder).unwrap().to_owned();
    files.into_iter().map(|(path, bytes)| (relative(path), bytes)).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    // Others may not write to the copy of a cache either.
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}

fn module(number: usize) -> String {
    format!("(module (func (export \"number\") (result i32) (i32.const {number})))")
}

/// A project that was imported and changed since: an asset stays, one changes, one comes, one goes.
fn changed_project() -> tempfile::TempDir {
    let project = project(&[
        ("assets/same.wat", CALC),
        ("assets/changed.wat", &module(1)),
        ("assets/gone.wat", &module(2)),
    ]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    fs::write(project.path().join("assets/changed.wat"), module(3)).unwrap();
    fs::write(project.path().join("assets/new.wat"), module(4)).unwrap();
    fs::remove_file(project.path().join("assets/gone.wat")).unwrap();
    project
}

/// What an import of the project gives that nothing disturbs.
fn expected(changed: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let fresh = tempfile::tempdir().unwrap();
    copy(&changed.join("assets"), &fresh.path().join("assets"));
    assert_eq!(code(&wasmport(fresh.path(), &["import", "--no-cache"])), 0);
    outputs(fresh.path())
}

/// Every file is one of before or one of after, as a whole.
fn are_complete(
    now: &BTreeMap<PathBuf, Vec<u8>>,
    before: &BTreeMap<PathBuf, Vec<u8>>,
    good: &BTreeMap<PathBuf, Vec<u8>>,
) {
    for (path, bytes) in now {
        let is_complete = [before, good].iter().any(|all| all.get(path) == Some(bytes));
        // Nobody reads what is not written yet; and these tell what there is, whatever that is.
        let is_temporary = path.file_name().unwrap().to_str().unwrap().starts_with(".wasmport-");
        let of_all = ["wasmport.json", "mod.rs", "wasmport.lock"];
        let is_of_all = of_all.iter().any(|name| path.ends_with(name));
        assert!(is_complete || is_temporary || is_of_all, "{}", path.display());
    }
}

/// Whatever was there is complete, and the next import makes everything as it is to be.
fn recovers(folder: &Path, before: &BTreeMap<PathBuf, Vec<u8>>, good: &BTreeMap<PathBuf, Vec<u8>>) {
    are_complete(&outputs(folder), before, good);
    is_restored(folder, good);
}

/// The next import makes everything as it is to be, whatever was there.
fn is_restored(folder: &Path, good: &BTreeMap<PathBuf, Vec<u8>>) {
    let output = wasmport(folder, &["import", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(json(&output)["warnings"], serde_json::json!([]));
    assert_eq!(outputs(folder), *good);
    assert_eq!(code(&wasmport(folder, &["check"])), 0);
    let verified = wasmport(folder, &["cache", "verify"]);
    assert_eq!(code(&verified), 0, "{}", String::from_utf8_lossy(&verified.stderr));
    let stats = json(&wasmport(folder, &["cache", "stats", "--format", "json"]));
    assert_eq!((&stats["quarantined"], &stats["running"]), (&0.into(), &0.into()), "{stats}");
    let left = fs::read_dir(folder.join(".wasmport-cache/tmp")).unwrap().count();
    assert_eq!(left, 0, "what is not published goes");
}

/// Kills an import between any two steps, and imports again.
fn is_killed_everywhere(lose: bool) {
    let base = changed_project();
    let (before, good) = (outputs(base.path()), expected(base.path()));
    for point in 0.. {
        let folder = tempfile::tempdir().unwrap();
        copy(base.path(), folder.path());
        let mut import = program();
        import.args(["import", "--quiet", "--no-helper", "--jobs", "1"]);
        import.env("WASMPORT_TEST_KILL_AT", point.to_string()).current_dir(folder.path());
        if lose {
            import.env("WASMPORT_TEST_LOSE", "1");
        }
        if import.output().unwrap().status.success() {
            assert!(point > 50, "{point} points are not all");
            break;
        }
        let now = outputs(folder.path());
        if !lose {
            are_complete(&now, &before, &good);
        }
        let lock = Path::new("wasmport.lock");
        assert!([&before, &good].iter().any(|all| all.get(lock) == now.get(lock)), "{point}");
        is_restored(folder.path(), &good);
    }
}

#[test]
fn fault_24_an_import_that_is_killed_between_any_two_steps_loses_nothing() {
    is_killed_everywhere(false);
}

/// Files that were not forced to the disk are empty or missing after the crash.
#[test]
fn fault_24_and_25_a_loss_of_power_between_any_two_steps_loses_nothing() {
    is_killed_everywhere(true);
}

#[cfg(target_os = "linux")]
#[test]
fn fault_24_an_import_that_is_killed_while_it_creates_the_key_loses_nothing() {
    for lose in [false, true] {
        // The steps of the key come first.
        for point in 0..12 {
            let project = project(&[("assets/calc.wat", CALC)]);
            let config = project.path().join("config");
            let import = |point: Option<i32>| {
                let mut import = program();
                import.args(["import", "--no-helper", "--jobs", "1", "--format", "json"]);
                import.env("XDG_CONFIG_HOME", &config).current_dir(project.path());
                if let Some(point) = point {
                    import.env("WASMPORT_TEST_KILL_AT", point.to_string());
                    import.envs(lose.then_some(("WASMPORT_TEST_LOSE", "1")));
                }
                import.output().unwrap()
            };
            assert!(!import(Some(point)).status.success());
            let output = import(None);
            assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(json(&output)["warnings"], serde_json::json!([]), "{point}");
            let key = fs::metadata(config.join("wasmport/cache-key")).unwrap();
            assert_eq!(key.len(), 65);
        }
    }
}

#[cfg(unix)]
#[test]
fn fault_76_a_cache_folder_that_others_can_change_is_off_with_one_warning() {
    use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
    let project = project(&[("assets/calc.wat", CALC)]);
    let at = |name: &str| project.path().join(name);
    let set_mode =
        |name: &str, mode| fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    let import = |cache: &str, extra: &[&str], key: Option<&str>| {
        let _ = fs::remove_dir_all(at("src"));
        let mut import = program();
        import.args(["import", "--format", "json"]).args(extra).current_dir(project.path());
        import.env("WASMPORT_CACHE_DIR", at(cache));
        import.envs(key.map(|key| ("WASMPORT_CACHE_KEY", key)));
        let output = import.output().unwrap();
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
        let stages = json(&output)["assets"][0]["stages"].as_array().unwrap().clone();
        let compiled = stages.iter().find(|stage| stage["stage"] == "compile").unwrap();
        let warnings = json(&output)["warnings"].as_array().unwrap().clone();
        let warnings: Vec<_> = warnings.iter().map(|w| w.as_str().unwrap().to_owned()).collect();
        (compiled["cached"] == true, warnings)
    };
    let is_refused = |cache: &str, reason: &str| {
        let (cached, warnings) = import(cache, &[], None);
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(!cached && warning.contains(reason) && warning.contains("help: "), "{warning}");
        assert!(warning.contains("the import continues without it"), "{warning}");
    };
    fs::create_dir_all(at("above/cache")).unwrap();
    assert_eq!(import("above/cache", &[], None), (false, vec![]));
    assert_eq!(import("above/cache", &[], None), (true, vec![]));

    for mode in [0o777, 0o1777, 0o770] {
        set_mode("above/cache", mode);
        is_refused("above/cache", "the permissions of other users are too wide");
        // A key, or trust in everyone: then it is used.
        assert_eq!(import("above/cache", &["--trust-cache"], None), (true, vec![]));
    }
    let key = "5".repeat(64);
    assert_eq!(import("above/cache", &[], Some(&key)).1.len(), 1, "written with another key");
    assert_eq!(import("above/cache", &[], Some(&key)), (true, vec![]));
    set_mode("above/cache", 0o755);
    assert_eq!(import("above/cache", &[], None).1.len(), 1, "written with another key");

    set_mode("above", 0o777);
    is_refused("above/cache", "above` in its path");
    // Groups of one user may write to folders above, as by the umask of many systems.
    set_mode("above", 0o775);
    assert_eq!(import("above/cache", &[], None), (true, vec![]));

    symlink(at("above/cache"), at("link")).unwrap();
    is_refused("link", "symbolic link");
    fs::rename(at("above/cache/blobs"), at("blobs")).unwrap();
    symlink(at("blobs"), at("above/cache/blobs")).unwrap();
    is_refused("above/cache", "symbolic link");
    let files = || fs::read_dir(at("blobs")).unwrap().count();
    let before = files();
    let mut clear = program();
    clear.args(["cache", "clear"]).env("WASMPORT_CACHE_DIR", at("above/cache"));
    assert!(clear.current_dir(project.path()).output().unwrap().status.success());
    assert!(files() == before && before > 0, "nothing is removed behind a link");
    fs::remove_file(at("above/cache/blobs")).unwrap();
    symlink(at("above"), at("mine")).unwrap();
    assert_eq!(import("mine/cache", &[], None), (false, vec![]), "a link of this user's own");

    if lchown(at("mine"), Some(1), None).is_ok() {
        is_refused("mine/cache", "another user owns it");
        lchown(at("above/cache"), Some(1), None).unwrap();
        is_refused("above/cache", "another user owns it");
    } else {
        eprintln!("skipped: only root can give files to other users");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn fault_77_the_users_key_is_private_and_a_public_one_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project(&[("assets/calc.wat", CALC)]);
    let config = project.path().join("config");
    let import = |config: &Path| {
        let _ = fs::remove_dir_all(project.path().join("src"));
        let mut import = program();
        import.args(["import", "--format", "json"]).current_dir(project.path());
        let output = import.env("XDG_CONFIG_HOME", config).output().unwrap();
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
        json(&output)["warnings"].to_string()
    };
    assert_eq!(import(&config), "[]");
    let key = config.join("wasmport/cache-key");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(key.parent().unwrap())), (0o600, 0o700));
    let set_mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o644, 0o660] {
        set_mode(mode);
        let warnings = import(&config);
        assert!(warnings.contains("cache key") && warnings.contains("too wide"), "{warnings}");
    }
    set_mode(0o600);
    assert_eq!(import(&config), "[]");
    // A configuration folder that cannot be one.
    fs::write(project.path().join("file"), "").unwrap();
    let warnings = import(&project.path().join("file"));
    assert!(warnings.contains("WASMPORT_CACHE_KEY_FILE"), "{warnings}");
}

#[cfg(unix)]
#[test]
fn fault_24_and_27_an_import_that_is_killed_at_any_time_loses_nothing() {
    let base = changed_project();
    let (before, good) = (outputs(base.path()), expected(base.path()));
    let mut killed = 0;
    for index in 0..24 {
        let folder = tempfile::tempdir().unwrap();
        copy(base.path(), folder.path());
        let mut import = program();
        import.arg("import").current_dir(folder.path());
        import.stdout(Stdio::null()).stderr(Stdio::null());
        let mut import = import.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(index * 5));
        import.kill().unwrap();
        killed += usize::from(!import.wait().unwrap().success());
        // Its helper ends with it.
        let is_running = || {
            json(&wasmport(folder.path(), &["cache", "stats", "--format", "json"]))["running"] != 0
        };
        while is_running() {
            std::thread::sleep(Duration::from_millis(10));
        }
        recovers(folder.path(), &before, &good);
    }
    assert!(killed > 3, "{killed}");
}

#[test]
fn fault_26_two_to_eight_importers_at_once_on_one_store_and_one_project() {
    let base = changed_project();
    let good = expected(base.path());
    for count in [2, 8] {
        let folder = tempfile::tempdir().unwrap();
        copy(base.path(), folder.path());
        let mut import = program();
        import.args(["import", "--format", "json"]).current_dir(folder.path());
        import.stdout(Stdio::piped()).stderr(Stdio::piped());
        let imports: Vec<_> = (0..count).map(|_| import.spawn().unwrap()).collect();
        for import in imports {
            let output = import.wait_with_output().unwrap();
            assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(json(&output)["warnings"], serde_json::json!([]));
        }
        recovers(folder.path(), &good, &good);
    }
}

/// Runs a script of the shell in which `$import` imports. A folder `saved` is for what it finds.
#[cfg(target_os = "linux")]
fn script(wrapper: &[&str], project: &Path, text: &str) -> std::process::Output {
    let import = format!("{} import --format json", env!("CARGO_BIN_EXE_cargo-wasmport"));
    let (first, rest) = wrapper.split_first().unwrap();
    let mut command = Command::new(first);
    command.args(rest).args(["sh", "-euc", text]).current_dir(project);
    command.env("import", import).env("WASMPORT_CACHE_DIR", project.join(".wasmport-cache"));
    command.env("XDG_CONFIG_HOME", config_folder());
    if wrapper.contains(&"unshare") {
        // What is mounted there may belong to nobody. With a key owners do not matter.
        command.env("WASMPORT_CACHE_KEY", "7".repeat(64));
    }
    command.output().unwrap()
}

/// A file that may not become larger than a limit, which `write` then says, is like a full disk:
/// for this no rights are needed.
#[cfg(target_os = "linux")]
#[test]
fn fault_20_what_cannot_be_written_leaves_the_old_output_as_it_was() {
    let base = changed_project();
    let (before, good) = (outputs(base.path()), expected(base.path()));
    // In blocks of 512 bytes: from nothing at all to enough for all but the largest.
    for blocks in [0, 1, 4, 8] {
        let folder = tempfile::tempdir().unwrap();
        copy(base.path(), folder.path());
        let text = format!("trap '' XFSZ; ulimit -f {blocks}; $import --no-helper > /dev/null");
        let output = script(&["env"], folder.path(), &text);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{blocks}: {error}");
        assert!(error.contains("File too large") && error.contains("cannot write"), "{error}");
        recovers(folder.path(), &before, &good);
    }
}

/// Returns the command that runs a script in a namespace of its own, in which it may mount what nobody else
/// sees: as the superuser, or as one of a new namespace of users.
#[cfg(target_os = "linux")]
fn alone() -> [&'static str; 2] {
    let may_mount = |[unshare, kind]: &[&str; 2]| {
        let mut mount = Command::new(unshare);
        mount.args([kind, "sh", "-c", "mount -t tmpfs none /mnt"]);
        mount.output().is_ok_and(|output| output.status.success())
    };
    [["unshare", "-m"], ["unshare", "-rm"]].into_iter().find(may_mount).expect(
        "nobody may mount here: run the tests as the superuser, or allow namespaces of users \
         (`sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`)",
    )
}

#[cfg(target_os = "linux")]
#[test]
fn fault_20_a_full_disk_leaves_the_old_output_as_it_was() {
    let base = changed_project();
    let (mut before, mut good) = (outputs(base.path()), expected(base.path()));
    // The script saves the outputs alone.
    [&mut before, &mut good]
        .into_iter()
        .for_each(|all| drop(all.remove(Path::new("wasmport.lock"))));
    let text = "mkdir disk; mount -t tmpfs -o size=1m none disk; cp -r assets src disk
        cd disk; head -c 2000000 /dev/zero > filler 2> /dev/null || true
        $import > ../report || echo failed $? > ../status
        mkdir ../full; cp -r src ../full; rm filler
        $import > /dev/null; mkdir ../after; cp -r src ../after";
    let output = script(&alone(), base.path(), text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(base.path().join("status")).unwrap(), "failed 2\n");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("No space left on device"), "{error}");
    assert_eq!(outputs(&base.path().join("full")), before);
    assert_eq!(outputs(&base.path().join("after")), good);
}

#[cfg(target_os = "linux")]
#[test]
fn fault_20_and_21_a_full_or_read_only_cache_is_one_warning() {
    let base = changed_project();
    let good = expected(base.path());
    let fresh = "rm -rf src; mkdir -p saved; $import > saved/";
    let text = format!(
        "rm -rf .wasmport-cache; mkdir .wasmport-cache
        mount -t tmpfs -o size=64k none .wasmport-cache
        {fresh}full
        umount .wasmport-cache; mount -t tmpfs none .wasmport-cache
        mount -o remount,ro .wasmport-cache
        {fresh}readonly
        mount -o remount,rw .wasmport-cache
        {fresh}writable
        mount -o remount,ro .wasmport-cache
        {fresh}found"
    );
    let output = script(&alone(), base.path(), &text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(outputs(base.path()), good);
    for (name, warnings) in [("full", 1), ("readonly", 1), ("writable", 0), ("found", 0)] {
        let report = fs::read(base.path().join("saved").join(name)).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["warnings"].as_array().unwrap().len(), warnings, "{name}: {report}");
        assert_eq!(report["summary"]["imported"], 3);
        let stages = report["assets"][0]["stages"].as_array().unwrap();
        let compiled = stages.iter().find(|stage| stage["stage"] == "compile").unwrap();
        assert_eq!(compiled["cached"] == true, name == "found", "{name}");
    }
}

#[test]
fn the_cache_is_told_verified_pruned_and_cleared() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let run = |args: &[&str]| wasmport(project.path(), args);
    let stats =
        |args: &[&str]| json(&run(&[&["cache", "stats", "--format", "json"], args].concat()));
    assert_eq!(stats(&[])["bytes"], 0);
    assert_eq!(code(&run(&["import"])), 0);
    let full = stats(&[]);
    assert_eq!(full["records"], serde_json::json!({"artifact-2": 1, "functions-2": 1}));
    assert_eq!(full["blobs"], 2);
    let text = String::from_utf8(run(&["cache", "stats"]).stdout).unwrap();
    assert!(text.contains(".wasmport-cache\n") && text.contains("of 4.0 GiB, 2 blobs"), "{text}");
    // Another folder finds it.
    let output = run(&["import", "--out-dir", "elsewhere", "-v"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("from the cache"), "{text}");
    fs::remove_dir_all(project.path().join("elsewhere")).unwrap();
    let output = run(&["import", "--out-dir", "elsewhere", "-v", "--no-cache"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("from the cache"));

    let blobs = project.path().join(".wasmport-cache/blobs");
    let folder = fs::read_dir(&blobs).unwrap().next().unwrap().unwrap().path();
    let blob = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    fs::write(&blob, "damaged").unwrap();
    let output = run(&["cache", "verify"]);
    assert_eq!(code(&output), 1);
    assert!(String::from_utf8(output.stdout).unwrap().contains("3 good, 1 damaged"));
    assert_eq!(code(&run(&["cache", "verify"])), 0);
    assert_eq!(stats(&[])["quarantined"], 1);
    let output = run(&["cache", "prune", "--max-mib", "0"]);
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("removed 3 entries"));
    assert_eq!(code(&run(&["cache", "clear"])), 0);
    assert_eq!((&stats(&[])["bytes"], &stats(&[])["quarantined"]), (&0.into(), &0.into()));
    fs::write(project.path().join("wasmport.toml"), "[cache]\nenabled = false\n").unwrap();
    assert_eq!(code(&run(&["cache", "stats"])), 2);
}
