//! Errors of calls and starts: each names the asset, the function and the reason, and keeps frames and cause.

use std::error::Error as _;
use std::time::Duration;
use wasmport::wasmtime::component::{Component, ResourceAny};
use wasmport::wasmtime::{self, Caller, Instance, Store, Trap, Val};
use wasmport::{
    DynamicAsset, EngineConfig, Error, Limits, Runtime, RuntimeOptions, Session, SessionData,
};

/// Without names of functions.
const GUEST: &str = r#"(module
    (import "host" "fail" (func (param i32)))
    (memory (export "memory") 1)
    (func (unreachable))
    (func (export "trap") (call 1))
    (func (export "fail") (param i32) (call 0 (local.get 0)))
    (func (export "add") (param i32 i64) (result i64)
        (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "hoard") (if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable)))
    (func (export "deep") (call 7) (call 7))
    (func (export "spin") (loop br 0)))"#;

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct Full;

fn runtime(engine: &EngineConfig, change: impl FnOnce(&mut RuntimeOptions)) -> Runtime {
    let mut options = RuntimeOptions::default();
    change(&mut options);
    Runtime::builder(engine).options(options).build().unwrap()
}

fn guest(runtime: &Runtime) -> Session<()> {
    let module = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    Session::of(&module, (), |linker, _| {
        linker.func_wrap("host", "fail", |_: Caller<'_, SessionData<()>>, code: i32| {
            Err::<(), _>(wasmtime::Error::new(Full).context(format!("cannot write {code}")))
        })?;
        Ok(())
    })
    .unwrap()
}

fn plain() -> Session<()> {
    guest(&Runtime::new(&EngineConfig::new()).unwrap())
}

#[test]
fn a_trap_is_one_line_and_with_frames_by_asset_and_export() {
    let mut guest = plain();
    let error = guest.call_func::<(), ()>("trap", ()).unwrap_err();
    let line = "asset `guest`, function `trap`: wasm trap: wasm `unreachable` instruction executed";
    assert_eq!(error.to_string(), line);
    let frames: Vec<String> = error.frames().iter().map(ToString::to_string).collect();
    assert_eq!(frames, ["guest!function 1", "guest!trap"]);
    let whole = format!("{line}\n    0: guest!function 1\n    1: guest!trap");
    assert_eq!(format!("{error:#}"), whole);
    assert_eq!(format!("{error:?}"), whole);
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    assert!(error.source().unwrap().is::<Trap>() && error.root_cause().is::<Trap>());

    // Later calls say by what the session was poisoned.
    let error = guest.call_func::<i32, i32>("grow", 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "an earlier call of this session of asset `guest` failed, so the guest's state is unknown: {line}"
        )
    );
    let again = guest.call_func::<i32, i32>("grow", 0).unwrap_err();
    assert!(matches!(again, Error::Poisoned { cause: Some(cause), .. } if cause == line));
}

#[test]
fn names_are_the_modules_own_where_it_has_them() {
    let text = r#"(module $calculator
        (func $divide (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "run") (param i32) (result i32) (call $divide (local.get 0))))"#;
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let module = runtime.load_dynamic(&DynamicAsset::new("calc", text)).unwrap();
    let mut session = Session::of(&module, (), |_, _| Ok(())).unwrap();
    let error = session.call_func::<i32, i32>("run", 0).unwrap_err();
    let frames: Vec<String> = error.frames().iter().map(ToString::to_string).collect();
    assert_eq!(frames, ["calculator!divide", "calculator!run"]);
}

#[test]
fn the_error_of_a_host_function_keeps_its_causes_through_a_question_mark() {
    fn call() -> wasmport::Result<()> {
        plain().call_func::<i32, ()>("fail", 7)?;
        Ok(())
    }
    let error = call().unwrap_err();
    let line = "asset `guest`, function `fail`: cannot write 7: the disk is full";
    assert_eq!(error.to_string(), line);
    assert!(error.is::<Full>() && error.root_cause().is::<Full>());
    assert_eq!(error.source().unwrap().to_string(), "cannot write 7");
    assert_eq!(error.frames().len(), 1);

    // So does an error that passes through a store of the program's own.
    fn own() -> wasmport::Result<()> {
        let runtime = Runtime::new(&EngineConfig::new())?;
        let module = runtime.load_dynamic(&DynamicAsset::new(
            "trap",
            "(module (func (export \"f\") unreachable))",
        ))?;
        let mut store = runtime.store(());
        let instance = Instance::new(&mut store, module.module(), &[])?;
        instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ())?;
        Ok(())
    }
    let error = own().unwrap_err();
    assert_eq!(error.to_string(), "wasm trap: wasm `unreachable` instruction executed");
    assert_eq!((error.frames().len(), error.is::<Trap>()), (1, true));
}

#[test]
fn limits_of_fuel_and_time_name_the_function() {
    let engine = EngineConfig::new().fuel(true).epoch_interruption(true);
    let runtime = runtime(&engine, |options| options.limits.fuel = Some(1000));
    let error = guest(&runtime).call_func::<(), ()>("spin", ()).unwrap_err();
    assert_eq!(error.to_string(), "asset `guest`, function `spin`: it has used up its fuel");
    assert!(matches!(error, Error::OutOfFuel { .. }));
    assert_eq!(error.frames().len(), 1);

    let mut session = guest(&runtime);
    session.set_fuel(u64::MAX).unwrap();
    session.set_time_limit(Some(Duration::from_millis(10))).unwrap();
    let error = session.call_func::<(), ()>("spin", ()).unwrap_err();
    assert_eq!(error.to_string(), "asset `guest`, function `spin`: it took longer than 10ms");
    assert!(matches!(error, Error::TimedOut { .. }));
    assert_eq!(error.frames()[0].to_string(), "guest!spin");
}

#[test]
fn wrong_arguments_do_not_poison() {
    let mut guest = plain();
    let refused: [(&[Val], &str); 3] = [
        (&[], "it takes 2 parameters, not 0"),
        (&[Val::I32(1)], "it takes 2 parameters, not 1"),
        (&[Val::I64(1), Val::I64(2)], "its parameter 1 is i32, not i64"),
    ];
    for (params, reason) in refused {
        let error = guest.call_values("add", params).unwrap_err();
        assert_eq!(error.to_string(), format!("asset `guest`, function `add`: {reason}"));
        assert!(!guest.is_poisoned());
    }
    let sum = guest.call_values("add", &[Val::I32(1), Val::I64(2)]).unwrap();
    assert!(matches!(sum.as_slice(), [Val::I64(3)]), "{sum:?}");
}

#[test]
fn a_limit_that_refuses_an_instance_is_named() {
    let start = |text: &str, limit: fn(&mut Limits)| {
        let runtime = runtime(&EngineConfig::new(), |options| limit(&mut options.limits));
        let module = runtime.load_dynamic(&DynamicAsset::new("big", text)).unwrap();
        Session::of(&module, (), |_, _| Ok(())).err().unwrap()
    };
    type Case = (&'static str, fn(&mut Limits), &'static str);
    let cases: [Case; 5] = [
        ("(module)", |limits| limits.instances = 0, "1 where `limits.instances` allows 0"),
        (
            "(module (memory 1) (memory 1))",
            |limits| limits.memories = 1,
            "2 where `limits.memories` allows 1",
        ),
        (
            "(module (table 1 funcref))",
            |limits| limits.tables = 0,
            "1 where `limits.tables` allows 0",
        ),
        (
            "(module (memory 3))",
            |limits| limits.memory_bytes = 70_000,
            "196608 where `limits.memory_bytes` allows 70000",
        ),
        (
            "(module (table 9 funcref))",
            |limits| limits.table_elements = 8,
            "9 where `limits.table_elements` allows 8",
        ),
    ];
    for (text, limit, needs) in cases {
        let error = start(text, limit);
        let due = format!("a session of asset `big` cannot start: the guest needs {needs}");
        assert_eq!(error.to_string(), due);
        assert!(matches!(error, Error::Limit { .. }), "{error}");
    }
    let error = start("(module (memory 3))", |limits| limits.memory_bytes = 0);
    let help = "set `limits.memory_bytes` of `RuntimeOptions` to at least 196608";
    assert_eq!(error.help().as_deref(), Some(help));
}

#[test]
fn components_of_many_instances_start_by_default_and_a_smaller_limit_is_named() {
    let instances = "(core instance (instantiate $m))".repeat(300);
    let text = format!("(component (core module $m (memory 1) (table 1 funcref)) {instances})");
    let asset = DynamicAsset::<Component>::component("many", text);
    let start = |runtime: &Runtime| {
        let component = runtime.load_dynamic(&asset).unwrap();
        Session::of(&component, (), |_, _: &mut Store<_>| Ok(()))
    };
    start(&Runtime::new(&EngineConfig::new()).unwrap()).unwrap();
    let small = runtime(&EngineConfig::new(), |options| options.limits.instances = 100);
    let error = start(&small).err().unwrap();
    assert_eq!(
        error.to_string(),
        "a session of asset `many` cannot start: the guest needs 101 where `limits.instances` allows 100"
    );
}

#[test]
fn a_call_after_which_memory_was_refused_says_so() {
    let small = runtime(&EngineConfig::new(), |options| options.limits.memory_bytes = 1 << 20);
    let mut session = guest(&small);
    assert_eq!(session.call_func::<i32, i32>("grow", 15).unwrap(), 1);
    let error = session.call_func::<(), ()>("hoard", ()).unwrap_err();
    let help = "this may be the reason: the guest needs 7602176 where `limits.memory_bytes` allows 1048576";
    assert_eq!(error.help().as_deref(), Some(help));
}

#[test]
fn a_store_of_ones_own_has_the_limits_of_a_session() {
    let engine = EngineConfig::new().fuel(true).epoch_interruption(true);
    let runtime = runtime(&engine, |options| {
        options.limits.memory_bytes = 2 << 16;
        options.limits.fuel = Some(10_000);
    });
    let text = r#"(module (memory 1)
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "spin") (loop br 0)))"#;
    let module = runtime.load_dynamic(&DynamicAsset::new("own", text)).unwrap();
    let mut store = runtime.store("data");
    let instance = Instance::new(&mut store, module.module(), &[]).unwrap();
    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow").unwrap();
    assert_eq!((grow.call(&mut store, ()).unwrap(), grow.call(&mut store, ()).unwrap()), (1, -1));
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
    let error = spin.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    assert_eq!(*store.data().get(), "data");
}

#[test]
fn the_file_of_a_dynamic_asset_that_is_missing_is_named() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let error = runtime.load_dynamic(&DynamicAsset::file("no/where.wasm")).err().unwrap();
    assert_eq!(error.to_string(), "the file `no/where.wasm` of asset `where` does not exist");
    assert!(matches!(&error, Error::File { path, .. } if path.ends_with("where.wasm")));
    let help = "check the path: a relative one begins at the program's working folder";
    assert_eq!(error.help().as_deref(), Some(help));
    assert!(error.source().is_some());
}

#[test]
fn endless_recursion_says_what_bounds_it() {
    let error = plain().call_func::<(), ()>("deep", ()).unwrap_err();
    let line = "asset `guest`, function `deep`: wasm trap: call stack exhausted";
    assert_eq!(error.to_string(), line);
    // Frames are missing, so the last is not the export.
    assert!(error.frames().iter().all(|frame| frame.function == "function 7"), "{error:#}");
    let help = "set `max_wasm_stack` of `RuntimeOptions` to more if the guest may recurse so deep";
    assert_eq!(error.help().as_deref(), Some(help));
}

const THINGS: &str = r#"(component
    (type $own (resource (rep i32)))
    (export $thing "thing" (type $own))
    (core func $new (canon resource.new $own))
    (core module $m
        (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 7)))
        (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $thing)) (canon lift (core func $i "make")))
    (func (export "get") (param "self" (borrow $thing)) (result u32)
        (canon lift (core func $i "get"))))"#;

type Things = Session<(), wasmtime::component::Instance>;

fn two_things(engine: &EngineConfig) -> [Things; 2] {
    let runtime = Runtime::new(engine).unwrap();
    let asset = DynamicAsset::<Component>::component("things", THINGS);
    let component = runtime.load_dynamic(&asset).unwrap();
    [(); 2].map(|()| Session::of(&component, (), |_, _: &mut Store<_>| Ok(())).unwrap())
}

fn make(things: &mut Things) -> ResourceAny {
    let made = things.call(|instance, store| {
        instance.get_typed_func::<(), (ResourceAny,)>(&mut *store, "make")?.call(store, ())
    });
    made.unwrap().0
}

fn get(things: &mut Things, thing: ResourceAny) -> wasmport::Result<u32> {
    let got = things.call(|instance, store| {
        instance.get_typed_func::<(ResourceAny,), (u32,)>(&mut *store, "get")?.call(store, (thing,))
    });
    Ok(got?.0)
}

/// Wasmtime then regards the component as still running.
#[cfg(feature = "compiler")]
#[test]
fn a_handle_of_another_session_poisons_with_concurrency() {
    let [mut one, mut other] = two_things(&EngineConfig::new().concurrency_support(true));
    let (thing, others) = (make(&mut one), make(&mut other));
    let line = "asset `things`: mismatched resource types";
    assert_eq!(get(&mut one, others).unwrap_err().to_string(), line);
    assert!(one.is_poisoned());
    assert_eq!(
        get(&mut one, thing).unwrap_err().to_string(),
        format!(
            "an earlier call of this session of asset `things` failed, so the guest's state is unknown: {line}"
        )
    );
    // Other sessions go on.
    assert_eq!(get(&mut other, others).unwrap(), 7);
}

#[test]
fn a_handle_of_another_session_or_a_dropped_one_does_not_poison() {
    let [mut one, mut other] = two_things(&EngineConfig::new());
    let (thing, others) = (make(&mut one), make(&mut other));
    let error = get(&mut one, others).unwrap_err();
    assert_eq!(error.to_string(), "asset `things`: mismatched resource types");
    assert_eq!(get(&mut one, thing).unwrap(), 7);
    one.call(|_, store| thing.resource_drop(store)).unwrap();
    let error = get(&mut one, thing).unwrap_err();
    assert!(error.to_string().starts_with("asset `things`: unknown handle index "), "{error}");
    assert!(one.call(|_, store| thing.resource_drop(store)).is_err());
    assert!(!one.is_poisoned());
    let another = make(&mut one);
    assert_eq!(get(&mut one, another).unwrap(), 7);
}
