//! What an asset may be: counts and sizes that a file is refused for before anything takes long.

use crate::project::{Project, failure, statuses, wasm};
use wasmport_build::{Pass, Report, Stage, Status};

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
