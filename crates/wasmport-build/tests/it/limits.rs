//! What an asset may be: counts and sizes that a file is refused for before anything takes long.

use crate::project::{Project, failure, statuses, wasm};
use std::time::{Duration, Instant};
use wasmport_build::{AssetErrorKind, Pass, Report, Stage, Status};

/// Four functions, three blocks in one another, 100 bytes of data.
fn big() -> String {
    format!(
        "(module (func) (func) (func) (func block loop i32.const 0 if end end end)
             (memory 1) (data (i32.const 0) \"{}\") (data (i32.const 60) \"{}\"))",
        "x".repeat(60),
        "y".repeat(40)
    )
}

fn import(name: &str, bytes: &[u8], choices: &str) -> Report {
    let project = Project::with(&[(name, bytes), ("good.wat", b"(module)")]);
    let report = project.import_with(&format!("[[asset]]\nmatch = \"{name}\"\n{choices}"));
    assert!(statuses(&report).contains(&("good.wat", Status::Imported)), "others are not harmed");
    report
}

#[test]
fn fault_08_more_than_an_asset_may_have_names_limit_and_setting() {
    let text = big();
    let binary = wasm(&text);
    for (name, bytes) in [("big.wat", text.as_bytes()), ("big.wasm", &binary)] {
        for (key, limit, expected) in [
            ("max-functions", 3, "4 functions, the limit is 3"),
            ("max-nesting", 2, "3 nested blocks, the limit is 2"),
            ("max-data-bytes", 99, "100 bytes of data, the limit is 99"),
        ] {
            let report = import(name, bytes, &format!("limits.{key} = {limit}"));
            let error = failure(&report);
            assert_eq!(error.stage, Stage::Validate);
            assert!(error.message.contains(expected), "{error}");
            assert!(error.help.as_ref().unwrap().contains(&format!("`limits.{key}`")), "{error}");
            let report = import(name, bytes, &format!("limits.{key} = {}", limit + 1));
            assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
        }
        let len = bytes.len();
        let report = import(name, bytes, &format!("limits.max-bytes = {}", len - 1));
        let error = failure(&report);
        let expected = format!("{len} bytes, the limit is {}", len - 1);
        assert!(error.stage == Stage::Read && error.message.contains(&expected), "{error}");
        assert!(error.help.as_ref().unwrap().contains("`limits.max-bytes`"));
        let report = import(name, bytes, &format!("limits.max-bytes = {len}"));
        assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
    }
}

#[test]
fn fault_08_a_rule_raises_what_the_defaults_allow() {
    let project = Project::with(&[("big.wat", big().as_bytes()), ("other.wat", big().as_bytes())]);
    let report = project.import_with(
        "[defaults]\nlimits.max-functions = 1\n[[asset]]\nmatch = \"big.wat\"\nlimits.max-functions = 4\n",
    );
    assert_eq!(statuses(&report), [("big.wat", Status::Imported), ("other.wat", Status::Failed)]);
}

#[test]
fn fault_08_a_header_that_promises_too_much_is_not_believed() {
    // A function section of four billion functions, of which there is none.
    let mut bytes = wasm("(module (type (func)))");
    bytes.extend([3, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let report = import("promise.wasm", &bytes, "");
    let error = failure(&report);
    assert!(error.message.contains("4294967295 functions, the limit is 500000"), "{error}");
}

#[test]
fn fault_08_deep_nesting_overflows_no_stack() {
    let nested = |depth: usize, open: &str| {
        format!("(module (func {} {}))", format!("{open} ").repeat(depth), "end ".repeat(depth))
    };
    for open in ["block", "loop", "i32.const 1 if"] {
        let report = import("deep.wat", nested(20_001, open).as_bytes(), "");
        let error = failure(&report);
        assert!(
            error.message.contains("20001 nested blocks, the limit is 20000"),
            "{open}: {error}"
        );
        let report = import("deep.wat", nested(20_000, open).as_bytes(), "");
        assert_eq!(report.count(Status::Failed), 0, "{open}: {:?}", report.assets);
    }
    // Types of components: the validator takes up to a hundred levels.
    let levels: String = (1..90).map(|i| format!("(type (option {}))", i - 1)).collect();
    let deep = format!(
        "(component (import \"f\" (instance (type (option u8)) {levels}
            (export \"t\" (type (eq 89))) (export \"f\" (func (param \"a\" 90))))))"
    );
    let report = import("options.wat", deep.as_bytes(), "");
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
    // Text is parsed before anything is counted.
    for open in ["(block ", "(if (i32.const 0) (then "] {
        let text = format!("(module (func {}))", open.repeat(100_000));
        let report = import("folded.wat", text.as_bytes(), "");
        assert_eq!(failure(&report).stage, Stage::Read);
    }
}

#[test]
fn fault_08_values_on_the_stack_may_be_many() {
    // An expression of 100,000 operators within one another, without a block.
    let text = format!(
        "(module (func (export \"f\") (result i32) {} {}))",
        "i32.const 1 ".repeat(100_001),
        "i32.add ".repeat(100_000)
    );
    let report = import("wide.wat", text.as_bytes(), "");
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
}

struct Grow;

impl Pass for Grow {
    fn name(&self) -> &str {
        "grow"
    }

    fn version(&self) -> &str {
        "1"
    }

    fn run(
        &self,
        _: &str,
        _: &[u8],
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Some(wasm(&big())))
    }
}

#[test]
fn fault_08_limits_are_for_what_stages_give_too() {
    let project = Project::with(&[("small.wat", b"(module)")]);
    for (key, limit) in
        [("max-functions", 3), ("max-nesting", 2), ("max-data-bytes", 99), ("max-bytes", 100)]
    {
        let importer =
            project.configured(&format!("[defaults]\nlimits.{key} = {limit}")).pass(Grow);
        let report = importer.run(&()).unwrap();
        let error = failure(&report);
        assert_eq!(error.stage, Stage::Transform, "{error}");
        assert!(error.message.contains("the result of grow 1"), "{error}");
        assert!(error.help.as_ref().unwrap().contains(&format!("`limits.{key}`")), "{error}");
    }
}

/// A module with this many memories, each with a byte at the beginning and one at `end`.
fn memories(count: usize, end: usize) -> String {
    let memory = |i| {
        let data = |at| format!("(data (memory {i}) (i32.const {at}) \"x\")");
        format!("(memory 256) {} {}", data(0), data(end))
    };
    format!("(module {})", (0..count).map(memory).collect::<String>())
}

const FULL: usize = (16 << 20) - 1;

#[test]
fn fault_87_memory_images_are_counted_before_they_are_made() {
    // A kilobyte of wasm that would be 1.6 GB.
    let start = Instant::now();
    let report = import("images.wat", memories(100, FULL - 1).as_bytes(), "");
    let error = failure(&report);
    assert_eq!((error.stage, error.kind), (Stage::Compile, AssetErrorKind::Limit), "{error}");
    let expected = format!("{} bytes of memory images, the limit is {}", 100 * FULL, 256 << 20);
    assert!(error.message.contains(&expected), "{error}");
    assert!(error.help.as_ref().unwrap().contains("`limits.max-artifact-bytes`"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // What Wasmtime makes no image of is no reason to refuse it, and a component is its modules.
    let sparse = import("images.wat", memories(100, FULL).as_bytes(), "");
    assert_eq!(sparse.count(Status::Failed), 0, "{:?}", sparse.assets);
    let module = memories(4, FULL - 1);
    let component = format!("(component (core {0} (core {0})", &module[1..]);
    let limit = "limits.max-artifact-bytes = 100000000";
    let error = import("images.wat", component.as_bytes(), limit);
    let expected = format!("{} bytes of memory images", 8 * FULL);
    assert!(failure(&error).message.contains(&expected), "{}", failure(&error));
}

#[test]
fn fault_87_an_artifact_that_is_too_large_is_not_kept() {
    let functions = "(func (export \"f\") (param i32) (result i32) local.get 0)";
    let text = format!("(module {functions})");
    let project = Project::with(&[("code.wat", text.as_bytes())]);
    let choices = "targets = [\"portable\", \"source\"]\n[defaults]\nlimits.max-artifact-bytes = ";
    let report = project.import_with(&format!("{choices}100"));
    let error = failure(&report);
    assert!(error.message.contains("bytes in its artifact for portable"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("`limits.max-artifact-bytes`"), "{error}");
    assert!(!project.out().join("code.rs").exists());
    let blobs = crate::project::snapshot(&project.path().join("cache"));
    assert!(blobs.values().all(|blob| !blob.starts_with(b"\x7fELF")), "{:?}", blobs.keys());
    let report = project.import_with(&format!("{choices}1000000"));
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
}

/// Imports one file for no machine, and returns the length of its wrapper and the warnings.
fn wrapper(text: &str, choices: &str) -> (usize, Vec<String>) {
    let project = Project::with(&[("it.wat", text.as_bytes())]);
    let start = Instant::now();
    let report = project.import_with(&format!("targets = [\"source\"]\n[defaults]\n{choices}\n"));
    assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
    let source = project.wrapper("it");
    syn::parse_file(&source).unwrap();
    (source.len(), report.warnings)
}

/// A component with a function that has a tuple of tuples of tuples.
fn nested(depth: usize) -> String {
    let types: String = (1..=depth).map(|i| format!("(type (tuple {0} {0}))", i - 1)).collect();
    format!(
        "(component (type (tuple u8 u8)) {types}
           (core module $m (memory (export \"m\") 1) (func (export \"f\") (param i32)))
           (core instance $i (instantiate $m))
           (type $f (func (param \"p\" {depth})))
           (func (export \"f\") (type $f)
             (canon lift (core func $i \"f\") (memory $i \"m\") (realloc (func $i \"r\")))))"
    )
}

#[test]
fn fault_88_a_small_file_makes_no_huge_wrapper() {
    let max = "limits.max-wrapper-bytes = 200000";
    let globals: String =
        (0..5_000).map(|i| format!("(import \"env\" \"g{i}\" (global i32))")).collect();
    let long = "é".repeat(10_000);
    let names: String = (0..40).map(|i| format!("(export \"{long}{i}\" (func 0))")).collect();
    let wide = "i32 ".repeat(1000);
    let results = "i64 ".repeat(1000);
    let few: String = (0..100).map(|i| format!("(export \"f{i}\" (func 0))")).collect();
    let ten: String = (0..10).map(|i| format!("(export \"f{i}\" (func 0))")).collect();
    let fields = "(field (mut i64))".repeat(2_000);
    let references = "(param (ref 0))".repeat(1000);
    for (what, module) in [
        ("imported globals", format!("(module {globals})")),
        ("long names", format!("(module (func) {names})")),
        (
            "wide functions",
            format!("(module (func (param {wide}) (result {results}) unreachable) {few})"),
        ),
        (
            "references to a large type",
            format!("(module (type (struct {fields})) (func {references}) {ten})"),
        ),
        (
            "imported functions",
            format!(
                "(module {})",
                (0..3_000)
                    .map(|i| format!("(import \"m{i}\" \"\" (func (param i64)))"))
                    .collect::<String>()
            ),
        ),
    ] {
        let (len, warnings) = wrapper(&module, max);
        assert!(len <= 200_000, "{what}: {len}");
        assert!(
            len > 60_000 || what == "wide functions" || what.contains("large type"),
            "{what}: {len}"
        );
        assert!(
            warnings.iter().any(|w| w.contains("`limits.max-wrapper-bytes`")),
            "{what}: {warnings:?}"
        );
        assert_eq!(wrapper(&module, max).0, len, "{what}: the same each time");
    }
    // The default holds for a module that no setting names.
    let modules: String =
        (0..5_000).map(|i| format!("(import \"m{i}\" \"g\" (global (mut i32)))")).collect();
    let (len, warnings) = wrapper(&format!("(module {modules})"), "");
    assert!(len <= 4 << 20 && len > 2 << 20, "{len}");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let (all, warnings) = wrapper(&format!("(module {globals})"), "");
    assert!(all > 2_000_000, "{all}");
    assert!(warnings.len() == 1 && warnings[0].contains("rustc takes long"), "{warnings:?}");
}

#[test]
fn fault_88_names_that_no_wrapper_can_list_are_refused() {
    let long = "x".repeat(90_000);
    let exports: String = (0..40).map(|i| format!("(export \"{long}{i}\" (func 0))")).collect();
    let text = format!("(module (func) {exports})");
    let report = import("names.wat", text.as_bytes(), "limits.max-wrapper-bytes = 100000");
    let error = failure(&report);
    assert_eq!((error.stage, error.kind), (Stage::Codegen, AssetErrorKind::Limit), "{error}");
    assert!(error.message.contains("more than 1600000 bytes of text"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("`limits.max-wrapper-bytes`"), "{error}");
}

#[test]
fn fault_88_types_of_types_of_types_are_not_written_out() {
    let realloc = "(func (export \"r\") (param i32 i32 i32 i32) (result i32) unreachable)";
    let text =
        |depth| nested(depth).replace("(core module $m ", &format!("(core module $m {realloc} "));
    // 2^17 numbers.
    let (len, warnings) = wrapper(&text(16), "");
    assert!(len < 10_000, "{len}");
    assert!(warnings.iter().any(|w| w.contains("`Session::of`")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("`limits.max-wrapper-bytes`")), "{warnings:?}");
    // What is estimated too low is noticed when it is there.
    let (len, warnings) = wrapper(&text(5), "limits.max-wrapper-bytes = 6000");
    assert!(len < 10_000, "{len}");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let (len, warnings) = wrapper(&text(5), "");
    assert!(len > 6_000, "{len}");
    assert_eq!(warnings, [""; 0]);
}
