//! Work that several jobs share: the parts of an import, and their merge.

use crate::{CALC, code, json, program, project};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const TWO: &str = r#"(module (func (export "two") (result i32) (i32.const 2)))"#;

/// Settings with several targets and with stages before and after compiling.
const SETTINGS: &str = r#"
targets = ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu+v3", "portable", "source"]

[defaults]
strip = ["producers"]
compress = { portable = 3 }

[[asset]]
match = "atomics.wat"
unsupported = "skip"
"#;

/// A module that Wasmtime compiles only without its debug information.
const DAMAGED: &str = r#"(module
  (func (export "f") (result i32) (i32.const 1))
  (@custom ".debug_abbrev" (after last) "\01\11\01\25\08\00\00\00")
  (@custom ".debug_info" (after last) "\0c\00\00\00\04\00\00\00\00\00\04\01\ff\ff\ff\ff"))"#;

/// The number of results that a merge of the project needs.
const ITEMS: u64 = 7 * 3;

/// A component with two functions.
const ADDER: &str = r#"(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "count") (result i32) (i32.const 8)))
  (core instance $code (instantiate $code))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32)
    (canon lift (core func $code "add")))
  (func (export "count") (result u32) (canon lift (core func $code "count"))))"#;

/// Returns a module with this number of functions.
fn module(functions: u32) -> String {
    let function = |n| {
        format!(
            "(func (export \"f{n}\") (param i64) (result i64) (i64.rotl (local.get 0) (i64.const {n})))"
        )
    };
    format!("(module {})", (0..functions).map(function).collect::<String>())
}

/// A project with modules of several sizes, one of them twice, one that a target cannot run, and a component.
fn project_of_many() -> TempDir {
    project(&[
        ("wasmport.toml", SETTINGS),
        ("assets/calc.wat", CALC),
        ("assets/again.wat", CALC),
        (
            "assets/atomics.wat",
            "(module (memory (export \"m\") 1 1 shared) (func (export \"f\") (atomic.fence)))",
        ),
        ("assets/small.wat", &module(5)),
        ("assets/shapes/middle.wat", &module(20)),
        ("assets/shapes/large.wat", &module(80)),
        ("assets/memory.wat", "(module (memory (export \"memory\") 1 4))"),
        ("assets/components/adder.wat", ADDER),
    ])
}

fn run(project: &Path, cache: &str, args: &[&str]) -> Output {
    program().env("WASMPORT_CACHE_DIR", cache).args(args).current_dir(project).output().unwrap()
}

/// Compiles a part into a cache folder, and returns its report.
fn part(project: &Path, cache: &str, partition: &str) -> Value {
    let output = run(project, cache, &["import", "--partition", partition, "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    json(&output)
}

/// Merges in a cache folder, and returns the exit code and the report.
fn merge(project: &Path, cache: &str, args: &[&str]) -> (i32, Value) {
    let output = run(project, cache, &[&["merge", "--format", "json"], args].concat());
    (code(&output), json(&output))
}

/// Merges in a cache folder, and returns the exit code and what a user reads.
fn told(project: &Path, cache: &str, args: &[&str]) -> (i32, String) {
    let output = run(project, cache, &[&["merge"], args].concat());
    (code(&output), String::from_utf8(output.stderr).unwrap())
}

/// The outputs of a project, and its lock file.
fn outputs(project: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut places = vec![project.join("src"), project.join("wasmport.lock")];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = fs::read(&place) {
            assert!(files.insert(place.strip_prefix(project).unwrap().to_owned(), bytes).is_none());
        }
    }
    files
}

/// Removes the outputs, as in another checkout.
fn forget(project: &Path) {
    let _ = fs::remove_dir_all(project.join("src"));
    let _ = fs::remove_file(project.join("wasmport.lock"));
}

fn warnings(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// The number of artifacts that were compiled, and not found.
fn compiled(report: &Value) -> usize {
    let assets = report["assets"].as_array().unwrap().iter();
    let stages = assets.flat_map(|asset| asset["stages"].as_array().unwrap());
    let compiled = stages.filter(|stage| stage["stage"] == "compile" && stage["skipped"].is_null());
    compiled.filter(|stage| stage["cached"] != true && stage["target"] != "source").count()
}

#[test]
fn merged_parts_are_an_import_on_one_machine() {
    let project = project_of_many();
    let alone = run(project.path(), "alone", &["import", "--no-cache"]);
    assert_eq!(code(&alone), 0, "{}", String::from_utf8_lossy(&alone.stderr));
    let expected = outputs(project.path());
    for parts in [1, 2, 3, 7, 50] {
        forget(project.path());
        let cache = format!("cache-{parts}");
        let reports: Vec<Value> = (1..=parts)
            .map(|part_of| part(project.path(), &cache, &format!("{part_of}/{parts}")))
            .collect();
        assert!(outputs(project.path()).is_empty(), "a part writes no output and no lock file");
        let sum = |key: &str| {
            reports.iter().map(|report| report["part"][key].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!((sum("items"), sum("cached")), (ITEMS, 0), "{parts}");
        assert!(reports.iter().all(|report| report["part"]["of"] == ITEMS));
        // The target that cannot run an asset is an item too.
        assert_eq!(reports.iter().map(compiled).sum::<usize>() as u64, ITEMS - 1, "{parts}");
        let (code, report) = merge(project.path(), &cache, &[]);
        assert_eq!((code, warnings(&report)), (0, Vec::new()));
        assert_eq!(compiled(&report), 0);
        assert!(outputs(project.path()) == expected, "{parts} parts");
    }
}

#[test]
fn a_part_that_is_started_again_compiles_what_is_missing() {
    let project = project_of_many();
    let first = part(project.path(), "cache", "2/3");
    assert!(compiled(&first) > 0);
    let again = part(project.path(), "cache", "2/3");
    assert_eq!((compiled(&again), &again["part"]["items"]), (0, &first["part"]["items"]));
    // An import on this machine profits too. It may compile the asset that is there twice, twice.
    let output = run(project.path(), "cache", &["import", "--format", "json"]);
    let found = compiled(&first) as u64;
    assert!(compiled(&json(&output)) as u64 <= ITEMS - 1 + 3 - found);
}

#[test]
fn a_part_reports_its_items() {
    let project = project(&[("assets/calc.wat", CALC), ("assets/two.wat", TWO)]);
    let import = || run(project.path(), "cache", &["import", "--partition", "1/1"]);
    let text = |output: Output| String::from_utf8(output.stdout).unwrap();
    let first = text(import());
    assert!(first.starts_with(" compiled calc.wat\n compiled two.wat\n"), "{first}");
    assert!(
        first.contains("\npart 1/1: 2 of 2 items, 0 from the cache; 2 compiled in "),
        "{first}"
    );
    let again = text(import());
    assert!(
        again.contains("\npart 1/1: 2 of 2 items, 2 from the cache; 2 compiled in "),
        "{again}"
    );
    let report = part(project.path(), "cache", "1/1");
    let calc = &report["assets"][0];
    assert_eq!(
        (&calc["status"], &calc["stages"][2]["cached"]),
        (&"compiled".into(), &true.into()),
        "{calc}"
    );
    assert_eq!(calc["artifacts"][0]["blake3"].as_str().unwrap().len(), 64);
}

#[test]
fn names_do_not_decide_parts() {
    let assignment = |names: [&str; 2]| {
        let project = project(&[(names[0], CALC), (names[1], TWO)]);
        let report = part(project.path(), "cache", "1/2");
        report["assets"][0]["artifacts"][0]["blake3"].as_str().unwrap().to_owned()
    };
    let first = assignment(["assets/calc.wat", "assets/two.wat"]);
    assert_eq!(first, assignment(["assets/z/one.wat", "assets/a.wat"]));
}

#[test]
fn a_merge_lists_what_is_missing_and_writes_nothing() {
    let project = project(&[("assets/calc.wat", CALC), ("assets/two.wat", TWO)]);
    let one = part(project.path(), "cache", "1/2");
    let (code, report) = merge(project.path(), "cache", &["--parts", "2"]);
    assert_eq!(code, 1);
    let missing = report["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0]["part"], "2/2");
    assert_ne!(missing[0]["source"], one["assets"][0]["source"]);
    assert!(outputs(project.path()).is_empty());
    let source = missing[0]["source"].as_str().unwrap();
    let target = missing[0]["target"].as_str().unwrap();
    let expected = format!(
        "error: `assets/{source}`: compile: not in the cache: {target} (part 2/2)\nerror: 1 result missing, of part \
         2/2: nothing was written\n  help: run `cargo wasmport import --partition 2/2` again with these sources and \
         settings, or pass `--compile-missing`\n"
    );
    assert_eq!(told(project.path(), "cache", &["--parts", "2"]), (1, expected.clone()));
    let without_parts =
        expected.replace(" (part 2/2)", "").replace(", of part 2/2", "").replace("2/2", "K/N");
    assert_eq!(told(project.path(), "cache", &[]), (1, without_parts));
    let (code, report) = merge(project.path(), "cache", &["--compile-missing"]);
    assert_eq!((code, compiled(&report), report["missing"].is_null()), (0, 1, true));
    assert_eq!(crate::code(&run(project.path(), "cache", &["check"])), 0);
    // What is up to date is not looked up.
    assert_eq!(merge(project.path(), "empty", &[]).0, 0);
}

#[test]
fn an_asset_that_another_stands_for_is_looked_up() {
    let project = project(&[("assets/calc.wat", CALC)]);
    assert_eq!(code(&run(project.path(), "cache", &["import"])), 0);
    fs::write(project.path().join("assets/new.wat"), CALC).unwrap();
    let before = outputs(project.path());
    let (code, report) = merge(project.path(), "empty", &[]);
    assert_eq!((code, &report["missing"][0]["source"]), (1, &"new.wat".into()));
    assert!(outputs(project.path()) == before);
    assert_eq!(merge(project.path(), "cache", &[]).0, 0);
}

#[test]
fn sources_and_settings_that_changed_meanwhile_are_missing() {
    let project = project(&[("assets/calc.wat", CALC), ("assets/two.wat", TWO)]);
    let _ = part(project.path(), "cache", "1/1");
    fs::write(project.path().join("assets/two.wat"), TWO.replace("const 2", "const 3")).unwrap();
    let (code, report) = merge(project.path(), "cache", &[]);
    assert_eq!((code, report["missing"].as_array().unwrap().len()), (1, 1));
    assert_eq!(report["missing"][0]["source"], "two.wat");
    let (code, report) = merge(project.path(), "cache", &["--target", "portable"]);
    assert_eq!((code, report["missing"].as_array().unwrap().len()), (1, 2));
    assert!(outputs(project.path()).is_empty());
}

#[test]
fn results_come_from_the_folders_of_other_jobs() {
    let project = project_of_many();
    for part_of in 1..=3 {
        let _ = part(project.path(), &format!("results/{part_of}"), &format!("{part_of}/3"));
    }
    let folders = ["results/1", "results/2", "results/3"];
    let missing = merge(project.path(), "own", &folders[..2]);
    assert_eq!(missing.0, 1);
    let before = files(&project.path().join("results"));
    // A folder that is named twice, and the own cache, are no mistake.
    let twice = [&folders[..], &["results/../results/2", "own"]].concat();
    let (code, report) = merge(project.path(), "own", &twice);
    assert_eq!((code, warnings(&report), compiled(&report)), (0, Vec::new(), 0));
    assert_eq!(files(&project.path().join("results")), before, "folders are not changed");
}

/// The files below a folder, with their lengths.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => assert!(
                    files.insert(path.clone(), fs::metadata(&path).unwrap().len()).is_none()
                ),
            }
        }
    }
    files
}

/// The files of a cache with a part of their path.
fn entries(cache: &Path, with: &str) -> Vec<PathBuf> {
    let all = files(cache).into_keys();
    all.filter(|path| path.to_string_lossy().contains(with)).collect()
}

#[test]
fn folders_without_results_of_the_project_are_named() {
    let ours = project(&[("assets/calc.wat", CALC)]);
    let theirs = project(&[("assets/two.wat", TWO)]);
    let _ = part(theirs.path(), "cache", "1/1");
    let other = theirs.path().join("cache").display().to_string();
    fs::create_dir(ours.path().join("empty")).unwrap();
    fs::create_dir_all(ours.path().join("results/1")).unwrap();
    let (code, report) = merge(ours.path(), "cache", &[&other, "empty"]);
    assert_eq!((code, report["missing"].as_array().unwrap().len()), (1, 1));
    assert_eq!(
        warnings(&report),
        [
            "`empty` is empty: its job had no item, or did not end".to_owned(),
            format!(
                "`{other}`: none of its 1 results is used: its job had other sources, settings or versions"
            )
        ]
    );
    for (folder, expected) in [
        (
            "results",
            "error: `results` is no cache folder\n  help: name the folders themselves that jobs had in \
             `WASMPORT_CACHE_DIR`, such as `results/*`\n",
        ),
        ("nowhere", "error: cannot find `nowhere`: "),
        ("assets/calc.wat", "error: cannot read `assets/calc.wat`: "),
    ] {
        let (code, text) = told(ours.path(), "cache", &[folder]);
        assert!(code == 2 && text.starts_with(expected), "{code}: {text}");
    }
}

#[test]
fn damaged_results_are_missing() {
    for (what, damage) in
        [("records/artifact-", &b"{}\n"[..]), ("blobs/", b"other"), ("blobs/", b"")]
    {
        let project = project(&[("assets/calc.wat", CALC)]);
        let _ = part(project.path(), "part", "1/1");
        let own = entries(&project.path().join("part"), what);
        own.iter().for_each(|path| fs::write(path, damage).unwrap());
        let (code, report) = merge(project.path(), "own", &["part"]);
        assert_eq!((code, report["missing"].as_array().unwrap().len()), (1, 1), "{what}");
        let warnings = warnings(&report);
        assert!(
            warnings.len() == 1
                && warnings[0].starts_with(&format!("`part`: the entry {what}"))
                && warnings[0].ends_with(" is damaged or missing and does not count"),
            "{warnings:?}"
        );
        // The folder is another job's, and stays as it is.
        assert!(own.iter().all(|path| fs::read(path).unwrap() == damage));
        assert_eq!(merge(project.path(), "own", &["part", "--compile-missing"]).0, 0);
    }
}

#[test]
fn fault_75_results_by_another_key_are_missing_unless_they_are_trusted() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let keys = ["1", "2"].map(|digit| digit.repeat(64));
    let run = |key: usize, cache: &str, args: &[&str]| {
        let mut command = program();
        command.env("WASMPORT_CACHE_DIR", cache).env("WASMPORT_CACHE_KEY", &keys[key]);
        command.args(args).current_dir(project.path()).output().unwrap()
    };
    assert_eq!(code(&run(0, "part", &["import", "--partition", "1/1"])), 0);
    let refused = run(1, "own", &["merge", "part", "--format", "json"]);
    assert_eq!((code(&refused), json(&refused)["missing"].as_array().unwrap().len()), (1, 1));
    assert_eq!(
        warnings(&json(&refused)),
        [
            "`part`: 1 results were written with another key and do not count\n  help: name the same key for all jobs \
          with `WASMPORT_CACHE_KEY_FILE`, or pass `--trust-cache` if you trust everyone who can write there"
        ]
    );
    assert_eq!(code(&run(0, "same", &["merge", "part"])), 0);
    forget(project.path());
    assert_eq!(code(&run(1, "own", &["merge", "part", "--trust-cache"])), 0);
}

#[test]
fn a_refusal_of_the_compiler_is_a_result() {
    let project = project(&[
        ("assets/calc.wat", CALC),
        ("assets/damaged.wat", DAMAGED),
        ("wasmport.toml", "[engine]\ndebug-info = true\n"),
    ]);
    let import = run(project.path(), "alone", &["import", "--format", "json"]);
    // Wasmtime orders the DWARF that it generates differently at times: the bytes differ between two imports too.
    let names = |project: &Path| outputs(project).into_keys().collect::<Vec<_>>();
    let expected = (names(project.path()), json(&import)["warnings"].clone());
    assert_eq!(warnings(&json(&import)).len(), 1);
    forget(project.path());
    let _ = part(project.path(), "cache", "1/1");
    let (code, report) = merge(project.path(), "cache", &[]);
    assert_eq!((code, compiled(&report)), (0, 0));
    assert_eq!((names(project.path()), report["warnings"].clone()), expected);
}

#[test]
fn a_part_that_fails_compiles_the_rest() {
    let project =
        project(&[("assets/calc.wat", CALC), ("assets/bad.wat", "(module (func (result i32)))")]);
    let output =
        run(project.path(), "cache", &["import", "--partition", "1/1", "--format", "json"]);
    assert_eq!((code(&output), compiled(&json(&output))), (1, 1));
    let (code, report) = merge(project.path(), "cache", &[]);
    assert_eq!(
        (code, report["missing"].is_null(), compiled(&report)),
        (1, true, 0),
        "like an import"
    );
    assert_eq!(report["summary"]["imported"], 1);
}

#[test]
fn locked_parts_and_merges_refuse_changes() {
    let project = project(&[("assets/calc.wat", CALC)]);
    assert_eq!(code(&run(project.path(), "cache", &["import"])), 0);
    assert_eq!(
        code(&run(project.path(), "cache", &["import", "--partition", "1/1", "--locked"])),
        0
    );
    fs::remove_dir_all(project.path().join("src")).unwrap();
    assert_eq!(merge(project.path(), "cache", &["--locked"]).0, 0);
    fs::write(project.path().join("assets/calc.wat"), TWO).unwrap();
    for args in [&["import", "--partition", "1/1", "--locked"][..], &["merge", "--locked"]] {
        let output = run(project.path(), "cache", args);
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(code(&output) == 1 && text.contains("differs from `wasmport.lock`"), "{text}");
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let project = project(&[("assets/calc.wat", CALC), ("off.toml", "[cache]\nenabled = false\n")]);
    fs::write(project.path().join("file"), "").unwrap();
    for (cache, args, expected) in [
        (
            "cache",
            &["import", "--partition", "5/4"][..],
            "there is no part 5 of 4: the last one is `4/4`",
        ),
        ("cache", &["import", "--partition", "0/4"], "parts count from 1"),
        ("cache", &["import", "--partition", "4"], "it is part and number of parts, such as `2/4`"),
        ("cache", &["import", "--partition", "1/2", "--no-cache"], "cannot be used with"),
        ("cache", &["import", "--partition", "1/2", "--reproduce"], "cannot be used with"),
        ("cache", &["merge", "--no-cache"], "unexpected argument"),
        ("cache", &["merge", "--parts", "0"], "0 is not in"),
        (
            "cache",
            &["import", "--partition", "1/2", "--config", "off.toml"],
            "the parts of an import share a cache, and the settings use none\n  help: ",
        ),
        ("cache", &["merge", "--config", "off.toml"], "share a cache, and the settings use none"),
        ("file", &["import", "--partition", "1/2"], "share a cache, and this one cannot be used: "),
    ] {
        let output = run(project.path(), cache, args);
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(code(&output) == 2 && text.contains(expected), "{args:?}: {text}");
        assert!(outputs(project.path()).is_empty());
    }
}

#[test]
fn a_part_that_cannot_store_its_results_fails() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let _ = part(project.path(), "cache", "1/1");
    let records = project.path().join("cache/records");
    fs::remove_dir_all(&records).unwrap();
    // Also for a user whom permissions do not stop.
    fs::write(&records, "").unwrap();
    let output = run(project.path(), "cache", &["import", "--partition", "1/1"]);
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(code(&output) == 1 && text.contains("cannot be written to the cache"), "{text}");
    assert!(text.contains("the cache cannot be "), "{text}");
}
