//! The optional stages that need no program: strip, the project's own passes, compress.

use crate::project::{CALC, Project, asset, failure, stage, statuses, wasm};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmport_build::{Importer, Pass, Report, Settings, Stage, Status};

/// Sections of three names, and one function.
const NAMED: &str = r#"(module $calc
    (@custom "first" (before type) "1111")
    (@custom "debug.a" (after func) "2222")
    (@custom "debug.b" (after func) "3333")
    (func $add (export "add") (param $left i32) (param $right i32) (result i32)
        local.get $left local.get $right i32.add)
    (@custom "last" (after code) "4444"))"#;

fn custom_sections(wasm: &[u8]) -> Vec<String> {
    let payloads = wasmparser::Parser::new(0).parse_all(wasm).map(Result::unwrap);
    let custom = payloads.filter_map(|payload| match payload {
        wasmparser::Payload::CustomSection(section) => Some(section.name().to_string()),
        _ => None,
    });
    custom.collect()
}

#[test]
fn strip_removes_the_sections_that_are_named_and_nothing_else() {
    let all = ["first", "debug.a", "debug.b", "last", "name"];
    let before = wasm(NAMED);
    assert_eq!(custom_sections(&before), all);
    for (patterns, left) in [
        (r#"["nothing"]"#, &all[..]),
        (r#"["first"]"#, &all[1..]),
        (r#"["debug.*"]"#, &["first", "last", "name"]),
        (r#"["*.b", "name", "last"]"#, &["first", "debug.a"]),
        (r#"["*"]"#, &[]),
    ] {
        let project = Project::with(&[("calc.wat", NAMED.as_bytes())]);
        let text = format!("targets = [\"source\"]\n[defaults]\nstrip = {patterns}\n");
        let report = project.import_with(&text);
        let after = project.artifact(&report, "calc.wat", "source");
        assert_eq!(custom_sections(&after), left, "{patterns}");
        let strip = stage(&report, Stage::Strip);
        assert_eq!((strip.before, strip.after), (before.len() as u64, after.len() as u64));
        assert!(strip.seconds >= 0.0 && strip.skipped.is_none() && strip.by.is_none());
        // Whatever else there is stays byte for byte.
        let rest = |wasm: &[u8]| {
            let payloads = wasmparser::Parser::new(0).parse_all(wasm).map(Result::unwrap);
            let sections = payloads.filter(|p| !matches!(p, wasmparser::Payload::CustomSection(_)));
            let sections = sections.filter_map(|p| p.as_section());
            sections.map(|(id, range)| (id, wasm[range].to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(rest(&after), rest(&before), "{patterns}");
        // Parameters keep the names that the wrapper was generated with.
        assert!(project.wrapper("calc").contains("left: i32"), "{patterns}");
    }
}

#[test]
fn nothing_is_stripped_where_nothing_is_said() {
    let project = Project::with(&[("calc.wat", NAMED.as_bytes())]);
    let report = project.import_with("targets = [\"source\"]\n");
    assert_eq!(project.artifact(&report, "calc.wat", "source"), wasm(NAMED));
    let stages: Vec<Stage> = report.assets[0].stages.iter().map(|stage| stage.stage).collect();
    assert_eq!(stages, [Stage::Read, Stage::Validate, Stage::Compile, Stage::Codegen]);
}

type Run = dyn Fn(&str, &[u8]) -> Result<Option<Vec<u8>>, String> + Send + Sync;

/// A pass that does what a test says.
#[derive(Clone)]
struct Fake {
    name: &'static str,
    version: String,
    runs: Arc<AtomicUsize>,
    run: Arc<Run>,
}

impl Fake {
    fn new(
        name: &'static str,
        run: impl Fn(&str, &[u8]) -> Result<Option<Vec<u8>>, String> + Send + Sync + 'static,
    ) -> Self {
        Self { name, version: "1".into(), runs: Arc::default(), run: Arc::new(run) }
    }

    /// Gives this module for any.
    fn giving(name: &'static str, text: &'static str) -> Self {
        Self::new(name, move |_, _| Ok(Some(wasm(text))))
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }
}

impl Pass for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn run(
        &self,
        source: &str,
        wasm: &[u8],
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        (self.run)(source, wasm).map_err(Into::into)
    }
}

const ONE: &str = r#"(module (func (export "one")))"#;
const TWO: &str = r#"(module (func (export "one")) (func (export "two")))"#;

#[test]
fn passes_run_in_order_and_their_result_is_what_is_imported() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let first = Fake::new("first", |source, given| {
        assert_eq!((source, given), ("calc.wat", &*wasm(CALC)));
        Ok(Some(wasm(ONE)))
    });
    let idle = Fake::new("idle", |_, _| Ok(None));
    let second = Fake::new("second", |_, given| {
        assert_eq!(given, wasm(ONE));
        Ok(Some(wasm(TWO)))
    });
    let importer = project.importer().pass(first).pass(idle.clone()).pass(second);
    let report = importer.run(&()).unwrap();
    let passes: Vec<_> = asset(&report, "calc.wat")
        .stages
        .iter()
        .filter(|stage| stage.stage == Stage::Transform)
        .map(|stage| (stage.by.clone().unwrap(), stage.before, stage.after))
        .collect();
    let [calc, one, two] = [CALC, ONE, TWO].map(|text| wasm(text).len() as u64);
    assert_eq!(passes, [("first 1".into(), calc, one), ("second 1".into(), one, two)]);
    assert_eq!(idle.runs(), 1);
    assert!(project.wrapper("calc").contains("pub fn two("));
    assert!(!project.wrapper("calc").contains("pub fn add("));
}

#[test]
fn passes_are_chosen_by_name_and_switched_off() {
    for (choices, expected) in [
        ("", [1, 1]),
        ("transform.passes = [\"my-*\"]", [1, 0]),
        ("transform.passes = []", [0, 0]),
        ("transform.enabled = false", [0, 0]),
    ] {
        let (mine, other) = (Fake::giving("my-pass", ONE), Fake::giving("other", TWO));
        let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
        let importer = project.configured(&format!("[defaults]\n{choices}\n"));
        let report = importer.pass(mine.clone()).pass(other.clone()).run(&()).unwrap();
        assert_eq!(report.count(Status::Imported), 1, "{:?}", report.assets);
        assert_eq!([mine.runs(), other.runs()], expected, "{choices}");
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    }
}

#[test]
fn passes_that_the_program_does_not_have_are_warned_of() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let importer =
        project.configured("[defaults]\ntransform.passes = [\"my-*\", \"typo\", \"my-pas\"]\n");
    let report = importer.pass(Fake::giving("my-pass", ONE)).run(&()).unwrap();
    let folder = format!("{}/", project.path().display());
    let no_pass = "`transform.passes`: this program has no pass";
    assert_eq!(
        report.warnings.iter().map(|text| text.replace(&folder, "")).collect::<Vec<_>>(),
        [
            format!(
                "`calc.wat`: `wasmport.toml` line 2, column 29: {no_pass} \"typo\"; another program's import \
                 may differ"
            ),
            format!(
                "`calc.wat`: `wasmport.toml` line 2, column 37: {no_pass} \"my-pas\"; did you mean `my-pass`?"
            ),
        ]
    );
}

#[test]
fn another_version_or_choice_of_passes_imports_again() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("off.wat", CALC.as_bytes())]);
    let text = "[[asset]]\nmatch = \"off.wat\"\ntransform.enabled = false\n";
    let run = |passes: &[&Fake]| {
        let importer = project.configured(text);
        let importer =
            passes.iter().fold(importer, |importer, pass| importer.pass((*pass).clone()));
        let check = importer.run_check().unwrap();
        let report = importer.run(&()).unwrap();
        assert_eq!(check.count(Status::Unchanged), report.count(Status::Unchanged));
        report.count(Status::Imported)
    };
    let (one, two) = (Fake::giving("one", ONE), Fake::giving("two", TWO));
    let newer = Fake { version: "2".into(), ..one.clone() };
    assert_eq!(run(&[]), 2);
    assert_eq!(run(&[&one]), 1, "the other has its passes switched off");
    assert_eq!(run(&[&one]), 0);
    assert_eq!(run(&[&newer]), 1);
    assert_eq!(run(&[&newer, &two]), 1);
    assert_eq!(run(&[&two, &newer]), 1, "in another order");
    assert_eq!(run(&[&two, &newer]), 0);
    assert_eq!(one.runs(), 4);
}

fn with_pass(on_failure: &str, pass: Fake) -> (Project, Report) {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let importer =
        project.configured(&format!("[defaults]\ntransform.on-failure = {on_failure:?}"));
    let report = importer.pass(pass).run(&()).unwrap();
    (project, report)
}

#[test]
fn a_pass_that_fails_is_judged_as_the_settings_say() {
    for (pass, expected) in [
        (Fake::new("bad", |_, _| Err("no such thing".into())), "pass `bad`: no such thing"),
        (Fake::new("bad", |_, _| Ok(Some(b"junk".to_vec()))), "the result of bad 1 is not valid"),
        (
            Fake::new("bad", |_, _| Ok(Some(wasm("(module (func (result i32)))")))),
            "the result of bad 1 is not valid: type mismatch",
        ),
        (Fake::new("bad", |_, _| panic!("what now")), "pass `bad` panicked: what now"),
        (
            Fake::giving("bad", "(module (memory 1 (pagesize 1)))"),
            "uses features that are not enabled: custom-page-sizes",
        ),
    ] {
        let (project, report) = with_pass("fail", pass.clone());
        let error = failure(&report);
        assert_eq!(error.stage, Stage::Transform, "{error}");
        assert!(error.message.contains(expected), "{error}");
        assert!(!project.out().join("calc.rs").exists());

        let (project, report) = with_pass("warn", pass.clone());
        let warnings = &report.warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
        assert!(warnings[0].starts_with("`calc.wat`: transform: "), "{warnings:?}");
        let left_out = stage(&report, Stage::Transform);
        assert!(left_out.skipped.as_ref().unwrap().contains(expected));
        assert_eq!(left_out.before, left_out.after);
        assert!(project.wrapper("calc").contains("pub fn add("), "the module is as it was");

        let (project, report) = with_pass("skip", pass);
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        assert!(stage(&report, Stage::Transform).skipped.is_some());
        assert!(project.wrapper("calc").contains("pub fn add("));
    }
}

#[test]
fn a_pass_named_like_a_program_is_no_program() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let run = || project.importer().pass(Fake::giving("wasm-opt", ONE)).run(&()).unwrap();
    assert_eq!(run().count(Status::Imported), 1);
    assert!(project.manifest()["assets"]["calc"]["tools"].is_null());
    assert_eq!(run().count(Status::Unchanged), 1);
}

/// So much text that zstd has something to do.
fn compressible() -> String {
    format!("(module (memory 1) (data (i32.const 0) \"{}\"))", "all the same ".repeat(1000))
}

fn compressed(choices: &str) -> (Project, Report) {
    let project = Project::with(&[("text.wat", compressible().as_bytes())]);
    let report = project.import_with(&format!(
        "targets = [\"x86_64-unknown-linux-gnu\", \"x86_64-unknown-linux-gnu+v3\", \"source\"]
         [defaults]\ncompress = {choices}\n"
    ));
    (project, report)
}

#[test]
fn artifacts_are_compressed_by_patterns_of_which_the_longest_decides() {
    for (choices, expected) in [
        ("{}", [false, false, false]),
        ("{ \"*\" = 3 }", [true, true, true]),
        ("{ \"*\" = 0 }", [false, false, false]),
        ("{ \"source\" = 19 }", [false, false, true]),
        ("{ \"*\" = 3, \"*+v3\" = 0 }", [true, false, true]),
        ("{ \"x86_64*\" = 0, \"*\" = 22, \"x86_64-*-gnu\" = 1 }", [true, false, true]),
    ] {
        let (project, report) = compressed(choices);
        let asset = asset(&report, "text.wat");
        let is: Vec<bool> = asset.artifacts.iter().map(|a| a.uncompressed.is_some()).collect();
        assert_eq!(is, expected, "{choices}");
        let stages = asset.stages.iter().filter(|stage| stage.stage == Stage::Compress);
        let mut stages = stages.filter(|stage| stage.target.is_some());
        for artifact in &asset.artifacts {
            let stored = std::fs::read(project.out().join(&artifact.path)).unwrap();
            assert_eq!(stored.len() as u64, artifact.bytes);
            assert_eq!(wasmport::Digest::of(&stored), artifact.blake3);
            assert_eq!(artifact.path.ends_with(".zst"), artifact.uncompressed.is_some());
            let Some(len) = artifact.uncompressed else { continue };
            let whole = zstd::bulk::decompress(&stored, len as usize).unwrap();
            assert_eq!(whole.len() as u64, len);
            assert!(artifact.bytes < len);
            let stage = stages.next().unwrap();
            assert_eq!(stage.target.as_ref(), Some(&artifact.target));
            assert_eq!((stage.before, stage.after), (len, artifact.bytes));
        }
        assert!(stages.next().is_none());
        let artifacts = &project.manifest()["assets"]["text"]["artifacts"];
        for (entry, artifact) in artifacts.as_array().unwrap().iter().zip(&asset.artifacts) {
            assert_eq!(entry["uncompressed"].as_u64(), artifact.uncompressed);
        }
        let again =
            Importer::new(Settings::from_file(&project.path().join("wasmport.toml")).unwrap());
        let again = again.out_dir(project.out());
        assert_eq!(statuses(&again.run_check().unwrap()), [("text.wat", Status::Unchanged)]);
        assert_eq!(statuses(&again.run(&()).unwrap()), [("text.wat", Status::Unchanged)]);
    }
}

#[test]
fn an_artifact_that_compressing_would_make_larger_stays_as_it_is() {
    let project = Project::with(&[("tiny.wat", b"(module)")]);
    let report =
        project.import_with("targets = [\"source\"]\n[defaults]\ncompress = { \"*\" = 19 }\n");
    let artifact = &asset(&report, "tiny.wat").artifacts[0];
    assert!(artifact.uncompressed.is_none() && artifact.path.ends_with(".source.wasm"));
    assert_eq!(project.artifact(&report, "tiny.wat", "source"), wasm("(module)"));
    let compress = stage(&report, Stage::Compress);
    assert!(compress.skipped.as_ref().unwrap().contains("larger"));
    assert_eq!((compress.before, compress.after), (8, 8));
}

#[test]
fn former_artifacts_go_where_they_are_compressed_now() {
    let (project, _) = compressed("{}");
    let names = || -> Vec<String> {
        let outputs = project.outputs().into_keys();
        let outputs = outputs.map(|path| path.to_str().unwrap().to_owned());
        outputs.filter(|path| path.contains("source")).collect()
    };
    assert_eq!(names(), ["artifacts/text.source.wasm"]);
    project.import_with("targets = [\"source\"]\n[defaults]\ncompress = { \"*\" = 3 }\n");
    assert_eq!(names(), ["artifacts/text.source.wasm.zst"]);
}

#[test]
fn every_stage_is_reported_in_order_with_sizes_and_time() {
    let project = Project::with(&[("text.wat", compressible().as_bytes())]);
    let importer = project.configured(
        "targets = [\"x86_64-unknown-linux-gnu\"]\n[defaults]\nstrip = [\"*\"]\ncompress = { \"*\" = 3 }\n",
    );
    let report = importer.pass(Fake::giving("swap", NAMED)).run(&()).unwrap();
    let stages = &asset(&report, "text.wat").stages;
    let order: Vec<Stage> = stages.iter().map(|stage| stage.stage).collect();
    let expected = [
        Stage::Read,
        Stage::Validate,
        Stage::Transform,
        Stage::Strip,
        Stage::Compile,
        Stage::Compress,
        Stage::Codegen,
    ];
    assert_eq!(order, expected);
    for (one, next) in stages.iter().zip(&stages[1..]) {
        if next.stage != Stage::Codegen {
            assert_eq!(one.after, next.before, "{one:?} {next:?}");
        }
        assert!(one.before > 0 && one.after > 0 && (0.0..60.0).contains(&one.seconds));
    }
    assert_eq!(stages[0].before, compressible().len() as u64);
    assert_eq!(stages[0].after, wasm(&compressible()).len() as u64);
    assert_eq!(stages[6].after, project.wrapper("text").len() as u64);
}

#[cfg(not(feature = "preinit"))]
#[test]
fn a_build_that_cannot_run_modules_says_so() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import_with("[defaults]\npreinit.init = \"init\"\n");
    let error = failure(&report);
    assert!(
        error.stage == Stage::Preinit && error.message.contains("cannot run modules"),
        "{error}"
    );
    assert!(error.help.as_ref().unwrap().contains("features = [\"preinit\"]"), "{error}");
}

/// The emitted files of an asset, by name.
#[cfg(feature = "emit-stages")]
#[test]
fn the_module_after_each_stage_is_emitted_as_text() {
    let project = Project::with(&[("calc.wat", NAMED.as_bytes())]);
    let settings = "targets = [\"source\"]\n[defaults]\nstrip = [\"debug.*\"]\n";
    let folder = tempfile::tempdir().unwrap();
    let report = project.configured(settings).emit_stages(folder.path()).run(&()).unwrap();
    assert_eq!(statuses(&report), [("calc.wat", Status::Imported)]);
    let read = |stage: Stage| {
        let number = Stage::ALL.iter().position(|other| *other == stage).unwrap();
        let name = format!("calc/{number:02}-{stage}.wat");
        std::fs::read_to_string(folder.path().join(name)).unwrap()
    };
    let (before, after) = (read(Stage::Read), read(Stage::Strip));
    assert!(before.contains("debug.a") && before.contains("local.get $left"), "{before}");
    assert!(!after.contains("debug.a") && after.contains("\"first\""), "{after}");
    assert!(!folder.path().join("calc/07-optimize.wat").exists(), "a stage without effect");
}
