//! Stages that run `wasm-opt`, with shell scripts in its place: whatever the program does, the import
//! says what went wrong, ends, and publishes nothing that is not right.
#![cfg(unix)]

use crate::project::{CALC, Project, asset, failure, stage, statuses, wasm};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wasmport_build::{AssetError, Report, Stage, Status};

const VERSION: &str = "132 (version_132)";

/// A script that tells `version` and else does `work`, where `$in` and `$out` are the files.
pub fn script(path: &Path, version: &str, work: &str) {
    let text = format!(
        "#!/bin/sh\nhere=$(dirname \"$0\")\nif [ \"$1\" = --version ]; then {version}; exit 0; fi\n\
         in=$1 out=$3\n{work}\n"
    );
    // By a process of its own: a file that this one has open for writing cannot be run, and another
    // test may be starting a program that holds it open for a moment.
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod +x \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

struct Tool {
    project: Project,
}

impl Tool {
    /// A project with one asset and a program that does `work`.
    fn doing(work: &str) -> Self {
        Self::of_version(VERSION, work)
    }

    fn of_version(version: &str, work: &str) -> Self {
        let tool = Self { project: Project::with(&[("calc.wat", CALC.as_bytes())]) };
        tool.becomes(version, work);
        tool
    }

    fn becomes(&self, version: &str, work: &str) {
        script(&self.path(), &format!("echo 'wasm-opt version {version}'"), work);
    }

    fn path(&self) -> PathBuf {
        self.project.path().join("fake-wasm-opt")
    }

    /// A file that the program finds as `$here/NAME`.
    fn file(&self, name: &str, bytes: &[u8]) {
        fs::write(self.project.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.project.path().join(name)).unwrap_or_default()
    }

    fn text(&self, choices: &str) -> String {
        format!(
            // One version of a program is taken to do the same each time; this one does not.
            "targets = [\"source\"]\n[cache]\nenabled = false\n\
             [tools.wasm-opt]\npath = \"./fake-wasm-opt\"\n[defaults]\noptimize.level = \"O3\"\n{choices}\n"
        )
    }

    fn import(&self, choices: &str) -> Report {
        self.project.import_with(&self.text(choices))
    }

    fn failure(&self, choices: &str) -> AssetError {
        let error = failure(&self.import(choices)).clone();
        assert_eq!(error.stage, Stage::Optimize, "{error}");
        error
    }
}

/// What `CALC` is after optimizing, in the fake world.
const SMALL: &str = r#"(module (func (export "add") (param i32 i32) (result i32) i32.const 7))"#;

/// Takes the module that the test left beside it.
const TAKE: &str = "cp \"$here/result.wasm\" \"$out\"";

fn optimizer() -> Tool {
    let tool = Tool::doing(TAKE);
    tool.file("result.wasm", &wasm(SMALL));
    tool
}

#[test]
fn what_the_program_gives_is_imported_and_its_version_recorded() {
    let tool = optimizer();
    let report = tool.import("");
    assert_eq!(tool.project.artifact(&report, "calc.wat", "source"), wasm(SMALL));
    let optimize = stage(&report, Stage::Optimize);
    assert_eq!(optimize.by.as_deref(), Some("wasm-opt 132 (version_132)"));
    assert_eq!(optimize.before, wasm(CALC).len() as u64);
    assert_eq!(optimize.after, wasm(SMALL).len() as u64);
    assert!(optimize.seconds > 0.0);
    let tools = &tool.project.manifest()["assets"]["calc"]["tools"];
    assert_eq!(tools, &serde_json::json!({ "wasm-opt": VERSION }));
    assert_eq!(statuses(&tool.import("")), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn the_program_is_not_looked_for_where_no_stage_needs_it() {
    let tool = Tool::doing("exit 1");
    fs::remove_file(tool.path()).unwrap();
    for choices in
        ["optimize.enabled = false", "legacy-exceptions = \"translate\"\noptimize.enabled = false"]
    {
        assert_eq!(tool.import(choices).count(Status::Failed), 0);
    }
}

#[test]
fn exactly_the_features_that_are_used_are_passed() {
    let head = ["-O3", "--debuginfo", "--mvp-features"].map(str::to_owned);
    for (module, choices, features) in [
        (CALC, "", &[][..]),
        (CALC, "optimize.level = \"Oz\"", &[]),
        (
            "(module (func (param i32) (result i32) (i32.extend8_s (local.get 0))))",
            "",
            &["sign-ext"],
        ),
        (
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
            "",
            &["bulk-memory", "bulk-memory-opt"],
        ),
        ("(module (func (result v128) (i32x4.splat (i32.const 1))))", "", &["simd"]),
        (
            "(module (func (result i32 i32) i32.const 1 i32.const 2) (memory 1) (memory 1))",
            "",
            &["multivalue", "multimemory"],
        ),
        ("(module (memory 1 2 shared))", "", &["threads"]),
        ("(module (func $f return_call $f))", "", &["tail-call"]),
        (
            "(module (global (export \"g\") (mut i32) (i32.const 0)) (func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0))))",
            "",
            &["mutable-globals", "nontrapping-float-to-int"],
        ),
        ("(module (table 1 externref))", "", &["reference-types", "call-indirect-overlong"]),
        ("(module (memory i64 1))", "", &["memory64"]),
        (
            "(module (tag (param i32 i64)))",
            "",
            &["exception-handling", "multivalue", "reference-types", "call-indirect-overlong"],
        ),
    ] {
        let tool =
            Tool::doing("shift 3; printf '%s\\n' \"$@\" > \"$here/args\"; cp \"$in\" \"$out\"");
        tool.project.write("calc.wat", module);
        let choices = if choices.is_empty() { String::new() } else { choices.to_owned() };
        let text = if choices.is_empty() {
            tool.text("")
        } else {
            tool.text("").replace("optimize.level = \"O3\"", &choices)
        };
        let report = tool.project.import_with(&text);
        asset(&report, "calc.wat");
        let mut given: Vec<String> = tool.read("args").lines().map(Into::into).collect();
        let mut expected = head.to_vec();
        if !choices.is_empty() {
            expected[0] = "-Oz".into();
        }
        assert_eq!(given.drain(..3).collect::<Vec<_>>(), expected);
        let mut features: Vec<String> =
            features.iter().map(|name| format!("--enable-{name}")).collect();
        features.sort();
        given.sort();
        assert_eq!(given, features, "{module}");
    }
}

#[test]
fn fast_math_and_flags_are_passed_and_level_is_not_guessed() {
    let tool = Tool::doing("shift 3; echo \"$@\" > \"$here/args\"; cp \"$in\" \"$out\"");
    let said = |choices: &str| {
        tool.import(choices);
        tool.read("args").trim().to_owned()
    };
    assert_eq!(said(""), "-O3 --debuginfo --mvp-features");
    assert_eq!(
        said("optimize.fast-math = \"force\""),
        "-O3 --debuginfo --mvp-features --fast-math"
    );
    assert_eq!(
        said(
            "optimize.fast-math = \"yes\"\noptimize.flags = [\"--converge\", \"--inlining\"]\n[engine]\ndeterministic = false"
        ),
        "-O3 --debuginfo --mvp-features --fast-math --converge --inlining"
    );
    assert_eq!(said("optimize.fast-math = \"no\""), "-O3 --debuginfo --mvp-features");
}

#[test]
fn fault_10_missing_program_says_how_to_get_it() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    fs::write(project.path().join("no-program"), "text").unwrap();
    for path in ["/nowhere/wasm-opt", "no-such-wasm-opt", "./not-there", "./no-program"] {
        let text =
            format!("[tools.wasm-opt]\npath = {path:?}\n[defaults]\noptimize.level = \"O1\"\n");
        let report = project.import_with(&text);
        let error = failure(&report);
        assert_eq!(error.stage, Stage::Optimize);
        assert!(error.message.contains(path.trim_start_matches("./")), "{error}");
        let help = error.help.as_ref().unwrap();
        assert!(help.contains("Binaryen") && help.contains("WASM_OPT"), "{help}");
        assert!(!project.out().join("calc.rs").exists());
    }
    // Wherever the import is run from, a path is relative to the settings, and a name is not.
    let tool = optimizer();
    fs::create_dir(tool.project.path().join("tools")).unwrap();
    fs::rename(tool.path(), tool.project.path().join("tools/wasm-opt")).unwrap();
    tool.file("tools/result.wasm", &wasm(SMALL));
    let text = tool.text("").replace("./fake-wasm-opt", "tools/wasm-opt");
    asset(&tool.project.import_with(&text), "calc.wat");
}

#[test]
fn fault_10_version_that_is_not_told_or_another_than_pinned() {
    for (version, expected) in [
        ("echo hello", "does not print the version of wasm-opt: hello"),
        ("true", "does not print the version of wasm-opt"),
        ("echo 'wasm-opt version '", "does not print the version"),
        ("echo broken >&2; exit 3", "failed (exit status: 3): broken"),
        ("kill -9 $$", "signal: 9"),
    ] {
        let tool = optimizer();
        script(&tool.path(), version, TAKE);
        let error = tool.failure("");
        assert!(error.message.contains(expected), "{error}");
        assert!(error.message.contains("fake-wasm-opt"), "{error}");
    }
    let tool = optimizer();
    let pinned = |version: &str| {
        tool.text("").replace("[defaults]", &format!("version = {version:?}\n[defaults]"))
    };
    for (version, is_right) in
        [("132", true), (VERSION, true), ("131", false), ("13", false), ("version_132", false)]
    {
        let report = tool.project.import_with(&pinned(version));
        if is_right {
            asset(&report, "calc.wat");
            continue;
        }
        let error = failure(&report);
        let expected = format!("is version {VERSION}, the settings name {version}");
        assert!(error.message.contains(&expected), "{error}");
        assert!(error.help.as_ref().unwrap().contains("[tools.wasm-opt]"), "{error}");
    }
}

#[test]
fn fault_10_program_that_fails_is_quoted() {
    for (work, expected) in [
        ("echo 'parse exception: [4:2]' >&2; exit 1", "(exit status: 1): parse exception: [4:2]"),
        ("cp \"$in\" \"$out\"; exit 42", "(exit status: 42)"),
        ("kill -11 $$", "(signal: 11"),
        ("echo half > \"$out\"; kill -9 $$", "(signal: 9"),
        ("true", "wasm-opt 132 (version_132) wrote no module"),
        ("echo 'nothing to do'", "wrote no module: nothing to do"),
        ("mkdir \"$out\"", "wrote no module"),
        ("printf '\\033[31mred\\007' >&2; exit 1", "\\u{1b}[31mred\\u{7}"),
    ] {
        let tool = Tool::doing(work);
        let error = tool.failure("");
        assert!(error.message.contains(expected), "{work}: {error}");
        assert!(!error.message.contains('\u{1b}'), "{error}");
        assert!(!tool.project.out().join("calc.rs").exists());
    }
}

#[test]
fn fault_10_program_that_hangs_is_ended() {
    for work in ["exec sleep 600", "while :; do :; done", "sleep 5 & wait"] {
        let tool = Tool::doing(work);
        let start = Instant::now();
        let error = tool.failure("limits.max-seconds = 1");
        assert!(error.message.contains("did not end within 1 s"), "{error}");
        assert!(error.help.as_ref().unwrap().contains("limits.max-seconds"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn fault_10_program_that_takes_too_much_memory_is_ended() {
    // A shell that doubles a text until it is stopped.
    let tool = Tool::doing("x=0123456789abcdef; while :; do x=$x$x; done");
    let error = tool.failure("limits.max-memory-mib = 64");
    assert!(error.message.contains("MiB of memory"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("limits.max-memory-mib"), "{error}");
}

#[test]
fn fault_10_flood_of_output_is_cut() {
    let flood = "i=0; while [ $i -lt 20000 ]; do echo \"line $i of a flood that nobody reads\" >&2; i=$((i+1)); done";
    let tool = Tool::doing(&format!("{flood}; exit 1"));
    let error = tool.failure("");
    assert!(error.message.contains("line 19999 of"), "{error}");
    assert!(error.message.len() < 1000, "{}", error.message.len());
    // And is no reason to fail.
    let tool = Tool::doing(&format!("{flood}; {TAKE}"));
    tool.file("result.wasm", &wasm(SMALL));
    asset(&tool.import(""), "calc.wat");
}

#[test]
fn fault_10_output_larger_than_allowed_is_not_read() {
    let tool = Tool::doing("head -c 5000 /dev/zero > \"$out\"");
    let error = tool.failure("limits.max-bytes = 4096");
    assert!(error.message.contains("5000 bytes, the limit is 4096"), "{error}");
}

#[test]
fn fault_11_output_that_is_not_valid_is_never_published() {
    let tool = optimizer();
    tool.import("");
    let before = tool.project.outputs();
    let (other, extra, kind) = (
        r#"(module (func (export "sub") (param i32 i32) (result i32) i32.const 7))"#,
        r#"(module (func (export "add") (param i32 i32) (result i32) i32.const 7) (func (export "more")))"#,
        r#"(module (global (export "add") i32 (i32.const 0)))"#,
    );
    let invalid = wasm("(module (func (export \"add\") (param i32 i32) (result i32) i64.const 7))");
    let truncated = wasm(SMALL)[..20].to_vec();
    let another_type = r#"(module (func (export "add") (param i32 i64) (result i32) i32.const 7))"#;
    let import = r#"(module (import "env" "more" (func))
        (func (export "add") (param i32 i32) (result i32) i32.const 7))"#;
    for (bytes, expected) in [
        (b"garbage".to_vec(), "is not valid"),
        (Vec::new(), "is not valid"),
        (invalid, "is not valid: type mismatch"),
        (truncated, "is not valid"),
        (wasm("(component)"), "is not valid"),
        (wasm("(module)"), "has other imports or exports"),
        (wasm(other), "has other imports or exports"),
        (wasm(extra), "has other imports or exports"),
        (wasm(kind), "has other imports or exports"),
        (wasm(another_type), "has other imports or exports"),
        (wasm(import), "has other imports or exports"),
        // More than the module itself uses.
        (
            wasm(
                r#"(module (func (export "add") (param i32 i32) (result i32) (i32.extend8_s (local.get 0))))"#,
            ),
            "is not valid",
        ),
    ] {
        // A change of the source, so that there is something to do.
        let source = format!("{CALC} ;; {expected} {}", bytes.len());
        tool.project.write("calc.wat", source);
        tool.file("result.wasm", &bytes);
        let error = tool.failure("");
        assert!(error.message.contains("wasm-opt 132 (version_132)"), "{error}");
        assert!(error.message.contains(expected), "{expected}: {error}");
        let help = error.help.unwrap_or_default();
        assert!(help.contains("skip the stage") && !help.contains("damaged"), "{help}");
        assert_eq!(tool.project.outputs(), before, "what was imported before stays");
    }
    tool.project.write("calc.wat", CALC);
    assert_eq!(statuses(&tool.import("")), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn fault_11_only_what_is_valid_is_kept_for_the_next_import() {
    let tool = optimizer();
    let import = || {
        fs::remove_dir_all(tool.project.out()).unwrap_or_default();
        tool.project.import_with(&tool.text("").replace("enabled = false", "enabled = true"))
    };
    let is_cached = |report: &Report| stage(report, Stage::Optimize).cached;
    tool.file("result.wasm", b"garbage");
    failure(&import());
    let different =
        wasm(r#"(module (func (export "add") (param i32 i32) (result i32) i32.const 7))"#);
    tool.file("result.wasm", &different);
    assert!(!is_cached(&import()), "the garbage was not kept");
    tool.file("result.wasm", b"garbage");
    let report = import();
    assert!(is_cached(&report));
    assert_eq!(tool.project.artifact(&report, "calc.wat", "source"), different);
    tool.becomes("133 (version_133)", "exit 1");
    assert_eq!(failure(&import()).stage, Stage::Optimize);
}

/// Another module with the exports of `CALC`.
const OTHER: &str = r#"(module (func (export "add") (param i32 i32) (result i32) i32.const 8))"#;

#[test]
fn fault_90_a_result_belongs_to_the_program_that_made_it() {
    let tool = optimizer();
    let work = |name: &str| format!("cp \"$here/{name}.wasm\" \"$out\"");
    for (name, module) in [("small", SMALL), ("other", OTHER)] {
        tool.file(&format!("{name}.wasm"), &wasm(module));
    }
    let import = |path: &str| {
        fs::remove_dir_all(tool.project.out()).unwrap_or_default();
        let text = tool.text("").replace("enabled = false", "enabled = true");
        let report = tool.project.import_with(&text.replace("./fake-wasm-opt", path));
        let cached = stage(&report, Stage::Optimize).cached;
        (tool.project.artifact(&report, "calc.wat", "source"), cached)
    };
    tool.becomes(VERSION, &work("small"));
    assert_eq!(import("./fake-wasm-opt"), (wasm(SMALL), false));
    assert_eq!(import("./fake-wasm-opt"), (wasm(SMALL), true));
    // Another program of the same version and at the same place.
    tool.becomes(VERSION, &work("other"));
    assert_eq!(import("./fake-wasm-opt"), (wasm(OTHER), false));
    // A link is what it leads to, as npm makes them.
    std::os::unix::fs::symlink("fake-wasm-opt", tool.project.path().join("link")).unwrap();
    assert_eq!(import("./link"), (wasm(OTHER), true));
    tool.becomes(VERSION, &work("small"));
    assert_eq!(import("./link"), (wasm(SMALL), true));
    // Versions are for people.
    let tools = &tool.project.manifest()["assets"]["calc"]["tools"];
    assert_eq!(tools, &serde_json::json!({ "wasm-opt": VERSION }));
}

/// Waits for a process to end.
#[cfg(target_os = "linux")]
fn ends(id: &str) -> bool {
    let status = || fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    // A process that nobody waited for is still listed.
    let runs = || !status().is_empty() && !status().contains(") Z ");
    let end = Instant::now() + Duration::from_secs(10);
    while runs() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!id.trim().is_empty(), "it started none");
    !runs()
}

#[cfg(target_os = "linux")]
#[test]
fn fault_91_what_a_program_starts_ends_with_it() {
    // Whether it is ended, fails, or succeeds.
    let start = "sleep 600 & echo $! > \"$here/id\"";
    for (work, expected) in [
        (format!("{start}; wait"), "did not end within 1 s"),
        (format!("{start}; exit 3"), "exit status: 3"),
        (format!("{start}; yes > \"$out\""), " wrote "),
    ] {
        let tool = Tool::doing(&work);
        let error = tool.failure("limits.max-seconds = 1\nlimits.max-bytes = 4096");
        assert!(error.message.contains(expected), "{error}");
        assert!(ends(&tool.read("id")), "{work}");
    }
    let tool = Tool::doing(&format!("{start}; {TAKE}"));
    tool.file("result.wasm", &wasm(SMALL));
    asset(&tool.import(""), "calc.wat");
    assert!(ends(&tool.read("id")));
}

#[cfg(target_os = "linux")]
#[test]
fn fault_91_memory_of_what_a_program_starts_is_its_own() {
    let tool = Tool::doing(
        "sh -c 'x=0123456789abcdef; while :; do x=$x$x; done' & echo $! > \"$here/id\"; wait",
    );
    let error = tool.failure("limits.max-memory-mib = 64\nlimits.max-seconds = 60");
    assert!(error.message.contains("MiB of memory"), "{error}");
    assert!(ends(&tool.read("id")));
}

#[test]
fn fault_92_a_settings_file_runs_nothing_outside_of_its_project() {
    let tool = optimizer();
    let elsewhere = tempfile::tempdir().unwrap();
    let program = elsewhere.path().join("wasm-opt");
    let version = format!("touch \"$here/ran\"; echo 'wasm-opt version {VERSION}'");
    script(&program, &version, "cp \"$in\" \"$out\"");
    let link = tool.project.path().join("link");
    std::os::unix::fs::symlink(&program, &link).unwrap();
    let up = tool.project.path().components().skip(1).map(|_| "../").collect::<String>();
    let climbing = format!("{up}{}", &program.display().to_string()[1..]);
    for path in [program.to_str().unwrap(), "./link", link.to_str().unwrap(), &climbing] {
        let text = tool.text("").replace("./fake-wasm-opt", path);
        let error = failure(&tool.project.import_with(&text)).clone();
        assert_eq!(error.stage, Stage::Optimize, "{error}");
        let real = program.canonicalize().unwrap();
        let expected = format!("`{}` is a program outside of the project", real.display());
        assert!(error.message.contains(&expected), "{error}");
        let help = error.help.as_ref().unwrap();
        assert!(help.contains("`--allow-tools`") && help.contains("`WASM_OPT`"), "{help}");
        assert!(!elsewhere.path().join("ran").exists(), "{path} ran");
        // A policy does not run it either.
        tool.project.import_with(&format!("{text}optimize.on-failure = \"skip\"\n"));
        assert!(!elsewhere.path().join("ran").exists(), "{path} ran");
    }
    // A settings file cannot allow itself.
    let text = tool.text("").replace("./fake-wasm-opt", program.to_str().unwrap());
    assert!(tool.project.settings(&format!("allow-tools = true\n{text}")).is_err());
    assert!(!elsewhere.path().join("ran").exists());
    // The user can, and code is the user's.
    let report = tool.project.configured(&text).allow_tools().run(&()).unwrap();
    asset(&report, "calc.wat");
    assert!(elsewhere.path().join("ran").exists());
    fs::remove_dir_all(tool.project.out()).unwrap();
    let mut tools = wasmport_build::Tools::default();
    tools.wasm_opt.path = Some(program);
    let report = tool.project.configured(&tool.text("")).tools(tools).run(&()).unwrap();
    asset(&report, "calc.wat");
}

#[test]
fn fault_10_and_11_are_judged_as_the_settings_say() {
    for work in ["exit 1", "echo junk > \"$out\"", "true"] {
        for (policy, warnings) in [("warn", 1), ("skip", 0)] {
            let tool = Tool::doing(work);
            let report = tool.import(&format!("optimize.on-failure = {policy:?}"));
            assert_eq!(tool.project.artifact(&report, "calc.wat", "source"), wasm(CALC));
            assert_eq!(report.warnings.len(), warnings, "{:?}", report.warnings);
            assert!(report.warnings.iter().all(|w| w.starts_with("`calc.wat`: optimize: ")));
            let optimize = stage(&report, Stage::Optimize);
            assert!(optimize.skipped.is_some() && optimize.before == optimize.after);
            let tools = &tool.project.manifest()["assets"]["calc"]["tools"];
            assert_eq!(tools["wasm-opt"], VERSION);
        }
    }
}

#[test]
fn what_was_left_out_is_done_once_it_can_be() {
    let tool = optimizer();
    let import = || tool.import("optimize.on-failure = \"warn\"");
    let program = fs::read(tool.path()).unwrap();
    fs::remove_file(tool.path()).unwrap();
    let report = import();
    assert_eq!(tool.project.artifact(&report, "calc.wat", "source"), wasm(CALC));
    assert_eq!(tool.project.manifest()["assets"]["calc"]["tools"]["wasm-opt"], "none");
    assert_eq!(statuses(&import()), [("calc.wat", Status::Unchanged)]);
    let text = tool.text("optimize.on-failure = \"warn\"");
    let pinned = text.replace("[defaults]", "version = \"132\"\n[defaults]");
    assert_eq!(tool.project.configured(&pinned).run_check().unwrap().assets[0].stale, None);
    // There it is, and fails.
    tool.becomes("131", "exit 1");
    assert_eq!(statuses(&import()), [("calc.wat", Status::Imported)]);
    assert_eq!(statuses(&import()), [("calc.wat", Status::Unchanged)]);
    // Another may not.
    fs::remove_file(tool.path()).unwrap();
    fs::write(tool.path(), program).unwrap();
    fs::set_permissions(tool.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let report = import();
    assert_eq!(tool.project.artifact(&report, "calc.wat", "source"), wasm(SMALL));
    assert_eq!(statuses(&import()), [("calc.wat", Status::Unchanged)]);
}

#[test]
fn fault_10_program_that_is_too_old_says_so() {
    let tool = Tool::of_version("108 (version_108)", "echo 'Unknown option' >&2; exit 1");
    let error = tool.failure("");
    assert!(error.message.contains("is version 108 (version_108), which is too old"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("121 or newer"), "{error}");
    asset(
        &{
            tool.becomes("121 (version_121)", "cp \"$in\" \"$out\"");
            tool.import("")
        },
        "calc.wat",
    );
}

#[test]
fn fault_10_flood_without_end_is_ended() {
    for work in ["exec yes", "exec yes >&2", "exec yes > \"$out\""] {
        let tool = Tool::doing(work);
        let error = tool.failure("limits.max-bytes = 4096");
        assert!(error.message.contains("MiB"), "{error}");
        assert!(error.message.contains(" wrote "), "{error}");
    }
}

#[test]
fn another_version_imports_again_and_a_missing_program_does_not() {
    let tool = optimizer();
    tool.project.write("plain.wat", CALC);
    let choices = "[[asset]]\nmatch = \"plain.wat\"\noptimize.enabled = false";
    assert_eq!(tool.import(choices).count(Status::Imported), 2);
    let again = |expected: &[(&str, Status)]| assert_eq!(statuses(&tool.import(choices)), expected);
    let unchanged = [("calc.wat", Status::Unchanged), ("plain.wat", Status::Unchanged)];
    again(&unchanged);
    tool.becomes("133", TAKE);
    again(&[("calc.wat", Status::Imported), ("plain.wat", Status::Unchanged)]);
    assert_eq!(tool.project.manifest()["assets"]["calc"]["tools"]["wasm-opt"], "133");
    again(&unchanged);
    fs::remove_file(tool.path()).unwrap();
    again(&unchanged);
}

#[test]
fn check_knows_the_pinned_version_and_runs_no_program() {
    let tool = optimizer();
    tool.import("");
    script(&tool.path(), "touch \"$here/ran\"; echo 'wasm-opt version 133'", "touch \"$here/ran\"");
    let check = |version: &str| {
        let text =
            tool.text("").replace("[defaults]", &format!("version = {version:?}\n[defaults]"));
        let report = tool.project.configured(&text).run_check().unwrap();
        report.assets[0].stale.clone()
    };
    assert_eq!(check("132"), None);
    assert_eq!(check(VERSION), None);
    let why = check("133").unwrap();
    assert!(why.contains("wasm-opt 132 (version_132) made it, the settings name 133"), "{why}");
    assert!(!tool.project.path().join("ran").exists(), "`check` ran a program");
}

#[test]
fn other_choices_of_optimizing_import_again() {
    let tool = optimizer();
    tool.import("");
    for choices in [
        "optimize.fast-math = \"force\"",
        "optimize.flags = [\"--converge\"]",
        "optimize.on-failure = \"warn\"",
        "strip = [\"name\"]",
    ] {
        assert_eq!(statuses(&tool.import(choices)), [("calc.wat", Status::Imported)], "{choices}");
        assert_eq!(statuses(&tool.import(choices)), [("calc.wat", Status::Unchanged)], "{choices}");
    }
    // How long it may take changes nothing of what comes out.
    let report =
        tool.import("strip = [\"name\"]\nlimits.max-seconds = 50\nlimits.max-memory-mib = 5000");
    assert_eq!(statuses(&report), [("calc.wat", Status::Unchanged)]);
}

const LEGACY: &str = r#"(module (func (export "f") (result i32) try (result i32) i32.const 1 catch_all i32.const 2 end))"#;
const STANDARD: &str = r#"(module (func (export "f") (result i32)
    block $caught block try_table (result i32) (catch_all 0) i32.const 1 end return end end i32.const 2))"#;

#[test]
fn legacy_exceptions_are_translated_where_that_is_asked_for() {
    let tool =
        Tool::doing("shift 3; echo \"$@\" > \"$here/args\"; cp \"$here/result.wasm\" \"$out\"");
    tool.file("result.wasm", &wasm(STANDARD));
    tool.project.write("calc.wat", LEGACY);
    let off = "optimize.enabled = false";
    let error = failure(&tool.import(off)).clone();
    assert_eq!(error.stage, Stage::Validate);
    assert!(error.help.unwrap().contains("legacy-exceptions = \"translate\""));

    let on = format!("{off}\nlegacy-exceptions = \"translate\"");
    let report = tool.import(&on);
    assert_eq!(tool.project.artifact(&report, "calc.wat", "source"), wasm(STANDARD));
    let translate = stage(&report, Stage::Translate);
    assert_eq!(translate.by.as_deref(), Some("wasm-opt 132 (version_132)"));
    assert_eq!(
        (translate.before, translate.after),
        (wasm(LEGACY).len() as u64, wasm(STANDARD).len() as u64)
    );
    assert_eq!(tool.project.manifest()["assets"]["calc"]["tools"]["wasm-opt"], VERSION);
    let args = tool.read("args");
    for arg in [
        "--translate-to-exnref",
        "--enable-exception-handling",
        "--enable-reference-types",
        "--enable-multivalue",
        "--mvp-features",
    ] {
        assert!(args.split_whitespace().any(|given| given == arg), "{arg}: {args}");
    }
    assert_eq!(statuses(&tool.import(&on)), [("calc.wat", Status::Unchanged)]);
    tool.becomes("133", TAKE);
    assert_eq!(statuses(&tool.import(&on)), [("calc.wat", Status::Imported)]);

    // What needs no translation gets none, and what is no translation is refused.
    tool.project.write("calc.wat", CALC);
    let report = tool.import(&on);
    assert!(asset(&report, "calc.wat").stages.iter().all(|s| s.stage != Stage::Translate));
    tool.project.write("calc.wat", LEGACY);
    tool.file("result.wasm", &wasm(LEGACY));
    let report = tool.import(&on);
    assert!(failure(&report).message.contains("legacy exceptions"), "{}", failure(&report));
    tool.becomes("133", "echo oh >&2; exit 1");
    let report = tool.import(&on);
    let error = failure(&report);
    assert!(error.stage == Stage::Translate && error.message.contains(": oh"), "{error}");
}

#[test]
fn no_temporary_file_is_left() {
    let tool = Tool::doing("echo \"$in\" > \"$here/where\"; cp \"$in\" \"$out\"");
    tool.import("");
    let folder = PathBuf::from(tool.read("where").trim()).parent().unwrap().to_path_buf();
    assert!(folder.is_absolute() && !folder.exists(), "{}", folder.display());
}
