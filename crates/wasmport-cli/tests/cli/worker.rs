//! `wasmport-worker`: the stages that it runs before it compiles.

use ::wasmport::wasmtime::{Instance, Store};
use ::wasmport::{DynamicAsset, EngineConfig, Error, ModuleCache, Runtime, Stages, Worker};
use std::process::Command;

const WORKER: &str = env!("CARGO_BIN_EXE_wasmport-worker");

/// A module most of whose functions nobody calls.
fn padded() -> String {
    let unused = |number: i32| {
        format!(
            "(func $a_function_with_a_long_name_{number} (param i32) (result i32)
                (i32.mul (local.get 0) (i32.const 7)))"
        )
    };
    let unused: String = (0..400).map(unused).collect();
    format!(r#"(module {unused} (func (export "answer") (result i32) (i32.const 42)))"#)
}

/// Compiles by a worker with stages, and returns the answer and the length of the code.
fn compiled(stages: Option<Stages>) -> ::wasmport::Result<(i32, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let cache = ModuleCache::with_key(folder.path(), [1; 32]);
    let mut worker = Worker::program(WORKER);
    if let Some(stages) = stages {
        worker = worker.stages(stages);
    }
    let runtime = Runtime::new(&EngineConfig::new())?;
    let asset = DynamicAsset::new("padded", padded()).worker(&worker).cache(&cache);
    let module = runtime.load_dynamic(&asset)?;
    let mut store = Store::new(runtime.engine(), ());
    let instance = Instance::new(&mut store, module.module(), &[])?;
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer")?.call(&mut store, ())?;
    let files = std::fs::read_dir(folder.path().join("wasmport-modules")).unwrap();
    let bytes = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    Ok((answer, bytes))
}

#[test]
fn stages_run_before_it_compiles() {
    let (answer, plain) = compiled(None).unwrap();
    assert_eq!(answer, 42);
    let (answer, stripped) = compiled(Some(Stages::new().strip(["name"]))).unwrap();
    assert_eq!(answer, 42);
    assert!(stripped + 8_000 < plain, "{stripped} of {plain}: the names are there");
    match compiled(Some(Stages::new().optimize("O2"))) {
        Ok((answer, optimized)) => {
            assert_eq!(answer, 42);
            assert!(optimized * 2 < plain, "{optimized} of {plain}: what nobody calls is there");
        }
        // Without Binaryen the message says so.
        Err(error) => assert!(error.to_string().contains("wasm-opt"), "{error}"),
    }
    let error = compiled(Some(Stages::new().optimize("O9"))).unwrap_err();
    assert!(matches!(error, Error::Compile { .. }) && error.to_string().contains("O9"), "{error}");
}

#[cfg(unix)]
#[test]
fn the_programs_of_its_stages_end_with_its_time() {
    use ::wasmport::WorkerError;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let script = |name: &str, text: &str| {
        std::fs::write(path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(0o700)).unwrap();
    };
    std::fs::create_dir(path("temporary")).unwrap();
    let folder_name = folder.path().display();
    // It starts another program, and sleeps.
    let version = r#"[ "$1" = --version ] && echo "wasm-opt version 132 (version_132)" && exit"#;
    let sleep = "sleep 600 & echo $$ $! > ids.unfinished; mv ids.unfinished ids; sleep 600";
    script("wasm-opt", &format!("{version}\ncd '{folder_name}'\n{sleep}"));
    let variables = format!("WASM_OPT='{folder_name}/wasm-opt' TMPDIR='{folder_name}/temporary'");
    script("worker", &format!("{variables} exec '{WORKER}'"));

    let worker = Worker::program(path("worker")).stages(Stages::new().optimize("O2"));
    let asset = DynamicAsset::new("x", "(module)").worker(&worker.time(Duration::from_secs(5)));
    let began = Instant::now();
    let error = Runtime::new(&EngineConfig::new()).unwrap().load_dynamic(&asset).unwrap_err();
    assert!(matches!(error, Error::Worker { source: WorkerError::TimedOut(_), .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60), "it waited for its programs");
    let ids = std::fs::read_to_string(path("ids")).unwrap();
    let ids: Vec<_> = ids.split_whitespace().map(|id| id.parse().unwrap()).collect();
    super::exec::wait_for_end(&ids);
    assert_eq!(std::fs::read_dir(path("temporary")).unwrap().count(), 0, "its folder is left");
}

#[test]
fn by_itself_it_says_what_it_is_for() {
    let run = Command::new(WORKER).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8(run.stderr).unwrap().contains("`wasmport::Worker::program`"));
}
