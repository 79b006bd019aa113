//! The process that imports for the command line: what it bounds, and what it survives.

// Some tests are for Unix alone.
#![cfg_attr(windows, allow(dead_code, unused_imports))]

use crate::{CALC, code, json, program, project, wasmport};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A small file that Cranelift is busy with for minutes: many variables in many loops.
pub(crate) fn slow(size: usize) -> String {
    let touch = |index| format!("local.get {index} local.get 0 i32.add local.set {index}\n");
    format!(
        "(module (func (param i32) (local {}) {} {} {}))",
        "i32 ".repeat(size),
        "loop ".repeat(size),
        (1..=size).map(touch).collect::<String>(),
        "local.get 0 br_if 0 end ".repeat(size)
    )
}

/// Every asset with its status and error.
fn assets(report: &serde_json::Value) -> Vec<(String, String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let assets = report["assets"].as_array().unwrap().iter();
    assets.map(|a| (text(&a["source"]), text(&a["status"]), text(&a["error"]))).collect()
}

fn bounded(choices: &str) -> tempfile::TempDir {
    let slow = slow(900);
    let settings = format!("[[asset]]\nmatch = \"slow.wat\"\n{choices}\n");
    let project = project(&[("assets/slow.wat", &slow), ("wasmport.toml", &settings)]);
    for index in 0..6 {
        fs::write(project.path().join(format!("assets/good{index}.wat")), CALC).unwrap();
    }
    project
}

#[test]
fn fault_08_an_asset_that_takes_too_much_is_ended_and_all_others_are_imported() {
    for (choices, message, key) in [
        ("limits.max-seconds = 1", "longer than 1 s", "limits.max-seconds"),
        (
            "limits.max-memory-mib = 300",
            "took more than 300 MiB of memory",
            "limits.max-memory-mib",
        ),
    ] {
        let project = bounded(choices);
        let output = wasmport(project.path(), &["import", "--format", "json"]);
        assert_eq!(code(&output), 1);
        let report = json(&output);
        for (source, status, error) in assets(&report) {
            if source == "slow.wat" {
                assert_eq!(status, "failed");
                assert!(error.contains(message) && error.contains(key), "{error}");
                assert!(error.contains("assets/slow.wat"), "{error}");
            } else {
                assert_eq!((status.as_str(), error.as_str()), ("imported", ""), "{source}");
            }
        }
        assert_eq!(report["summary"]["imported"], 6);
        assert!(project.path().join("src/assets/good5.rs").exists());
        let again = json(&wasmport(project.path(), &["import", "--format", "json"]));
        assert_eq!(again["summary"]["unchanged"], 6, "they are in the manifest");
    }
}

/// The processes that a process started.
#[cfg(target_os = "linux")]
fn children(id: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok());
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |child: &u32| {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
        parent.and_then(|parent| parent.parse().ok()) == Some(id)
    };
    ids.filter(is_child).collect()
}

/// Something kills the helper again and again: a crash, or a system without memory.
#[cfg(target_os = "linux")]
#[test]
fn fault_08_an_asset_that_kills_the_process_is_blamed_alone() {
    let project = bounded("");
    let mut command = program();
    command.args(["import", "--format", "json"]).current_dir(project.path());
    let mut import = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut killed = 0;
    while import.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(20));
        // Those beside it are done by now, or are done again.
        let is_busy = |name: &str| project.path().join("src/assets").join(name).exists();
        if killed == 0 && !(0..6).all(|index| is_busy(&format!("good{index}.rs"))) {
            continue;
        }
        std::thread::sleep(Duration::from_millis(300));
        for helper in children(import.id()) {
            let kill = Command::new("kill").args(["-9", &helper.to_string()]).status();
            killed += usize::from(kill.unwrap().success());
        }
    }
    let output = import.wait_with_output().unwrap();
    assert!(killed >= 2, "once among others and once alone");
    assert_eq!(code(&output), 1);
    let report = json(&output);
    assert_eq!(report["summary"]["imported"], 6, "{report}");
    let (.., error) = assets(&report).into_iter().find(|asset| asset.0 == "slow.wat").unwrap();
    assert!(error.contains("the helper process that imported it died (signal: 9"), "{error}");
}

#[cfg(unix)]
fn script(path: &Path, text: &str) {
    // By a process of its own: a file that this one has open for writing cannot be run.
    let status = Command::new("sh")
        .args(["-c", "printf '%s' \"$1\" > \"$0\" && chmod +x \"$0\""])
        .args([path.as_os_str(), text.as_ref()])
        .status();
    assert!(status.unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn fault_10_a_program_does_not_outlive_the_import_that_is_ended() {
    let project = project(&[
        ("assets/calc.wat", CALC),
        (
            "wasmport.toml",
            "[tools.wasm-opt]\npath = \"./fake\"\n[defaults]\noptimize.level = \"O2\"\nlimits.max-seconds = 1\n",
        ),
    ]);
    // So busy that the memory of the helper is not what ends it, and slow to be asked its version.
    let marker = project.path().join("id");
    let fake = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'wasm-opt version 132'; exit; fi\necho $$ > {}\nexec sleep 600\n",
        marker.display()
    );
    script(&project.path().join("fake"), &fake);
    let output = wasmport(project.path(), &["import", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let (.., error) = assets(&json(&output)).remove(0);
    assert!(error.contains("did not end within 1 s") && error.contains("fake"), "{error}");
    let id = fs::read_to_string(marker).unwrap();
    assert!(!Path::new("/proc").join(id.trim()).exists(), "the program still runs");
}

#[cfg(target_os = "linux")]
#[test]
fn fault_10_a_program_ends_with_the_helper_that_runs_it() {
    let project = bounded("optimize.enabled = false\nlimits.max-seconds = 1");
    let path = project.path().join("wasmport.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let tool = "[tools.wasm-opt]\npath = \"./fake\"\n[defaults]\noptimize.level = \"O2\"\n";
    fs::write(&path, format!("{tool}{settings}")).unwrap();
    // It never ends when it first runs, beside the asset that the helper is ended for.
    let marker = project.path().join("id");
    let fake = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'wasm-opt version 132'; exit; fi\n\
         if mkdir {0}; then echo $$ > {0}/id; exec sleep 600; fi\nexec cp \"$1\" \"$3\"\n",
        marker.display()
    );
    script(&project.path().join("fake"), &fake);
    let output = wasmport(project.path(), &["import", "--format", "json"]);
    let report = json(&output);
    assert_eq!(report["summary"]["imported"], 6, "{report}");
    assert_eq!(report["summary"]["failed"], 1, "{report}");
    let id = fs::read_to_string(marker.join("id")).unwrap();
    assert!(!Path::new("/proc").join(id.trim()).exists(), "the program still runs");
}

/// A project whose `wasm-opt` writes its process into the file `id` and waits for the file `go`.
#[cfg(target_os = "linux")]
fn waiting_project() -> tempfile::TempDir {
    let settings = "[tools.wasm-opt]\npath = \"./fake\"\n[defaults]\noptimize.level = \"O2\"\n";
    let project = project(&[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
    let at = project.path().display();
    let fake = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'wasm-opt version 132'; exit; fi\n\
         echo $$ > {at}/new; mv {at}/new {at}/id\n\
         while ! [ -e {at}/go ]; do sleep 0.05; done\nexec cp \"$1\" \"$3\"\n"
    );
    script(&project.path().join("fake"), &fake);
    project
}

#[cfg(target_os = "linux")]
fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "it takes too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn fault_71_a_helper_writes_nothing_after_the_import_was_killed() {
    let project = waiting_project();
    let mut command = program();
    command.arg("import").current_dir(project.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut import = command.spawn().unwrap();
    let id = project.path().join("id");
    wait_until(|| id.exists());
    let processes = children(import.id());
    assert_eq!(processes.len(), 1, "the helper");
    let fake: u32 = fs::read_to_string(&id).unwrap().trim().parse().unwrap();
    import.kill().unwrap();
    import.wait().unwrap();
    // The result is there now, but nobody asked for it any more.
    fs::write(project.path().join("go"), "").unwrap();
    for process in processes.into_iter().chain([fake]) {
        let status = format!("/proc/{process}/status");
        // Nobody may be there who waits for the process.
        wait_until(|| fs::read_to_string(&status).map_or(true, |text| text.contains("State:\tZ")));
    }
    assert!(!project.path().join("src/assets/calc.rs").exists());
    assert!(!project.path().join("src/assets/artifacts").exists());
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0, "the lock is free");
}

/// The helper is stopped while its parent dies, so that it notices nothing before it goes on.
#[cfg(target_os = "linux")]
#[test]
fn fault_71_a_stopped_helper_writes_nothing_when_it_goes_on() {
    let project = waiting_project();
    let mut command = program();
    command.arg("import").current_dir(project.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut import = command.spawn().unwrap();
    wait_until(|| project.path().join("id").exists());
    let helper = children(import.id())[0];
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &helper.to_string()]).status().unwrap().success());
    };
    signal("-STOP");
    import.kill().unwrap();
    import.wait().unwrap();
    fs::write(project.path().join("go"), "").unwrap();
    signal("-CONT");
    let status = format!("/proc/{helper}/status");
    wait_until(|| fs::read_to_string(&status).map_or(true, |text| text.contains("State:\tZ")));
    assert!(!project.path().join("src/assets/calc.rs").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn fault_26_an_import_waits_for_another_and_says_for_which() {
    use std::io::Read as _;
    let project = waiting_project();
    let start = || {
        let mut command = program();
        command.args(["import", "--format", "json"]).current_dir(project.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = start();
    wait_until(|| project.path().join("id").exists());
    let mut second = start();
    // Its note comes while it waits.
    let mut stderr = second.stderr.take().unwrap();
    let mut note = vec![0; 50];
    stderr.read_exact(&mut note).unwrap();
    fs::write(project.path().join("go"), "").unwrap();
    let first_id = first.id();
    for (import, status) in [(first, "imported"), (second, "unchanged")] {
        let output = import.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(assets(&json(&output))[0].1, status);
    }
    stderr.read_to_end(&mut note).unwrap();
    let note = String::from_utf8(note).unwrap();
    let expected = format!("waiting for another import into `src/assets` (process {first_id})");
    assert!(note.contains(&expected), "{note}");
}

#[cfg(target_os = "linux")]
#[test]
fn fault_27_the_lock_of_a_killed_import_is_free() {
    let project = waiting_project();
    let mut command = program();
    command.args(["import", "--no-helper"]).current_dir(project.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut import = command.spawn().unwrap();
    let id = project.path().join("id");
    wait_until(|| id.exists());
    import.kill().unwrap();
    import.wait().unwrap();
    let lock = project.path().join("src/assets/.wasmport-import");
    let text = fs::read_to_string(&lock).unwrap();
    assert_eq!(text, format!("wasmport process {}\ncalc.wat\n", import.id()));
    fs::write(project.path().join("go"), "").unwrap();
    let output = wasmport(project.path(), &["import"]);
    assert_eq!(code(&output), 0);
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(note.contains("an earlier import ended early while it imported `calc.wat`"), "{note}");
    assert!(!note.contains("waiting"), "{note}");
    assert!(!lock.exists());
}

/// As a terminal interrupts the group of processes in its foreground.
#[cfg(target_os = "linux")]
#[test]
fn fault_91_an_interrupt_ends_programs_too() {
    use std::os::unix::process::CommandExt as _;
    let settings = "[tools.wasm-opt]\npath = \"./fake\"\n[defaults]\noptimize.level = \"O2\"\n";
    let project = project(&[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
    let fake = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'wasm-opt version 132'; exit; fi\n\
         sleep 600 & echo $! > id.new; mv id.new id; wait\n";
    script(&project.path().join("fake"), fake);
    // A shell lets programs in the background ignore interrupts, which they inherit.
    let mut import = Command::new("env");
    import.args(["--default-signal=INT", env!("CARGO_BIN_EXE_cargo-wasmport"), "import"]);
    for (name, value) in program().get_envs() {
        let _ = match value {
            Some(value) => import.env(name, value),
            None => import.env_remove(name),
        };
    }
    import.current_dir(project.path()).process_group(0);
    let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let id = loop {
        if let Ok(id) = fs::read_to_string(project.path().join("id")) {
            break id;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let group = format!("-{}", import.id());
    assert!(Command::new("kill").args(["-s", "INT", "--", &group]).status().unwrap().success());
    assert!(!import.wait().unwrap().success());
    let end = Instant::now() + Duration::from_secs(10);
    let stat = || fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    while !stat().is_empty() && !stat().contains(") Z ") {
        assert!(Instant::now() < end, "the program still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A settings file from elsewhere names a program of this machine.
#[cfg(unix)]
#[test]
fn fault_92_only_the_user_allows_programs_outside_of_the_project() {
    let elsewhere = tempfile::tempdir().unwrap();
    let program_path = elsewhere.path().join("wasm-opt");
    let fake = "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n\
         if [ \"$1\" = --version ]; then echo 'wasm-opt version 132'; exit; fi\ncp \"$1\" \"$3\"\n";
    script(&program_path, fake);
    let settings =
        format!("[tools.wasm-opt]\npath = {program_path:?}\n[defaults]\noptimize.level = \"O2\"\n");
    let import = |args: &[&str], variable: Option<(&str, &Path)>| {
        let project = project(&[("assets/calc.wat", CALC), ("wasmport.toml", &settings)]);
        let mut command = program();
        command.args(["import", "--format", "json"]).args(args).current_dir(project.path());
        command.env_remove("WASM_OPT").envs(variable);
        let (_, status, error) = assets(&json(&command.output().unwrap())).remove(0);
        (status, error, fs::remove_file(elsewhere.path().join("ran")).is_ok())
    };
    for args in [&[][..], &["--no-helper"]] {
        let (status, error, ran) = import(args, None);
        assert!(status == "failed" && !ran, "{status} {ran}");
        assert!(error.contains("a program outside of the project"), "{error}");
        assert!(error.contains("WASMPORT_ALLOW_TOOLS=1"), "{error}");
        let (status, _, ran) = import(args, Some(("WASMPORT_ALLOW_TOOLS", Path::new("0"))));
        assert!(status == "failed" && !ran, "{status} {ran}");
        for variable in [("WASMPORT_ALLOW_TOOLS", Path::new("1")), ("WASM_OPT", &program_path)] {
            let (status, error, ran) = import(args, Some(variable));
            assert!(status == "imported" && ran, "{variable:?}: {error}");
        }
        let (status, error, ran) = import(&[args, &["--allow-tools"]].concat(), None);
        assert!(status == "imported" && ran, "{error}");
    }
}

#[cfg(unix)]
#[test]
fn fault_10_wasm_opt_is_found_by_variable_and_path() {
    let project = project(&[
        ("assets/calc.wat", CALC),
        ("wasmport.toml", "[defaults]\noptimize.level = \"O2\"\n"),
        ("empty/file", ""),
        ("bin/file", ""),
    ]);
    let fake = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'wasm-opt version 132'; exit; fi\nwhile read -r line; do :; done < \"$1\"; /bin/cp \"$1\" \"$3\"\n";
    script(&project.path().join("bin/wasm-opt"), fake);
    let import = |path: &str, variable: Option<&str>, args: &[&str]| {
        fs::remove_dir_all(project.path().join("src")).unwrap_or_default();
        let mut command = program();
        command.args(["import", "--format", "json"]).args(args).current_dir(project.path());
        command.env("PATH", project.path().join(path)).env_remove("WASM_OPT");
        if let Some(variable) = variable {
            command.env("WASM_OPT", project.path().join(variable));
        }
        let report = json(&command.output().unwrap());
        assets(&report).remove(0)
    };
    for args in [&[][..], &["--no-helper"]] {
        let (_, status, error) = import("empty", None, args);
        assert_eq!(status, "failed");
        assert!(
            error.contains("`wasm-opt` is required") && error.contains("install Binaryen"),
            "{error}"
        );
        assert_eq!(import("bin", None, args).1, "imported");
        assert_eq!(import("empty", Some("bin/wasm-opt"), args).1, "imported");
        let (_, status, error) = import("bin", Some("bin/nothing"), args);
        assert!(status == "failed" && error.contains("bin/nothing"), "{error}");
    }
}

#[test]
fn the_report_lists_the_stages_of_what_was_imported() {
    let data = "all the same ".repeat(500);
    let text = format!("(module (memory 1) (data (i32.const 0) \"{data}\") (@custom \"x\" \"y\"))");
    let project = project(&[
        ("assets/text.wat", text.as_str()),
        (
            "wasmport.toml",
            "targets = [\"source\", \"x86_64-unknown-linux-gnu\"]\n[defaults]\nstrip = [\"x\"]\ncompress = { source = 3 }\n",
        ),
    ]);
    let import = |args: &[&str]| {
        let report =
            json(&wasmport(project.path(), &[&["import", "--format", "json"], args].concat()));
        report["assets"][0]["stages"].clone()
    };
    let helped = import(&[]);
    assert_eq!(import(&[]), serde_json::json!([]), "nothing was done");
    fs::remove_dir_all(project.path().join("src")).unwrap();
    let alone = import(&["--no-helper"]);
    for stages in [&helped, &alone] {
        let stages = stages.as_array().unwrap();
        let names: Vec<_> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
        let expected = ["read", "validate", "strip", "compile", "compress", "compile", "codegen"];
        assert_eq!(names, expected);
        let targets: Vec<_> = stages.iter().map(|stage| stage["target"].as_str()).collect();
        let linux = Some("x86_64-unknown-linux-gnu");
        assert_eq!(targets[2..], [None, Some("source"), Some("source"), linux, None]);
        for stage in stages {
            assert!(stage["before"].is_u64() && stage["after"].is_u64());
            assert!(stage["seconds"].as_f64().unwrap() >= 0.0);
        }
        assert!(stages[2]["after"].as_u64() < stages[2]["before"].as_u64());
        assert!(stages[4]["after"].as_u64() < stages[4]["before"].as_u64());
    }
    let report = json(&wasmport(project.path(), &["import", "--format", "json"]));
    let artifact = &report["assets"][0]["artifacts"][0];
    assert!(artifact["uncompressed"].as_u64() > artifact["bytes"].as_u64());
}

/// Which also shows that the feature is on wherever the whole workspace is built.
#[test]
fn the_command_line_runs_modules_and_bounds_them() {
    let module = |init: &str| {
        format!("(module (memory 1) (func (export \"init\") {init}) (func (export \"f\")))")
    };
    let project = project(&[
        ("assets/good.wat", &module("(i32.store (i32.const 0) (i32.const 1))")),
        ("assets/loop.wat", &module("(loop br 0)")),
        ("wasmport.toml", "[defaults.preinit]\ninit = \"init\"\nmax-seconds = 1\n"),
    ]);
    for args in [&[][..], &["--no-helper"]] {
        let output = wasmport(project.path(), &[&["import", "--format", "json"], args].concat());
        let report = json(&output);
        assert_eq!(report["summary"]["failed"], 1, "{report}");
        let (.., error) = assets(&report).remove(1);
        assert!(error.contains("`init` did not end within 1 s"), "{error}");
        assert_eq!(report["assets"][1]["stage"], "preinit");
        if args.is_empty() {
            assert_eq!(report["assets"][0]["stages"][2]["stage"], "preinit", "{report}");
        }
    }
}

/// As a user that may not read everything, whoever runs the tests.
#[cfg(unix)]
#[test]
fn fault_22_a_file_that_cannot_be_read_is_that_assets_error() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let project = project(&[("assets/closed.wat", CALC), ("assets/good.wat", CALC)]);
    let set = |path: &str, mode| {
        fs::set_permissions(project.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    // The program and the project, where that user reaches them.
    let program = project.path().join("program");
    fs::copy(env!("CARGO_BIN_EXE_cargo-wasmport"), &program).unwrap();
    fs::create_dir_all(project.path().join("src")).unwrap();
    for path in ["", "assets", "src", "program"] {
        set(path, 0o777);
    }
    set("assets/closed.wat", 0o000);
    let is_superuser = fs::read(project.path().join("assets/closed.wat")).is_ok();
    for args in [&[][..], &["--no-helper"]] {
        let mut command = Command::new("sh");
        command.args(["-c", "exec ./program import --format json --out-dir src/out \"$@\"", "sh"]);
        command.args(args).current_dir(project.path());
        if is_superuser {
            command.uid(65534).gid(65534);
        }
        let output = command.output().unwrap();
        assert_eq!(code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
        let assets = assets(&json(&output));
        let (source, status, error) = &assets[0];
        assert_eq!((source.as_str(), status.as_str()), ("closed.wat", "failed"));
        assert!(error.contains("closed.wat") && error.contains("ermission denied"), "{error}");
        assert!(assets[1].1 == "imported" || assets[1].1 == "unchanged", "{assets:?}");
    }
    assert!(project.path().join("src/out/good.rs").exists());
}
