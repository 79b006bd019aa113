//! Compiles programs that misuse wrappers and compares rustc's errors with the comments in them.

use serde_json::{Deserializer, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const EXPECTED: &str = "//~ ERROR ";

#[test]
fn every_mistake_is_a_compile_error_that_names_it() {
    let programs = std::fs::read_dir(programs().join("src/bin")).unwrap();
    let paths = programs.map(|entry| entry.unwrap().path());
    let faults: Vec<String> = paths.flat_map(|path| check(&path)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn fault_80_safe_code_describes_no_asset_and_wrappers_need_no_unsafe_code() {
    // The first calls the function, and puts `unsafe` into a wrapper's macro. The second has wrappers and
    // forbids unsafe code.
    for (name, is_correct) in [("described_asset", false), ("correct", true)] {
        let path = programs().join("src/bin").join(name).with_extension("rs");
        let program = std::fs::read_to_string(&path).unwrap();
        assert!(program.contains("#![forbid(unsafe_code)]"));
        assert_eq!(program.contains(EXPECTED), !is_correct);
        assert_eq!(check(&path), Vec::<String>::new());
    }
}

/// Compares the errors of a program with the comments in it.
fn check(path: &Path) -> Vec<String> {
    static ERRORS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(build_all);
    let name = path.file_stem().unwrap().to_str().unwrap();
    let program = std::fs::read_to_string(path).unwrap();
    match ERRORS.get(name) {
        Some(errors) => compare(name, &program, errors),
        None => vec![format!("{name}: cargo did not compile it")],
    }
}

fn programs() -> PathBuf {
    root().join("fixtures/compile-errors")
}

/// Imports the assets and builds all programs; returns the rendered errors of each.
fn build_all() -> BTreeMap<String, Vec<String>> {
    let programs = programs();
    let wrappers = target_folder().join("compile-errors");
    for assets in [
        "before",
        "after",
        "component",
        "gc",
        "hosts",
        "linked",
        "threads",
        "versions",
        "wasi",
        "zstd",
    ] {
        import(&programs.join("assets").join(assets), &wrappers.join(assets));
    }
    import_foreign(&programs.join("assets/before"), &wrappers.join("other_contract"));
    let mut errors = build(&programs, &wrappers, &[]);
    let components = ["--features=component-model", "--bin=component_*"];
    errors.extend(build(&programs, &wrappers, &components));
    errors
}

/// Returns the expected errors that are missing and the errors that no comment expects.
fn compare(name: &str, program: &str, errors: &[String]) -> Vec<String> {
    let expected: Vec<&str> =
        program.lines().filter_map(|line| line.strip_prefix(EXPECTED)).collect();
    let missing = expected.iter().filter(|text| !errors.iter().any(|error| error.contains(**text)));
    let surplus = errors.iter().filter(|error| !expected.iter().any(|text| error.contains(text)));
    let missing = missing.map(|text| format!("{name}: no error says `{text}`"));
    missing.chain(surplus.map(|error| format!("{name}: unexpected {error}"))).collect()
}

/// Builds the programs that the options select; returns the rendered errors of each.
fn build(programs: &Path, wrappers: &Path, options: &[&str]) -> BTreeMap<String, Vec<String>> {
    // The programs are tested with the versions of this repository.
    std::fs::copy(root().join("Cargo.lock"), programs.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--keep-going", "--message-format=json"])
        .args(options)
        .current_dir(programs)
        .env("WRAPPERS", wrappers)
        // The programs of skew.rs have the same dependencies.
        .env("CARGO_TARGET_DIR", target_folder().join("skew"))
        .output()
        .unwrap();
    // Shows the reason if cargo did not compile the programs.
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    let mut errors = BTreeMap::<_, Vec<_>>::new();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    for message in Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let message = message.unwrap();
        if message["target"]["kind"] != json!(["bin"]) {
            continue;
        }
        let errors = errors.entry(text(&message["target"]["name"])).or_default();
        let diagnostic = &message["message"];
        // A diagnostic without a location only counts the others.
        if diagnostic["level"] == "error" && diagnostic["spans"] != json!([]) {
            errors.push(text(&diagnostic["rendered"]));
        }
    }
    errors
}

fn import(assets: &Path, wrappers: &Path) {
    let own = assets.join("wasmport.toml");
    let settings = if own.exists() { own } else { programs().join("wasmport.toml") };
    let status = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["import", "--quiet", "--out-dir"])
        .arg(wrappers)
        .arg("--config")
        .arg(settings)
        .arg(assets)
        .status()
        .unwrap();
    assert!(status.success());
}

/// Changes the wrappers to those of a generator with another contract version.
fn import_foreign(assets: &Path, wrappers: &Path) {
    import(assets, wrappers);
    for wrapper in ["till.rs", "coupon.rs"] {
        let path = wrappers.join(wrapper);
        let own = std::fs::read_to_string(&path).unwrap();
        let foreign = own.replace("check_contract(", "check_contract(1000 + ");
        assert_ne!(foreign, own);
        std::fs::write(path, foreign).unwrap();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the target folder of this test, whose executable is `target/debug/deps/compile_errors-…`.
fn target_folder() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_path_buf()
}

#[test]
fn missing_and_unexpected_errors_are_found() {
    let program = "//! A program.\n//~ ERROR no method `a`\n";
    let error = |text: &str| vec![format!("error[E0599]: {text}")];
    assert!(compare("x", program, &error("no method `a` found")).is_empty());
    assert_eq!(compare("x", program, &[]).len(), 1);
    assert_eq!(compare("x", "//! Correct.\n", &error("no method `a` found")).len(), 1);
    assert_eq!(compare("x", program, &error("no method `b` found")).len(), 2);
}
