//! Preinit of components: the same as of core modules, where Wizer can do it, and a reason where not.

use crate::load::ENGINE;
use crate::preinit::{INIT, import, initialized, refusal, text};
use crate::project::{Project, asset, failure, stage, wasm};
use std::fs;
use std::time::{Duration, Instant};
use wasmport::wasmtime::component::{ComponentNamedList, Instance, Lift};
use wasmport::{DynamicAsset, Runtime, Session};
use wasmport_build::{Kind, Stage, Status};

/// Two core modules, of which one has the memory of both. The initialization has the same name inside.
const COUNTER: &str = r#"(component
    (import "log" (func $log))
    (core func $log (canon lower (func $log)))
    (core module $memory (memory (export "memory") 1)
        (global $count (mut i64) (i64.const 1))
        (func (export "count") (global.set $count (i64.add (global.get $count) (i64.const 1))))
        (func (export "counted") (result i64) (global.get $count)))
    (core instance $memory (instantiate $memory))
    (core module $main
        (import "memory" "memory" (memory 1))
        (import "memory" "count" (func $count))
        (import "host" "log" (func $log))
        (data (i32.const 0) "before")
        (global $ints (mut i32) (i32.const 1))
        (global $floats (mut f64) (f64.const 1))
        (global $small (mut f32) (f32.const 1))
        (func $start (global.set $ints (i32.add (global.get $ints) (i32.const 10))))
        (start $start)
        (func (export "init")
            (global.set $ints (i32.mul (global.get $ints) (i32.const 10)))
            (global.set $floats (f64.const 0.1))
            (global.set $small (f32.const -0.5))
            (drop (memory.grow (i32.const 2)))
            (i32.store (i32.const 2) (i32.const 42))
            (i32.store (i32.const 150000) (i32.const 43))
            (call $count))
        (func (export "ints") (result i32) (global.get $ints))
        (func (export "floats") (result f64) (f64.add (global.get $floats) (f64.promote_f32 (global.get $small))))
        (func (export "pages") (result i32) (memory.size))
        (func (export "say") (call $log))
        (func (export "at") (param i32) (result i32) (i32.load (local.get 0))))
    (core instance $main (instantiate $main
        (with "memory" (instance $memory))
        (with "host" (instance (export "log" (func $log))))))
    (func (export "init") (canon lift (core func $main "init")))
    (func (export "ints") (result s32) (canon lift (core func $main "ints")))
    (func (export "floats") (result f64) (canon lift (core func $main "floats")))
    (func (export "counted") (result s64) (canon lift (core func $memory "counted")))
    (func (export "pages") (result s32) (canon lift (core func $main "pages")))
    (func (export "say") (canon lift (core func $main "say")))
    (func (export "at") (param "address" s32) (result s32) (canon lift (core func $main "at"))))"#;

/// A session of the component, whose imports trap.
fn start(component: &[u8]) -> Session<(), Instance> {
    let runtime = Runtime::new(&ENGINE).unwrap();
    let component = runtime.load_dynamic(&DynamicAsset::component("it", component)).unwrap();
    Session::of(&component, (), |linker, _| {
        linker.define_unknown_imports_as_traps(component.component())
    })
    .unwrap()
}

fn get<R: Lift + Send + Sync + 'static>(session: &mut Session<(), Instance>, name: &str) -> R
where
    (R,): Lift + ComponentNamedList,
{
    let called = session.call(|instance, store| {
        let func = instance.get_typed_func::<(), (R,)>(&mut *store, name)?;
        Ok(func.call(store, ())?.0)
    });
    called.unwrap()
}

fn wit(project: &Project) -> String {
    project.manifest()["assets"]["it"]["interface"]["wit"].as_str().unwrap().to_owned()
}

#[test]
fn globals_and_memories_are_kept_and_the_initialization_is_gone() {
    let (project, report) = import(COUNTER, INIT);
    assert_eq!(asset(&report, "it.wat").kind, Kind::Component);
    let result = project.artifact(&report, "it.wat", "source");
    let mut session = start(&result);
    assert_eq!(get::<i32>(&mut session, "ints"), 110, "the start function has run, and once");
    assert_eq!(get::<f64>(&mut session, "floats"), 0.1 - 0.5);
    assert_eq!(get::<i64>(&mut session, "counted"), 2);
    assert_eq!(get::<i32>(&mut session, "pages"), 3);
    let mut at = |address: i32| {
        let called = session.call(|instance, store| {
            let at = instance.get_typed_func::<(i32,), (i32,)>(&mut *store, "at")?;
            Ok(at.call(store, (address,))?.0)
        });
        called.unwrap()
    };
    assert_eq!((at(0), at(2), at(150_000)), (i32::from_le_bytes(*b"be\x2a\0"), 42, 43));

    let preinit = stage(&report, Stage::Preinit);
    assert_eq!(preinit.by.as_deref(), Some("`init`"));
    assert_eq!((preinit.before, preinit.after), (wasm(COUNTER).len() as u64, result.len() as u64));
    // The world lacks nothing else.
    let (as_it_was, _) = import(COUNTER, "");
    let line = "  export init: func();\n";
    assert!(wit(&as_it_was).contains(line));
    assert_eq!(wit(&project), wit(&as_it_was).replace(line, ""));
    assert!(as_it_was.wrapper("it").contains("init"));
    assert!(!project.wrapper("it").contains("call_init"), "{}", project.wrapper("it"));

    let (kept, _) = import(COUNTER, &format!("{INIT}\npreinit.keep-init = true"));
    assert_eq!(wit(&kept), wit(&as_it_was));
    let again = import(COUNTER, INIT);
    assert_eq!(again.0.artifact(&again.1, "it.wat", "source"), result);
}

#[test]
fn what_is_initialized_compiles_for_each_target() {
    let text = "targets = [\"x86_64-unknown-linux-gnu\", \"portable\"]\n[defaults]\npreinit.init = \"init\"\n";
    let project = Project::with(&[("it.wat", COUNTER.as_bytes())]);
    assert_eq!(asset(&project.import_with(text), "it.wat").artifacts.len(), 2);
    assert_eq!(project.import_with(text).assets[0].status, Status::Unchanged);
}

/// A component with `init` as the body of its initialization, after imports of WASI 0.2; each in
/// another patch release than Wasmtime's. It answers with the text whose place is at 16.
fn wasi(init: &str) -> String {
    format!(
        r#"(component
        (import "wasi:cli/environment@0.2.0" (instance $environment
            (export "get-environment" (func (result (list (tuple string string)))))
            (export "get-arguments" (func (result (list string))))))
        (import "wasi:cli/exit@0.2.1" (instance $exit
            (export "exit" (func (param "status" (result))))))
        (import "wasi:clocks/monotonic-clock@0.2.2" (instance $clock
            (export "now" (func (result u64)))))
        (import "wasi:random/random@0.2.3" (instance $random
            (export "get-random-u64" (func (result u64)))))
        (import "wasi:io/error@0.2.4" (instance $error (export "error" (type (sub resource)))))
        (alias export $error "error" (type $e))
        (import "wasi:io/streams@0.2.4" (instance $streams
            (export "input-stream" (type $input (sub resource)))
            (alias outer 1 $e (type $outer))
            (export "error" (type $e (eq $outer)))
            (type $variant (variant (case "last-operation-failed" (own $e)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $variant)))
            (type $bytes (list u8))
            (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input))
                (param "len" u64) (result (result $bytes (error $stream-error)))))))
        (alias export $streams "input-stream" (type $input))
        (import "wasi:cli/stdin@0.2.0" (instance $stdin
            (alias outer 1 $input (type $outer))
            (export "input-stream" (type $input (eq $outer)))
            (export "get-stdin" (func (result (own $input))))))
        (import "demo:app/pipe" (instance $pipe
            (alias outer 1 $input (type $outer))
            (export "input-stream" (type $input (eq $outer)))
            (export "blob" (type $blob (sub resource)))
            (export "open" (func (param "of" (borrow $blob)) (result (own $input))))
            (export "close" (func))))
        (core module $libc (memory (export "memory") 1) (global $next (mut i32) (i32.const 4096))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (local.get $at)))
        (core instance $libc (instantiate $libc))
        (alias core export $libc "memory" (core memory $memory))
        (alias core export $libc "realloc" (core func $realloc))
        (core func $environ (canon lower (func $environment "get-environment") (memory $memory) (realloc $realloc)))
        (core func $args (canon lower (func $environment "get-arguments") (memory $memory) (realloc $realloc)))
        (core func $exit (canon lower (func $exit "exit")))
        (core func $now (canon lower (func $clock "now")))
        (core func $random (canon lower (func $random "get-random-u64")))
        (core func $stdin (canon lower (func $stdin "get-stdin")))
        (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") (memory $memory) (realloc $realloc)))
        (core func $drop (canon resource.drop $input))
        (core func $close (canon lower (func $pipe "close")))
        (core module $main
            (import "libc" "memory" (memory 1))
            (import "wasi" "environ" (func $environ (param i32)))
            (import "wasi" "args" (func $args (param i32)))
            (import "wasi" "exit" (func $exit (param i32)))
            (import "wasi" "now" (func $now (result i64)))
            (import "wasi" "random" (func $random (result i64)))
            (import "wasi" "stdin" (func $stdin (result i32)))
            (import "wasi" "read" (func $read (param i32 i64 i32)))
            (import "wasi" "drop" (func $drop (param i32)))
            (import "wasi" "close" (func $close))
            (func (export "init") (local $handle i32) {init})
            (func (export "text") (result i32) (i32.const 16))
            (func $again (export "again") (call $read (i32.load (i32.const 40)) (i64.const 1) (i32.const 32)))
            (func (export "number") (param i32) (result i64) (i64.load (local.get 0))))
        (core instance $main (instantiate $main
            (with "libc" (instance $libc))
            (with "wasi" (instance
                (export "environ" (func $environ)) (export "args" (func $args))
                (export "exit" (func $exit)) (export "now" (func $now))
                (export "random" (func $random)) (export "stdin" (func $stdin))
                (export "read" (func $read)) (export "drop" (func $drop))
                (export "close" (func $close))))))
        (func (export "init") (canon lift (core func $main "init")))
        (func (export "text") (result string) (canon lift (core func $main "text") (memory $memory)))
        (func (export "again") (canon lift (core func $main "again")))
        (func (export "number") (param "at" u32) (result u64) (canon lift (core func $main "number"))))"#
    )
}

/// Copies the address and the length of a text to where they are looked for.
fn found_at(address: &str) -> String {
    format!("(i64.store (i32.const 16) (i64.load {address}))")
}

#[test]
fn a_component_sees_the_variables_arguments_and_input_that_it_is_given() {
    // The value of the second variable, and the second argument.
    let variable = "(call $environ (i32.const 32))".to_owned()
        + &found_at("(i32.add (i32.load (i32.const 32)) (i32.const 24))");
    let argument = "(call $args (i32.const 32))".to_owned()
        + &found_at("(i32.add (i32.load (i32.const 32)) (i32.const 8))");
    let input = "(local.set $handle (call $stdin))
         (call $read (local.get $handle) (i64.const 5) (i32.const 32))
         (call $drop (local.get $handle))"
        .to_owned()
        + &found_at("(i32.const 36)");
    for (init, expected) in [(variable, "me"), (argument, "--fast"), (input, "typed")] {
        let project = Project::with(&[("it.wat", wasi(&init).as_bytes())]);
        fs::write(project.path().join("input.txt"), "typed in").unwrap();
        let text = text(&format!(
            "{INIT}
             preinit.env = {{ LANG = \"C\", WHO = \"me\" }}
             preinit.args = [\"program\", \"--fast\"]
             preinit.stdin = \"input.txt\""
        ));
        let report = project.import_with(&text);
        asset(&report, "it.wat");
        let mut session = start(&project.artifact(&report, "it.wat", "source"));
        assert_eq!(get::<String>(&mut session, "text"), expected);
        fs::write(project.path().join("input.txt"), "other").unwrap();
        assert_eq!(project.import_with(&text).assets[0].status, Status::Imported);
    }
}

#[test]
fn clocks_and_random_numbers_are_the_same_each_time() {
    let init = "(i64.store (i32.const 64) (call $now)) (i64.store (i32.const 72) (call $now))
        (i64.store (i32.const 80) (call $random)) (i64.store (i32.const 88) (call $random))";
    let one = initialized(&wasi(init), INIT);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(one, initialized(&wasi(init), INIT));
    let mut session = start(&one);
    let mut number = |at: u32| {
        let called = session.call(|instance, store| {
            let number = instance.get_typed_func::<(u32,), (u64,)>(&mut *store, "number")?;
            Ok(number.call(store, (at,))?.0)
        });
        called.unwrap()
    };
    assert!(number(64) < number(72) && number(72) < 1_000_000_000);
    assert_ne!(number(80), number(88));
}

#[test]
fn handles_end_with_the_initialization() {
    let result = initialized(&wasi("(i32.store (i32.const 40) (call $stdin)) (call $again)"), INIT);
    let called = start(&result).call(|instance, store| {
        let again = instance.get_typed_func::<(), ()>(&mut *store, "again")?;
        again.call(store, ())
    });
    let error = format!("{:#}", called.unwrap_err());
    assert!(error.contains("unknown handle index"), "{error}");
}

/// A component whose function `init` this core module has.
fn lifted(module: &str) -> String {
    format!(
        r#"(component (core module $m {module}) (core instance $i (instantiate $m))
           (func (export "init") (canon lift (core func $i "init"))))"#
    )
}

#[test]
fn fault_09_init_of_a_component_that_traps_exits_or_does_not_end() {
    let error = refusal(&lifted("(func (export \"init\") unreachable)"), INIT);
    assert!(error.message.contains("unreachable") && error.message.contains("`init`"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("mend the component"), "{error:?}");
    let start = "(func $f unreachable) (start $f) (func (export \"init\"))";
    assert!(refusal(&lifted(start), INIT).message.contains("unreachable"));
    for (status, code) in [(0, 0), (1, 1)] {
        let error = refusal(&wasi(&format!("(call $exit (i32.const {status}))")), INIT);
        let said = format!("the component exited with status {code}");
        assert!(error.message.contains(&said), "{error}");
    }
    for module in [
        "(func (export \"init\") (loop br 0))",
        "(func $f (loop br 0)) (start $f) (func (export \"init\"))",
    ] {
        let begin = Instant::now();
        let error = refusal(&lifted(module), &format!("{INIT}\npreinit.max-seconds = 1"));
        assert!(error.message.contains("did not end within 1 s"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{module}");
    }
}

#[test]
fn fault_09_memory_of_a_component_is_bounded() {
    let bounds = format!("{INIT}\npreinit.max-memory-mib = 8");
    for module in [
        r#"(memory 1) (func (export "init") (loop (drop (memory.grow (i32.const 16))) (br 0)))"#,
        r#"(memory 200) (func (export "init"))"#,
    ] {
        let error = refusal(&lifted(module), &bounds);
        assert!(error.message.contains("needs more memory than the 8 MiB"), "{error}");
    }
    // All that there may be, and what Wizer takes besides.
    initialized(&lifted(r#"(memory 128) (func (export "init"))"#), &bounds);
    let room = r#"(memory 1 2) (data (i32.const 0) "x") (func (export "init"))"#;
    initialized(&lifted(room), INIT);
    let full = lifted(r#"(memory 1 1) (data (i32.const 0) "x") (func (export "init"))"#);
    let error = refusal(&full, INIT);
    assert!(
        error.message.contains("cannot be snapshotted: one of its memories is at its maximum"),
        "{error}"
    );
}

#[test]
fn fault_09_unknown_imports_of_a_component_are_named_where_they_are_called() {
    let error = refusal(&wasi("(call $close)"), INIT);
    assert!(error.message.contains("unknown import: `demo:app/pipe.close`"), "{error}");
    let calls = COUNTER.replace("(call $count))\n", "(call $count) (call $log))\n");
    assert_ne!(calls, COUNTER);
    let error = refusal(&calls, INIT);
    assert!(error.message.contains("unknown import: `log`"), "{error}");
    // What is there is still the program's to give.
    assert!(import(COUNTER, INIT).0.wrapper("it").contains("fn log"));
    // Without WASI it is unknown too.
    let without = format!("{INIT}\npreinit.wasi = false");
    let error = refusal(&wasi("(call $args (i32.const 32))"), &without);
    let name = "unknown import: `wasi:cli/environment@0.2.0.get-arguments`";
    assert!(error.message.contains(name), "{error}");
    initialized(&wasi(""), &without);
}

#[test]
fn fault_09_export_of_a_component_that_is_missing_or_no_initialization() {
    let error = refusal("(component)", INIT);
    assert!(error.message.contains("does not export the function `init`"), "{error}");
    for module in [
        r#"(component (core module $m (func (export "f") (param i32))) (core instance $i (instantiate $m))
            (func (export "init") (param "n" u32) (canon lift (core func $i "f"))))"#,
        r#"(component (core module $m (func (export "f") (result i32) i32.const 1)) (core instance $i (instantiate $m))
            (func (export "init") (result u32) (canon lift (core func $i "f"))))"#,
        r#"(component (instance $i) (export "init" (instance $i)))"#,
    ] {
        let error = refusal(module, INIT);
        let said = "the export `init` cannot initialize the component";
        assert!(error.message.contains(said), "{error}");
    }
}

#[test]
fn a_function_of_an_interface_initializes_and_stays() {
    let component = r#"(component
        (core module $m (global $ready (mut i32) (i32.const 0))
            (func (export "run") (global.set $ready (i32.const 1)))
            (func (export "ready") (result i32) (global.get $ready)))
        (core instance $i (instantiate $m))
        (func $run (canon lift (core func $i "run")))
        (func (export "ready") (result bool) (canon lift (core func $i "ready")))
        (instance $setup (export "run" (func $run)))
        (export "demo:app/setup@0.1.0" (instance $setup)))"#;
    for init in ["demo:app/setup@0.1.0.run", "demo:app/setup@0.1.1.run"] {
        let (project, report) = import(component, &format!("preinit.init = \"{init}\""));
        let mut session = start(&project.artifact(&report, "it.wat", "source"));
        assert!(get::<bool>(&mut session, "ready"));
        assert!(wit(&project).contains("export demo:app/setup@0.1.0;"), "{}", wit(&project));
    }
    let error = refusal(component, "preinit.init = \"demo:app/setup@0.1.0.walk\"");
    assert!(error.message.contains("`demo:app/setup@0.1.0.walk`"), "{error}");
}

#[test]
fn fault_09_components_that_wizer_cannot_snapshot_are_refused() {
    let nested = r#"(component
        (component $inner (core module $m (func (export "init"))) (core instance $i (instantiate $m))
            (func (export "init") (canon lift (core func $i "init"))))
        (instance $inner (instantiate $inner))
        (export "init" (func $inner "init")))"#;
    let twice = lifted(r#"(func (export "init"))"#)
        .replace("(core instance", "(core instance (instantiate $m)) (core instance");
    let vectors =
        lifted(r#"(global (mut v128) (v128.const i32x4 0 0 0 0)) (func (export "init"))"#);
    let tables = lifted(
        r#"(table 1 funcref) (func (export "init") (table.set (i32.const 0) (ref.null func)))"#,
    );
    let long = lifted(r#"(memory i64 1) (func (export "init"))"#);
    let shared = lifted(r#"(memory 1 1 shared) (func (export "init"))"#);
    let silent = lifted(r#"(func (export "init"))"#).replace(
        "(core instance",
        "(core module $s (memory 1)) (core instance (instantiate $s)) (core instance",
    );
    for (component, reason) in [
        (long.as_str(), "64-bit memories"),
        (&shared, "shared memories"),
        (&silent, "exports nothing"),
        (nested, "cannot be snapshotted: nested components with modules"),
        (&twice, "modules may be instantiated at most once"),
        (&vectors, "v128 globals"),
        (&tables, "table.set"),
    ] {
        let error = refusal(component, INIT);
        assert!(error.message.contains(reason), "{reason}: {error}");
        for (policy, warnings) in [("warn", 1), ("skip", 0)] {
            let choices = format!("{INIT}\npreinit.on-failure = {policy:?}");
            let (project, report) = import(component, &choices);
            assert_eq!(project.artifact(&report, "it.wat", "source"), wasm(component));
            assert_eq!(report.warnings.len(), warnings, "{:?}", report.warnings);
            assert!(stage(&report, Stage::Preinit).skipped.as_ref().unwrap().contains(reason));
            assert!(wit(&project).contains("export init: func();"));
        }
    }
    let renamed = format!("{INIT}\npreinit.rename = {{ ints = \"pages\" }}");
    let error = refusal(COUNTER, &renamed);
    assert!(error.message.contains("exports of components are not renamed"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("preinit.rename"), "{error:?}");
}

#[test]
fn a_component_is_initialized_before_it_is_composed() {
    // The import is satisfied by what would be refused inside of it.
    let log = r#"(component (core module $m (func (export "log"))) (core instance $i (instantiate $m))
        (func $log (canon lift (core func $i "log")))
        (instance $exports (export "log" (func $log)))
        (export "demo:app/log" (instance $exports)))"#;
    let main = r#"(component
        (import "demo:app/log" (instance $log (export "log" (func))))
        (core func $log (canon lower (func $log "log")))
        (core module $m (import "host" "log" (func $log))
            (global $ready (mut i32) (i32.const 0))
            (func (export "init") (global.set $ready (i32.const 1)))
            (func (export "ready") (result i32) (call $log) (global.get $ready)))
        (core instance $i (instantiate $m (with "host" (instance (export "log" (func $log))))))
        (func (export "init") (canon lift (core func $i "init")))
        (func (export "ready") (result bool) (canon lift (core func $i "ready"))))"#;
    let project = Project::with(&[("it.wat", main.as_bytes())]);
    fs::write(project.path().join("log.wat"), log).unwrap();
    let choices = format!("{INIT}\ncompose = {{ \"demo:app/log\" = \"log.wat\" }}");
    let report = project.import_with(&text(&choices));
    asset(&report, "it.wat");
    let mut session = start(&project.artifact(&report, "it.wat", "source"));
    assert!(get::<bool>(&mut session, "ready"));
    assert!(!wit(&project).contains("init"), "{}", wit(&project));
}

#[test]
fn a_component_whose_functions_wait_is_initialized() {
    let component = r#"(component
        (core module $m (global $ready (mut i32) (i32.const 0))
            (func (export "init") (global.set $ready (i32.const 1)))
            (func (export "ready") (result i32) (global.get $ready))
            (func (export "wait") (result i32) (i32.const 0))
            (func (export "back") (param i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "init") (canon lift (core func $i "init")))
        (func (export "ready") (result bool) (canon lift (core func $i "ready")))
        (func (export "wait") async (canon lift (core func $i "wait") async (callback (func $i "back")))))"#;
    let project = Project::with(&[("it.wat", component.as_bytes())]);
    let text = text(INIT) + "[engine]\nconcurrency-support = true\n";
    let report = project.import_with(&text);
    asset(&report, "it.wat");
    assert!(!wit(&project).contains("export init"), "{}", wit(&project));
    // One that waits itself is none.
    let report = project.import_with(&text.replace("\"init\"", "\"wait\""));
    let error = failure(&report);
    assert!(error.message.contains("cannot initialize the component"), "{error}");
}
