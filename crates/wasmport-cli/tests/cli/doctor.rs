//! `doctor`: findings about the machine, the package and the project.

use super::{CALC, code, json, program, project};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A project whose runtime is a crate without code, with these features enabled.
fn package(features: &str, version: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let own = format!(
        "[package]\nname = \"game\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nwasmport = {{ path = \
         \"runtime\", features = [{features}] }}\n"
    );
    let runtime = format!(
        "[package]\nname = \"wasmport\"\nversion = \"{version}\"\nedition = \"2024\"\n[features]\ngc = []\npulley = []\nwasi = []\n\
         threads = []\ncomponent-model = []\nzstd = []\n"
    );
    let project = project(files);
    for (path, text) in [
        ("Cargo.toml", own.as_str()),
        ("src/lib.rs", ""),
        ("runtime/Cargo.toml", &runtime),
        ("runtime/src/lib.rs", ""),
    ] {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    lock(project.path());
    project
}

fn lock(folder: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["generate-lockfile", "--offline"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn doctor(folder: &Path, variables: &[(&str, &str)]) -> (i32, Value) {
    let output = run(folder, variables, &["--format", "json"]);
    (code(&output), json(&output))
}

fn run(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = program();
    command.env_remove("WASM_OPT").envs(variables.iter().copied());
    command.args(["wasmport", "doctor"]).args(args).current_dir(folder).output().unwrap()
}

/// The level, the cause and the mend of each finding about a subject.
fn about<'d>(diagnosis: &'d Value, subject: &str) -> Vec<(&'d str, &'d str, &'d str)> {
    let findings = diagnosis["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|finding| finding["subject"] == subject);
    let text = |value: &'d Value| value.as_str().unwrap_or_default();
    findings.map(|f| (text(&f["level"]), text(&f["cause"]), text(&f["mend"]))).collect()
}

#[test]
fn a_project_in_order_has_no_errors() {
    let project = package("", VERSION, &[("assets/calc.wat", CALC)]);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    assert_eq!((exit, &diagnosis["summary"]["errors"]), (0, &0.into()), "{diagnosis:#}");
    for subject in ["cargo", "rustc", "wasmport", "the assets", "wasm-opt"] {
        assert_eq!(about(&diagnosis, subject)[0].0, "ok", "{subject}: {diagnosis:#}");
    }
    assert_eq!(about(&diagnosis, "src/assets")[0].0, "note", "{diagnosis:#}");
    assert_eq!(diagnosis["version"], VERSION);
    assert!(!project.path().join(".wasmport-cache").exists(), "it writes nothing");
    let text = String::from_utf8(run(project.path(), &[], &[]).stdout).unwrap();
    assert!(text.contains("       ok packages: wasmport: version "), "{text}");
    assert!(
        text.lines().last().unwrap().starts_with("doctor: ") && text.ends_with(" 0 errors\n"),
        "{text}"
    );
    let quiet = run(project.path(), &[], &["-q"]);
    assert!(quiet.stdout.is_empty(), "{}", String::from_utf8_lossy(&quiet.stdout));
}

#[test]
fn features_that_assets_need_are_compared_with_those_of_the_graph() {
    let wasi = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))"#;
    let files = [
        ("assets/gc.wat", "(module (type (struct)) (global (ref null 0) (ref.null 0)))"),
        ("assets/wasi.wat", wasi),
        ("assets/c.wat", "(component)"),
        ("wasmport.toml", "targets = [\"portable\"]\n[defaults]\ncompress = { \"*\" = 3 }\n"),
    ];
    let project = package("\"wasi\", \"zstd\"", VERSION, &files);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    assert_eq!(exit, 1);
    for (feature, by) in
        [("gc", "gc.wat"), ("component-model", "c.wat"), ("pulley", "the target portable")]
    {
        let findings = about(&diagnosis, &format!("wasmport/{feature}"));
        let mend = format!("cargo add wasmport --features {feature}");
        let cause = format!("it is not enabled; needed by `{by}`");
        assert_eq!(findings, [("error", cause.as_str(), mend.as_str())], "{diagnosis:#}");
    }
    for feature in ["wasi", "zstd"] {
        assert_eq!(about(&diagnosis, &format!("wasmport/{feature}")), [], "{diagnosis:#}");
    }
    // The same from the manifest, which needs no file to be parsed.
    assert_eq!(code(&super::wasmport(project.path(), &["import"])), 0);
    let (_, again) = doctor(project.path(), &[]);
    assert_eq!(about(&again, "wasmport/gc").len(), 1, "{again:#}");
    assert_eq!(about(&again, "src/assets"), [("ok", "3 assets are up to date", "")]);
}

#[test]
fn packages_that_do_not_fit_are_errors() {
    let project = package("", "0.0.7", &[("assets/calc.wat", CALC)]);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let [(level, cause, mend)] = about(&diagnosis, "wasmport")[..] else { panic!("{diagnosis:#}") };
    assert_eq!((exit, level, mend), (1, "error", "cargo install cargo-wasmport --version 0.0.7"));
    assert!(cause.starts_with("version 0.0.7 is not that of this command"), "{cause}");

    let text = "[package]\nname = \"game\"\nversion = \"1.0.0\"\n[workspace]\n";
    fs::write(project.path().join("Cargo.toml"), text).unwrap();
    lock(project.path());
    let (exit, diagnosis) = doctor(project.path(), &[]);
    assert_eq!(exit, 1);
    assert_eq!(
        about(&diagnosis, "wasmport"),
        [("error", "the package `game` does not depend on it", "cargo wasmport new")]
    );

    // Without a lock file cargo would write one.
    fs::remove_file(project.path().join("Cargo.lock")).unwrap();
    let (exit, diagnosis) = doctor(project.path(), &[]);
    assert_eq!((exit, about(&diagnosis, "cargo metadata")[0].0), (0, "warning"), "{diagnosis:#}");
    assert!(!project.path().join("Cargo.lock").exists());
    fs::remove_file(project.path().join("Cargo.toml")).unwrap();
    let (exit, diagnosis) = doctor(project.path(), &[]);
    assert_eq!((exit, about(&diagnosis, "Cargo.toml")[0].0), (0, "note"), "{diagnosis:#}");
}

#[test]
fn settings_assets_and_outputs_are_examined() {
    let project = package("", VERSION, &[("assets/calc.wat", CALC), ("assets/bad.wat", "(modul)")]);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let bad = about(&diagnosis, "bad.wat");
    assert!(exit == 1 && bad[0].0 == "error" && bad[0].1.contains("bad.wat:1:2"), "{diagnosis:#}");
    fs::remove_file(project.path().join("assets/bad.wat")).unwrap();
    assert_eq!(code(&super::wasmport(project.path(), &["import"])), 0);
    fs::write(project.path().join("assets/calc.wat"), "(module)").unwrap();
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let stale = "stale: `calc.wat`: its source changed since it was imported";
    assert_eq!(
        (exit, about(&diagnosis, "src/assets")),
        (0, vec![("warning", stale, "cargo wasmport import")])
    );

    fs::write(project.path().join("wasmport.toml"), "[engin]\n").unwrap();
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let [(level, cause, _)] = about(&diagnosis, "wasmport.toml")[..] else {
        panic!("{diagnosis:#}")
    };
    assert!(exit == 1 && level == "error" && cause.contains("engin"), "{cause}");
    assert_eq!(about(&diagnosis, "rustc")[0].0, "ok", "the machine is examined anyway");
}

#[test]
fn the_list_of_files_that_are_not_valid_is_short() {
    let names: Vec<String> = (0..25).map(|number| format!("assets/{number}.wat")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "(")).collect();
    let project = project(&files);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let findings = diagnosis["findings"].as_array().unwrap().iter();
    let assets = findings.filter(|finding| finding["check"] == "assets").count();
    assert_eq!((exit, assets), (1, 21), "{diagnosis:#}");
    assert_eq!(about(&diagnosis, "the assets")[0].1, "5 more files are not valid");
}

#[test]
fn targets_of_other_machines_are_named() {
    let settings = "targets = [\"s390x-unknown-linux-gnu\"]\n";
    let project = package("", VERSION, &[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let findings = about(&diagnosis, "s390x-unknown-linux-gnu");
    let has_all = cfg!(feature = "all-targets");
    assert_eq!(exit, i32::from(!has_all), "{diagnosis:#}");
    assert_eq!(
        findings.iter().any(|finding| finding.2 == "cargo install cargo-wasmport"),
        !has_all
    );
    let library = ("note", "rustup target add s390x-unknown-linux-gnu");
    assert!(
        findings
            .iter()
            .any(|finding| (finding.0, finding.2) == library || finding.1.contains("is installed"))
    );
    assert_eq!(about(&diagnosis, "this machine")[0].0, "warning");
}

#[cfg(unix)]
#[test]
fn the_optimizer_is_looked_for_if_an_asset_needs_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let settings = "[[asset]]\nmatch = \"calc.wat\"\noptimize.level = \"O2\"\n";
    let project = package(
        "",
        VERSION,
        &[
            ("assets/calc.wat", CALC),
            ("wasmport.toml", settings),
            ("old", "#!/bin/sh\necho 'wasm-opt version 100'\n"),
            ("good", "#!/bin/sh\necho 'wasm-opt version 999 (own)'\n"),
        ],
    );
    let tool = |name: &str| {
        let path = project.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap_or(());
        let (exit, diagnosis) = doctor(project.path(), &[("WASM_OPT", path.to_str().unwrap())]);
        (
            exit,
            about(&diagnosis, "wasm-opt")[0].0.to_owned(),
            about(&diagnosis, "wasm-opt")[0].1.to_owned(),
        )
    };
    assert_eq!(tool("good"), (0, "ok".into(), "version 999 (own), for `calc.wat`".into()));
    for name in ["old", "missing"] {
        let (exit, level, cause) = tool(name);
        assert_eq!((exit, level.as_str()), (1, "error"), "{cause}");
        assert!(cause.ends_with("; needed by `calc.wat`"), "{cause}");
    }
    fs::write(
        project.path().join("wasmport.toml"),
        settings.to_owned() + "optimize.on-failure = \"skip\"\n",
    )
    .unwrap();
    assert_eq!(tool("missing").1, "warning");
}

#[cfg(unix)]
#[test]
fn legacy_exceptions_that_are_translated_need_the_tool() {
    use std::os::unix::fs::PermissionsExt as _;
    let legacy = "(module (import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32))) (tag) (func (export \"f\") \
                  try catch_all end))";
    let files =
        [("assets/old.wat", legacy), ("good", "#!/bin/sh\necho 'wasm-opt version 999 (own)'\n")];
    let project = package("\"gc\"", VERSION, &files);
    let good = project.path().join("good");
    fs::set_permissions(&good, fs::Permissions::from_mode(0o755)).unwrap();
    let with_tool = |path: &Path| doctor(project.path(), &[("WASM_OPT", path.to_str().unwrap())]);

    let (exit, diagnosis) = with_tool(&good);
    let [(level, _, mend)] = about(&diagnosis, "old.wat")[..] else { panic!("{diagnosis:#}") };
    assert!(exit == 1 && level == "error" && mend.contains("legacy-exceptions"), "{mend}");

    let settings = "[defaults]\nlegacy-exceptions = \"translate\"\n";
    fs::write(project.path().join("wasmport.toml"), settings).unwrap();
    let (_, diagnosis) = with_tool(&good);
    assert_eq!(about(&diagnosis, "old.wat"), [], "{diagnosis:#}");
    assert_eq!(about(&diagnosis, "the assets")[0].0, "ok", "{diagnosis:#}");
    let found = ("ok", "version 999 (own), for `old.wat`", "");
    assert_eq!(about(&diagnosis, "wasm-opt"), [found], "{diagnosis:#}");
    assert_eq!(about(&diagnosis, "wasmport/gc"), [], "{diagnosis:#}");
    assert_eq!(about(&diagnosis, "wasmport/wasi").len(), 1, "{diagnosis:#}");

    let (exit, diagnosis) = with_tool(&project.path().join("missing"));
    let [(level, cause, _)] = about(&diagnosis, "wasm-opt")[..] else { panic!("{diagnosis:#}") };
    assert!(exit == 1 && level == "error" && cause.ends_with("; needed by `old.wat`"), "{cause}");

    // A file with another fault is not valid, whatever is translated.
    fs::write(project.path().join("assets/old.wat"), "(module (func i32.add))").unwrap();
    let (_, diagnosis) = with_tool(&good);
    assert_eq!(about(&diagnosis, "old.wat")[0].0, "error", "{diagnosis:#}");
}

#[test]
fn an_output_folder_that_cannot_be_used_is_an_error() {
    for (path, text, level, part) in [
        ("src/assets", "", "error", "is not a folder"),
        ("src/assets/wasmport.json", "x", "error", "its JSON is broken"),
        ("src/assets/wasmport.json/mine", "", "error", "is in the way"),
        ("src/assets/wasmport.json", "{\n  \"format\": 2,\n<<<<<<<", "warning", "is damaged"),
    ] {
        let project = project(&[("assets/calc.wat", CALC), (path, text)]);
        let (_, diagnosis) = doctor(project.path(), &[]);
        let [(found, cause, mend)] = about(&diagnosis, "src/assets")[..] else {
            panic!("{diagnosis:#}")
        };
        assert!(found == level && cause.contains(part) && !mend.is_empty(), "{path}: {cause}");
        let quiet = run(project.path(), &[], &["-q"]);
        let quiet = String::from_utf8(quiet.stdout).unwrap();
        assert!(quiet.contains("output: src/assets: "), "{quiet}");
    }
}

#[test]
fn a_cache_folder_that_cannot_be_created_is_a_warning() {
    let project = project(&[("assets/calc.wat", CALC), ("file", "")]);
    let cache = |folder: &str| {
        let (_, diagnosis) = doctor(project.path(), &[("WASMPORT_CACHE_DIR", folder)]);
        let [(level, cause, _)] = about(&diagnosis, folder)[..] else { panic!("{diagnosis:#}") };
        (level.to_owned(), cause.to_owned())
    };
    assert_eq!(cache("new/cache"), ("ok".into(), "the first import creates it".into()));
    assert!(!project.path().join("new").exists(), "it writes nothing");
    let cause = "imports cannot create it: `file` is not a folder";
    assert_eq!(cache("file/cache"), ("warning".into(), cause.into()));
    if cfg!(target_os = "linux") {
        let (level, cause) = cache("/proc/wasmport");
        assert!(level == "warning" && cause.starts_with("imports cannot create it: "), "{cause}");
    }
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_can_change_and_damaged_entries_are_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = package("", VERSION, &[("assets/calc.wat", CALC)]);
    assert_eq!(code(&super::wasmport(project.path(), &["import"])), 0);
    let cache = project.path().join(".wasmport-cache");
    let levels = || {
        let (exit, diagnosis) = doctor(project.path(), &[]);
        assert_eq!(exit, 0, "a cache is never an error");
        let findings = diagnosis["findings"].as_array().unwrap().iter();
        let cache = findings.filter(|finding| finding["check"] == "cache");
        cache.map(|f| format!("{} {}", f["level"], f["cause"])).collect::<Vec<_>>().join("\n")
    };
    assert!(!levels().contains("warning") && levels().contains("are intact"), "{}", levels());
    let blobs = cache.join("blobs");
    let folder = fs::read_dir(&blobs).unwrap().next().unwrap().unwrap().path();
    let blob = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    fs::write(&blob, "damaged").unwrap();
    assert!(levels().contains("are damaged"), "{}", levels());
    assert!(blob.exists(), "it only looks");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(levels().contains("cannot be trusted"), "{}", levels());
}

#[test]
fn the_remote_store_is_not_asked() {
    let settings = "[cache.remote]\nurl = \"https://user:pw@127.0.0.1:1/x\"\n";
    let project = package("", VERSION, &[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
    let (exit, diagnosis) = doctor(project.path(), &[]);
    let remote = about(&diagnosis, "the remote store");
    assert_eq!((exit, remote.len()), (0, 1), "{diagnosis:#}");
    assert!(["warning", "note"].contains(&remote[0].0), "{remote:?}");
}
