//! Sessions of modules that no wrapper describes.

use std::time::Duration;
use wasmport::wasmtime::{self, Caller, Trap, Val};
use wasmport::{DynamicAsset, EngineConfig, Error, Exit, Runtime, RuntimeOptions, Session};

const PLUGIN: &str = r#"(module
    (import "host" "add" (func $add (param i32)))
    (memory (export "memory") 1)
    (global $ready (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $ready (i32.const 1)))
    (func (export "run") (param i32) (result i32)
        (call $add (local.get 0))
        (global.get $ready))
    (func (export "pair") (param i64 f32) (result f32 i64) (local.get 1) (local.get 0))
    (func (export "trap") unreachable)
    (func (export "spin") (loop br 0))
    (func (export "grow") (result i32) (memory.grow (i32.const 100))))"#;

fn runtime(engine: &EngineConfig, limit: impl FnOnce(&mut wasmport::Limits)) -> Runtime {
    let mut options = RuntimeOptions::default();
    limit(&mut options.limits);
    Runtime::builder(engine).options(options).build().unwrap()
}

fn start(runtime: &Runtime) -> Result<Session<i32>, Error> {
    let module = runtime.load_dynamic(&DynamicAsset::new("plugin", PLUGIN)).unwrap();
    Session::of(&module, 0, |linker, _| {
        linker.func_wrap("host", "add", |mut caller: Caller<'_, _>, number: i32| {
            *wasmport::SessionData::get_mut(caller.data_mut()) += number;
        })?;
        Ok(())
    })
}

#[test]
fn functions_are_called_by_name() {
    let mut session = start(&Runtime::new(&EngineConfig::new()).unwrap()).unwrap();
    assert_eq!(session.asset().name(), "plugin");
    assert_eq!(session.call_func::<i32, i32>("run", 5).unwrap(), 1, "it was initialized");
    assert_eq!(session.call_func::<_, (f32, i64)>("pair", (7_i64, 1.5_f32)).unwrap(), (1.5, 7));
    let values = session.call_values("pair", &[Val::I64(7), Val::F32(1.5_f32.to_bits())]).unwrap();
    assert!(matches!(values.as_slice(), [Val::F32(_), Val::I64(7)]), "{values:?}");

    // What was never called has left nothing behind.
    assert!(session.call_func::<(), ()>("missing", ()).is_err());
    assert!(session.call_func::<(), ()>("run", ()).is_err());
    let missing = session.call_values("missing", &[]).unwrap_err().to_string();
    assert!(missing.contains(r#"no function "missing""#), "{missing}");
    assert!(!session.is_poisoned());
    assert_eq!((*session.data(), session.into_data()), (5, 5));
}

#[test]
fn they_have_the_limits_of_all_sessions() {
    let engine = EngineConfig::new().fuel(true).epoch_interruption(true);
    let runtime = runtime(&engine, |limits| {
        limits.memory_bytes = 1 << 20;
        limits.fuel = Some(1000);
    });
    let mut session = start(&runtime).unwrap();
    assert_eq!(session.call_func::<(), i32>("grow", ()).unwrap(), -1);
    let error = session.call_func::<(), ()>("spin", ()).unwrap_err();
    assert!(matches!(&error, Error::OutOfFuel { asset, .. } if asset == "plugin"), "{error}");
    let error = session.call_func::<i32, i32>("run", 1).unwrap_err();
    assert!(matches!(error, Error::Poisoned { .. }), "{error}");

    let mut session = start(&runtime).unwrap();
    session.set_fuel(u64::MAX).unwrap();
    session.set_time_limit(Some(Duration::from_millis(10))).unwrap();
    let error = session.call_values("spin", &[]).unwrap_err();
    assert!(matches!(&error, Error::TimedOut { asset, .. } if asset == "plugin"), "{error}");

    let mut session = start(&runtime).unwrap();
    let error = session.call_func::<(), ()>("trap", ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    assert!(session.is_poisoned());
}

#[test]
fn what_a_module_is_shows_before_it_runs() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let load = |text: &str| runtime.load_dynamic(&DynamicAsset::new("x", text)).unwrap();
    let plugin = load(PLUGIN);
    assert!(plugin.runtime().config() == runtime.config());
    let imports: Vec<String> = plugin
        .imports()
        .map(|import| format!("{}.{} {:?}", import.module(), import.name(), import.ty().func()))
        .collect();
    assert_eq!(imports.len(), 1);
    assert!(imports[0].starts_with("host.add Some("), "{imports:?}");
    let exports: Vec<&str> = plugin.exports().map(|export| export.name()).collect();
    assert_eq!(exports, ["memory", "_initialize", "run", "pair", "trap", "spin", "grow"]);
    assert_eq!((plugin.needs_wasi(), plugin.is_command()), (false, false));

    let command = load(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
            (func (export "_start")))"#,
    );
    assert_eq!((command.needs_wasi(), command.is_command()), (true, true));
    let other = load(r#"(module (func (export "_start") (param i32)))"#);
    assert!(!other.is_command());
}

#[test]
fn commands_run_to_their_end() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let run = |text: &str| {
        let module = runtime.load_dynamic(&DynamicAsset::new("x", text)).unwrap();
        let session = Session::of(&module, "data", |linker, _| {
            linker.func_wrap("host", "exit", |code: i32| -> wasmtime::Result<()> {
                Err(Exit::new(code).into())
            })?;
            Ok(())
        });
        session.unwrap().run()
    };
    // A command is no reactor, whatever it exports besides.
    let returns = r#"(module (func (export "_initialize") unreachable) (func (export "_start")))"#;
    assert_eq!(run(returns).unwrap(), (Exit::SUCCESS, "data"));
    let exits = r#"(module (import "host" "exit" (func (param i32)))
        (func (export "_start") (call 0 (i32.const 3)) unreachable))"#;
    assert_eq!(run(exits).unwrap(), (Exit::new(3), "data"));
    assert!(run(r#"(module (func (export "_start") unreachable))"#).is_err());
    assert!(run("(module)").is_err());
}

#[test]
fn a_missing_import_and_a_start_that_fails_are_errors() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let start = |text: &str| {
        let module = runtime.load_dynamic(&DynamicAsset::new("x", text)).unwrap();
        Session::of(&module, (), |_, _| Ok(())).map(drop).unwrap_err()
    };
    let error = start(r#"(module (import "host" "gone" (func)))"#);
    assert_eq!(error.to_string(), "asset `x`: unknown import: `host::gone` has not been defined");
    start("(module (func $f unreachable) (start $f))");
    start(r#"(module (func (export "_initialize") unreachable))"#);
}
