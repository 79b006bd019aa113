//! Compares `docs/faults.md` with the tests whose names carry a number of its table. `BLESS=1` rewrites
//! the column of tests.

#[path = "faults/page.rs"]
mod page;

use page::{NONE, WAITS, row};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Names of tests by file, for each row that they test.
type Tests = BTreeMap<u32, BTreeMap<String, Vec<String>>>;

#[test]
fn every_row_names_its_tests_and_every_test_has_a_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut tests = Tests::new();
    for folder in ["crates", "fixtures", "xtask"] {
        read_folder(&root.join(folder), root, &mut tests);
    }
    let page = root.join("docs/faults.md");
    let text = fs::read_to_string(&page).unwrap();
    let lines = text.lines().map(|line| match row(line) {
        Some((number, row, cell)) => {
            format!("{row} {} |\n", new_cell(&tests.remove(&number).unwrap_or_default(), cell))
        }
        None => format!("{line}\n"),
    });
    let expected: String = lines.collect();
    assert!(tests.is_empty(), "no row in docs/faults.md for {tests:?}");
    if std::env::var_os("BLESS").is_some() {
        return fs::write(page, expected).unwrap();
    }
    for (line, expected) in text.lines().zip(expected.lines()) {
        assert_eq!(line, expected, "docs/faults.md: rewrite it with `cargo xtask bless`");
    }
}

/// Adds the tests in the Rust files below a folder; their names begin with `fault_12_` or, for two
/// rows, `fault_12_and_13_`.
fn read_folder(folder: &Path, root: &Path, tests: &mut Tests) {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.ends_with("target") {
            read_folder(&path, root, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
            for (name, row) in names(&fs::read_to_string(&path).unwrap()) {
                tests.entry(row).or_default().entry(file.clone()).or_default().push(name);
            }
        }
    }
}

/// The tests in a source file, each with every row in its name.
fn names(source: &str) -> Vec<(String, u32)> {
    let functions = source.split("fn fault_").skip(1);
    let names = functions.filter_map(|text| text.split(['(', '<']).next());
    let rows = |name: &str| {
        let words = name.split('_').step_by(2).zip(name.split('_').skip(1).step_by(2));
        let last = words.clone().take_while(|(_, next)| *next == "and").count();
        let rows = words.take(last + 1).map(|(row, _)| row.parse().unwrap());
        rows.collect::<Vec<u32>>()
    };
    names
        .flat_map(|name| rows(name).into_iter().map(move |row| (format!("fault_{name}"), row)))
        .collect()
}

fn new_cell(tests: &BTreeMap<String, Vec<String>>, old: &str) -> String {
    let file =
        |(file, names): (&String, &Vec<String>)| format!("`{file}`: `{}`", names.join("`, `"));
    let mut parts: Vec<String> = tests.iter().map(file).collect();
    if old.ends_with(WAITS) {
        parts.push(WAITS.into());
    }
    if parts.is_empty() { NONE.into() } else { parts.join("; ") }
}

#[test]
fn names_of_tests_hold_one_row_or_several() {
    // This file is searched too.
    let source = "fn FAULT_08_a() fn FAULT_24_and_27_b<T>() fn other()".replace("FAULT", "fault");
    let all = names(&source);
    let expected = [("fault_08_a", 8), ("fault_24_and_27_b", 24), ("fault_24_and_27_b", 27)];
    assert_eq!(all, expected.map(|(name, row)| (name.to_string(), row)));
}

#[test]
fn cells_are_rewritten_and_what_waits_stays() {
    assert_eq!(row("| 7 | a `|` b | no test yet |"), Some((7, "| 7 | a `|` b |", "no test yet")));
    assert_eq!(row("| no. | fault | tests |"), None);
    let tests =
        BTreeMap::from([("x.rs".to_string(), vec!["fault_01_a".into(), "fault_01_b".into()])]);
    assert_eq!(new_cell(&tests, NONE), "`x.rs`: `fault_01_a`, `fault_01_b`");
    assert_eq!(new_cell(&BTreeMap::new(), WAITS), WAITS);
    assert_eq!(new_cell(&BTreeMap::new(), "`gone`"), NONE);
}
