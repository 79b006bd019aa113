//! Preinit: what a module computes once it keeps, and whatever it does instead, the import ends and
//! says what happened.

use crate::project::{Project, asset, failure, stage, statuses, wasm};
use std::fs;
use std::time::{Duration, Instant};
use wasmport_build::{AssetError, Report, Stage, Status};
use wasmtime::{Engine, Extern, Instance, Linker, Module, Store};

pub const INIT: &str = "preinit.init = \"init\"";

pub fn text(choices: &str) -> String {
    format!("targets = [\"source\"]\n[defaults]\n{choices}\n")
}

pub fn import(module: &str, choices: &str) -> (Project, Report) {
    let project = Project::with(&[("it.wat", module.as_bytes())]);
    let report = project.import_with(&text(choices));
    (project, report)
}

/// The module after its initialization.
pub fn initialized(module: &str, choices: &str) -> Vec<u8> {
    let (project, report) = import(module, choices);
    asset(&report, "it.wat");
    project.artifact(&report, "it.wat", "source")
}

pub fn refusal(module: &str, choices: &str) -> AssetError {
    let (project, report) = import(module, choices);
    let error = failure(&report).clone();
    assert_eq!(error.stage, Stage::Preinit, "{error}");
    assert!(error.help.is_some(), "{error}");
    assert!(!project.out().join("it.rs").exists());
    error
}

/// The module with `init` as the body of its initialization, after the imports from WASI.
fn wasi(init: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
        (memory (export "memory") 4)
        ;; An iovec of the text at 1024, and one of 512 bytes at 4096.
        (data (i32.const 0) "\00\04\00\00\0c\00\00\00")
        (data (i32.const 16) "\00\10\00\00\00\02\00\00")
        (data (i32.const 1024) "hello there\n")
        (data (i32.const 2048) "words.txt")
        (func $print (param $fd i32)
            (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 64))))
        (func $must (param i32) (if (local.get 0) (then unreachable)))
        (func (export "init") {init}))"#
    )
}

/// An instance whose imports trap.
fn instance(wasm: &[u8]) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

fn exports(wasm: &[u8]) -> Vec<String> {
    let (mut store, instance) = instance(wasm);
    instance.exports(&mut store).map(|export| export.name().to_owned()).collect()
}

/// What lies in the memory of the module after its initialization.
pub fn memory(wasm: &[u8], at: usize, len: usize) -> Vec<u8> {
    let (mut store, instance) = instance(wasm);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    memory.data(&store)[at..at + len].to_vec()
}

const COUNTER: &str = r#"(module
    (memory (export "memory") 1)
    (data (i32.const 0) "before")
    (data $passive "later")
    (global $ints (mut i32) (i32.const 1))
    (global $longs (export "longs") (mut i64) (i64.const 1))
    (global $floats (mut f64) (f64.const 1))
    (global $vectors (mut v128) (v128.const i32x4 0 0 0 0))
    (global $constant i32 (i32.const 77))
    (func $start (global.set $ints (i32.const 10)))
    (start $start)
    (func (export "_initialize") (global.set $ints (i32.mul (global.get $ints) (i32.const 10))))
    (func (export "init")
        (global.set $ints (i32.add (global.get $ints) (i32.const 1)))
        (global.set $longs (i64.const -5))
        (global.set $floats (f64.const 0.1))
        (global.set $vectors (v128.const i32x4 1 2 3 4))
        (drop (memory.grow (i32.const 2)))
        (i32.store (i32.const 4) (i32.const 42))
        (i32.store (i32.const 150000) (i32.const 43)))
    (func (export "later") (memory.init $passive (i32.const 100) (i32.const 0) (i32.const 5)))
    (func (export "sum") (result i64)
        (i64.add (i64.extend_i32_s (i32.add (global.get $ints) (global.get $constant)))
            (i64.add (global.get $longs) (i64.extend_i32_s (i32x4.extract_lane 3 (global.get $vectors))))))
    (func (export "float") (result f64) (global.get $floats))
    (func (export "pages") (result i32) (memory.size))
    (func (export "at") (param i32) (result i32) (i32.load (local.get 0))))"#;

#[test]
fn globals_and_memory_are_kept_and_the_initialization_is_gone() {
    let (project, report) = import(COUNTER, INIT);
    let result = project.artifact(&report, "it.wat", "source");
    let names = exports(&result);
    assert_eq!(names, ["memory", "longs", "later", "sum", "float", "pages", "at"]);
    let (mut store, instance) = instance(&result);
    let sum = instance.get_typed_func::<(), i64>(&mut store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, ()).unwrap(), 101 + 77 - 5 + 4);
    let float = instance.get_typed_func::<(), f64>(&mut store, "float").unwrap();
    assert_eq!(float.call(&mut store, ()).unwrap(), 0.1);
    let pages = instance.get_typed_func::<(), i32>(&mut store, "pages").unwrap();
    assert_eq!(pages.call(&mut store, ()).unwrap(), 3);
    let at = instance.get_typed_func::<i32, i32>(&mut store, "at").unwrap();
    assert_eq!(at.call(&mut store, 0).unwrap(), i32::from_le_bytes(*b"befo"));
    assert_eq!(at.call(&mut store, 4).unwrap(), 42);
    assert_eq!(at.call(&mut store, 150_000).unwrap(), 43);
    let later = instance.get_typed_func::<(), ()>(&mut store, "later").unwrap();
    later.call(&mut store, ()).unwrap();
    assert_eq!(&memory_of(&mut store, &instance)[100..105], b"later");

    let preinit = stage(&report, Stage::Preinit);
    assert_eq!(preinit.by.as_deref(), Some("`init`"));
    assert_eq!((preinit.before, preinit.after), (wasm(COUNTER).len() as u64, result.len() as u64));
    assert!(preinit.seconds > 0.0);
    let wrapper = project.wrapper("it");
    assert!(!wrapper.contains("_initialize") && !wrapper.contains("\"init\""), "{wrapper}");
    // As it was, the wrapper calls the reactor's initialization.
    let (project, _) = import(COUNTER, "");
    assert!(project.wrapper("it").contains("_initialize"));
}

fn memory_of<'a>(store: &'a mut Store<()>, instance: &Instance) -> &'a [u8] {
    instance.get_memory(&mut *store, "memory").unwrap().data(store)
}

#[test]
fn the_initialization_is_kept_renamed_or_the_reactors_own() {
    let names = |choices: &str| exports(&initialized(COUNTER, choices));
    let all = ["memory", "longs", "init", "later", "sum", "float", "pages", "at"];
    assert_eq!(names(&format!("{INIT}\npreinit.keep-init = true")), all);
    let renamed = names(&format!("{INIT}\npreinit.rename = {{ at = \"pages\" }}"));
    assert_eq!(renamed, ["memory", "longs", "later", "sum", "float", "at"]);
    let (mut store, instance) =
        instance(&initialized(COUNTER, &format!("{INIT}\npreinit.rename = {{ at = \"pages\" }}")));
    let Some(Extern::Func(at)) = instance.get_export(&mut store, "at") else { panic!() };
    assert!(at.typed::<(), i32>(&store).is_ok());

    let error = refusal(COUNTER, &format!("{INIT}\npreinit.rename = {{ at = \"page\" }}"));
    assert!(error.message.contains("no export `page` to take the place of `at`"), "{error}");

    // Called once, not twice.
    let reactor = initialized(COUNTER, "preinit.init = \"_initialize\"");
    let (mut store, instance) = self::instance(&reactor);
    let sum = instance.get_typed_func::<(), i64>(&mut store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, ()).unwrap(), 100 + 77 + 1);
    assert!(exports(&reactor).contains(&"init".to_owned()));
}

#[test]
fn nothing_is_run_where_nothing_is_said_or_it_is_switched_off() {
    for choices in ["", "preinit.init = \"init\"\npreinit.enabled = false"] {
        let (project, report) = import(COUNTER, choices);
        assert_eq!(project.artifact(&report, "it.wat", "source"), wasm(COUNTER));
        assert!(report.assets[0].stages.iter().all(|stage| stage.stage != Stage::Preinit));
    }
}

#[test]
fn fault_09_init_that_traps_is_quoted() {
    let error = refusal("(module (func (export \"init\") unreachable))", INIT);
    assert!(error.message.contains("unreachable") && error.message.contains("`init`"), "{error}");
    for (fd, init) in [(1, "(call $print (i32.const 1))"), (2, "(call $print (i32.const 2))")] {
        let error = refusal(&wasi(&format!("{init} unreachable")), INIT);
        assert!(error.message.contains("it printed: hello there"), "{fd}: {error}");
        assert!(error.message.contains("unreachable"), "{error}");
    }
    let error = refusal("(module (func $f unreachable) (start $f) (func (export \"init\")))", INIT);
    assert!(error.message.contains("unreachable"), "{error}");
    let module = r#"(module (func (export "_initialize") unreachable) (func (export "init")))"#;
    let error = refusal(module, INIT);
    assert!(error.message.contains("calling `_initialize`"), "{error}");
    let error = refusal("(module (func $f (export \"init\") call $f))", INIT);
    assert!(error.message.contains("call stack exhausted"), "{error}");
}

#[test]
fn fault_09_init_that_exits() {
    for status in [0, 3] {
        let init = format!("(call $print (i32.const 2)) (call $proc_exit (i32.const {status}))");
        let error = refusal(&wasi(&init), INIT);
        assert!(error.message.contains(&format!("exited with status {status}")), "{error}");
        assert!(error.message.contains("hello there"), "{error}");
    }
}

#[test]
fn fault_09_init_that_loops_or_waits_is_ended() {
    let forever = "(module (func (export \"init\") (loop br 0)))".to_owned();
    let start = "(module (func $f (loop br 0)) (start $f) (func (export \"init\")))".to_owned();
    // A subscription to the clock, an hour from now.
    let waits = wasi(
        "(i32.store8 (i32.const 208) (i32.const 0)) (i32.store (i32.const 216) (i32.const 1))
         (i64.store (i32.const 224) (i64.const 3600000000000))
         (call $must (call $poll_oneoff (i32.const 200) (i32.const 300) (i32.const 1) (i32.const 400)))",
    );
    let prints = wasi("(loop (call $print (i32.const 1)) (br 0))");
    for module in [forever, start, waits, prints] {
        let begin = Instant::now();
        let error = refusal(&module, &format!("{INIT}\npreinit.max-seconds = 1"));
        assert!(error.message.contains("did not end within 1 s"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{module}");
    }
}

#[test]
fn fault_09_unknown_imports_are_named_where_they_are_called() {
    let module = |init: &str| {
        format!(
            r#"(module (import "env" "secret" (func $secret (param i32) (result f64)))
               (func (export "init") {init}) (func (export "f") (result f64) (call $secret (i32.const 1))))"#
        )
    };
    let error = refusal(&module("(drop (call $secret (i32.const 1)))"), INIT);
    assert!(
        error.message.contains("unknown import") && error.message.contains("env::secret"),
        "{error}"
    );
    let result = initialized(&module(""), INIT);
    assert_eq!(exports(&result), ["f"]);
    let wrapper = import(&module(""), INIT).0.wrapper("it");
    assert!(wrapper.contains("secret"), "the import is still the program's to give");
    // Without WASI its functions are unknown too.
    let error =
        refusal(&wasi("(call $print (i32.const 1))"), &format!("{INIT}\npreinit.wasi = false"));
    assert!(error.message.contains("fd_write"), "{error}");
    initialized(&wasi(""), &format!("{INIT}\npreinit.wasi = false"));
}

#[test]
fn fault_09_export_that_is_missing_or_no_initialization() {
    for module in [
        "(module)",
        "(module (func (export \"other\")))",
        "(module (func (export \"init\") (param i32)))",
        "(module (func (export \"init\") (result i32) i32.const 1))",
        "(module (memory (export \"init\") 1))",
    ] {
        let error = refusal(module, INIT);
        assert!(
            error.message.contains("the export `init` cannot initialize the module"),
            "{error}"
        );
    }
}

#[test]
fn fault_09_memory_is_bounded() {
    let storm = r#"(module (memory 1) (func (export "init") (loop (drop (memory.grow (i32.const 16))) (br 0))))"#;
    let error = refusal(storm, &format!("{INIT}\npreinit.max-memory-mib = 8"));
    assert!(error.message.contains("needs more memory than the 8 MiB"), "{error}");
    assert!(error.message.contains("preinit.max-memory-mib"), "{error}");
    let large = "(module (memory 200) (func (export \"init\")))";
    let error = refusal(large, &format!("{INIT}\npreinit.max-memory-mib = 8"));
    assert!(error.message.contains("needs more memory than the 8 MiB"), "{error}");
    let two = "(module (memory 100) (memory 100) (func (export \"init\")))";
    let error = refusal(two, &format!("{INIT}\npreinit.max-memory-mib = 8"));
    assert!(error.message.contains("needs more memory than the 8 MiB"), "{error}");
    // What the module itself allows is its own business.
    let own = r#"(module (memory (export "memory") 1 2)
        (func (export "init") (i32.store (i32.const 0) (memory.grow (i32.const 5)))))"#;
    let result = initialized(own, &format!("{INIT}\npreinit.max-memory-mib = 8"));
    assert_eq!(memory(&result, 0, 4), [0xff; 4]);
    // What a stage gives may not be larger than any module.
    let fills = r#"(module (memory 1) (func (export "init") (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))))"#;
    let error = refusal(fills, &format!("{INIT}\nlimits.max-data-bytes = 1000"));
    assert!(error.help.as_ref().unwrap().contains("limits.max-data-bytes"), "{error}");
    let table =
        r#"(module (table 1 funcref) (func (export "init") unreachable) (func (table.size) drop))"#;
    refusal(table, INIT);
}

#[test]
fn fault_09_state_that_no_module_can_begin_with_is_refused() {
    for (module, reason) in [
        (
            "(module (import \"env\" \"memory\" (memory 1)) (func (export \"init\")))",
            "imported memories",
        ),
        (
            "(module (import \"env\" \"g\" (global i32)) (func (export \"init\")))",
            "imported globals",
        ),
        (
            "(module (import \"env\" \"t\" (table 1 funcref)) (func (export \"init\")))",
            "imported tables",
        ),
        (
            "(module (table 1 funcref) (func (export \"init\") (table.set (i32.const 0) (ref.null func))))",
            "table.set",
        ),
        (
            "(module (global (mut externref) (ref.null extern)) (func (export \"init\")))",
            "reference type",
        ),
        ("(module (memory 1 1 shared) (func (export \"init\")))", "shared"),
    ] {
        let error = refusal(module, INIT);
        assert!(error.message.contains(reason), "{reason}: {error}");
        for (policy, warnings) in [("warn", 1), ("skip", 0)] {
            let choices = format!("{INIT}\npreinit.on-failure = {policy:?}");
            let (project, report) = import(module, &choices);
            assert_eq!(project.artifact(&report, "it.wat", "source"), wasm(module));
            assert_eq!(report.warnings.len(), warnings, "{:?}", report.warnings);
            assert!(report.warnings.iter().all(|warning| warning.contains(reason)));
            assert!(stage(&report, Stage::Preinit).skipped.as_ref().unwrap().contains(reason));
            assert!(project.wrapper("it").contains("\"init\""));
        }
    }
}

#[test]
fn fault_09_flood_of_output_is_cut_and_no_reason_to_fail() {
    let flood = "(local $i i32) (loop (call $print (i32.const 1))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $i) (i32.const 20000))))";
    // The last of what it printed was written like the first.
    let written = format!("{flood} (call $must (i32.ne (i32.load (i32.const 64)) (i32.const 12)))");
    initialized(&wasi(&written), INIT);
    let error = refusal(&wasi(&format!("{flood} unreachable")), INIT);
    assert!(error.message.contains("hello there") && error.message.len() < 4000, "{error}");
}

#[test]
fn two_runs_with_clocks_and_random_numbers_give_the_same_bytes() {
    let module = wasi(
        "(call $must (call $clock (i32.const 0) (i64.const 0) (i32.const 5000)))
         (call $must (call $clock (i32.const 1) (i64.const 0) (i32.const 5008)))
         (call $must (call $clock (i32.const 0) (i64.const 0) (i32.const 5016)))
         (call $must (call $random (i32.const 5024) (i32.const 5000)))",
    );
    let one = initialized(&module, INIT);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(one, initialized(&module, INIT));
    let number = |at| u64::from_le_bytes(memory(&one, at, 8).try_into().unwrap());
    assert!(number(5000) < number(5016), "the clock goes on");
    assert!(number(5016) < 1_000_000_000, "and begins at zero");
    assert_ne!(memory(&one, 5024, 16), [0; 16]);
    assert_ne!(memory(&one, 5024, 16), memory(&one, 5040, 16));
}

/// Reads the file `words.txt` of the first folder.
const READ_FILE: &str = "(call $must (call $path_open (i32.const 3) (i32.const 0) (i32.const 2048) (i32.const 9)
         (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 72)))
     (call $must (call $fd_read (i32.load (i32.const 72)) (i32.const 16) (i32.const 1) (i32.const 76)))";

#[test]
fn a_module_sees_the_folders_variables_arguments_and_input_that_it_is_given() {
    let module = wasi(&format!(
        "{READ_FILE}
         (call $must (call $environ_sizes_get (i32.const 80) (i32.const 84)))
         (call $must (call $environ_get (i32.const 6000) (i32.const 6100)))
         (call $must (call $args_sizes_get (i32.const 88) (i32.const 92)))
         (call $must (call $args_get (i32.const 7000) (i32.const 7100)))
         (i32.store (i32.const 16) (i32.const 8192))
         (call $must (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 96)))"
    ));
    let project = Project::with(&[("it.wat", module.as_bytes())]);
    fs::create_dir(project.path().join("data")).unwrap();
    fs::write(project.path().join("data/words.txt"), "some words").unwrap();
    fs::write(project.path().join("input.txt"), "typed in").unwrap();
    let text = text(&format!(
        "{INIT}
         preinit.dirs = {{ \"/words\" = \"data\" }}
         preinit.env = {{ LANG = \"C\", WHO = \"me\" }}
         preinit.args = [\"program\", \"--fast\"]
         preinit.stdin = \"input.txt\""
    ));
    let report = project.import_with(&text);
    asset(&report, "it.wat");
    let result = project.artifact(&report, "it.wat", "source");
    assert_eq!(memory(&result, 4096, 10), b"some words");
    assert_eq!(memory(&result, 80, 1), [2]);
    assert_eq!(memory(&result, 6100, 14), b"LANG=C\0WHO=me\0");
    assert_eq!(memory(&result, 88, 1), [2]);
    assert_eq!(memory(&result, 7100, 15), b"program\0--fast\0");
    assert_eq!(memory(&result, 8192, 8), b"typed in");

    // Whatever it reads belongs to what the outputs depend on.
    let again = |expected: Status| {
        let check = project.configured(&text).run_check().unwrap();
        let is_stale = check.count(Status::Stale) > 0;
        assert_eq!(is_stale, expected == Status::Imported);
        assert_eq!(statuses(&project.import_with(&text)), [("it.wat", expected)]);
    };
    again(Status::Unchanged);
    fs::write(project.path().join("data/words.txt"), "other words").unwrap();
    again(Status::Imported);
    again(Status::Unchanged);
    fs::write(project.path().join("data/more.txt"), "").unwrap();
    again(Status::Imported);
    fs::write(project.path().join("input.txt"), "typed again").unwrap();
    again(Status::Imported);
    again(Status::Unchanged);
    #[cfg(unix)]
    {
        // A link that leads nowhere hides no change of the files beside it.
        std::os::unix::fs::symlink("nowhere", project.path().join("data/broken")).unwrap();
        again(Status::Imported);
        fs::write(project.path().join("data/words.txt"), "final words").unwrap();
        again(Status::Imported);
        again(Status::Unchanged);
    }
}

#[test]
fn fault_09_folders_are_read_only_and_missing_inputs_are_named() {
    let project = Project::with(&[("it.wat", wasi(READ_FILE).as_bytes())]);
    let refused = |choices: &str| {
        let report = project.import_with(&text(&format!("{INIT}\n{choices}")));
        failure(&report).to_string()
    };
    let error = refused("preinit.dirs = { \"/\" = \"absent\" }");
    let folder = project.path().display().to_string();
    let expected =
        format!("`{folder}/wasmport.toml` line 4, column 18: cannot find `{folder}/absent`: ");
    assert!(error.contains(&expected), "{error}");
    let error = refused("preinit.stdin = \"absent.txt\"");
    assert!(error.contains("absent.txt"), "{error}");
    // A folder that is not given is not there.
    assert!(refused("").contains("unreachable"));
    // Nor may it be written to: `path_open` that creates fails.
    fs::create_dir(project.path().join("data")).unwrap();
    let create =
        READ_FILE.replacen("(i32.const 0) (i64.const 2)", "(i32.const 1) (i64.const 64)", 1);
    assert_ne!(create, READ_FILE);
    project.write("it.wat", wasi(&create));
    let error = refused("preinit.dirs = { \"/\" = \"data\" }");
    assert!(error.contains("unreachable"), "{error}");
    assert!(!project.path().join("data/words.txt").exists());
}

#[test]
fn features_of_the_module_stay_what_they_are() {
    // No bulk memory in it: what remains of active segments needs it.
    let module = r#"(module (memory (export "memory") 1) (data (i32.const 0) "x")
        (func (export "init") (i32.store8 (i32.const 1) (i32.const 0x79))))"#;
    let result = initialized(module, INIT);
    assert_eq!(memory(&result, 0, 2), b"xy");
    let text = "targets = [\"x86_64-unknown-linux-gnu\", \"portable\"]\n[defaults]\npreinit.init = \"init\"\n";
    let project = Project::with(&[("it.wat", module.as_bytes())]);
    assert_eq!(asset(&project.import_with(text), "it.wat").artifacts.len(), 2);
}

#[test]
fn other_choices_of_initializing_import_again() {
    let project = Project::with(&[("it.wat", COUNTER.as_bytes())]);
    let import = |choices: &str| {
        let report = project.import_with(&text(&format!("{INIT}\n{choices}")));
        report.assets[0].status
    };
    import("");
    for choices in [
        "preinit.keep-init = true",
        "preinit.env = { A = \"1\" }",
        "preinit.args = [\"a\"]",
        "preinit.rename = { at = \"pages\" }",
        "preinit.enabled = false",
    ] {
        assert_eq!(import(choices), Status::Imported, "{choices}");
        assert_eq!(import(choices), Status::Unchanged, "{choices}");
    }
}

#[test]
fn more_modules_than_processors_are_initialized_at_once() {
    let project = Project::new();
    for index in 0..4 * std::thread::available_parallelism().unwrap().get() {
        project.write(&format!("it{index}.wat"), COUNTER);
    }
    for jobs in [None, Some(1)] {
        let importer = project.configured(&text(&format!("{INIT}\npreinit.max-seconds = 20")));
        let importer = jobs.map_or_else(|| importer.clone(), |jobs| importer.clone().jobs(jobs));
        let report = importer.run(&()).unwrap();
        assert_eq!(report.count(Status::Failed), 0, "{:?}", report.assets);
        fs::remove_dir_all(project.out()).unwrap();
    }
}
