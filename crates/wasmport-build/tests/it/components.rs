//! Components: imported like modules, loaded and called.

use crate::load::ENGINE;
use crate::project::{Project, failure, failure_of, statuses};
use std::time::Duration;
use wasmport::engine::{RequiredFeatures, WasmFeature, wasmtime_version};
use wasmport::wasmtime::component::{Component, Instance, Val};
use wasmport::wasmtime::{self, StoreContextMut, Trap};
use wasmport::{
    Asset, BackEnd, Digest, DynamicAsset, EngineConfig, Error, Folder, LoadWay, Runtime,
    RuntimeOptions, Session, SessionData, support,
};
use wasmport_build::{AssetSettings, Kind, Report, Stage, Status, Target};

const COUNTER: &str = r#"(component
    (import "log" (func $log (param "number" u32)))
    (core func $lowered (canon lower (func $log)))
    (core module $m
        (import "host" "log" (func $log (param i32)))
        (memory 1)
        (func (export "add") (param i32 i32) (result i32)
            (call $log (local.get 0)) (i32.add (local.get 0) (local.get 1)))
        (func (export "spin") (loop br 0))
        (func (export "trap") unreachable)
        (func (export "grow") (result i32) (memory.grow (i32.const 100))))
    (core instance $host (export "log" (func $lowered)))
    (core instance $i (instantiate $m (with "host" (instance $host))))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32)
        (canon lift (core func $i "add")))
    (func (export "spin") (canon lift (core func $i "spin")))
    (func (export "trap") (canon lift (core func $i "trap")))
    (func (export "grow") (result s32) (canon lift (core func $i "grow"))))"#;

fn import(project: &Project, engine: EngineConfig, settings: AssetSettings) -> Report {
    let targets = [Target::host(), Target::PORTABLE, Target::SOURCE];
    let importer = project.importer().engine(engine).asset(settings);
    targets.into_iter().fold(importer, |importer, t| importer.target(t)).run(&()).unwrap()
}

/// The asset that a wrapper would describe.
#[expect(unsafe_code, reason = "the importer made the artifacts, in this test")]
fn asset(report: &Report, engine: EngineConfig) -> Asset<Component> {
    let report = &report.assets[0];
    assert_eq!(report.error, None);
    let artifacts: Vec<_> = report
        .artifacts
        .iter()
        .map(|a| {
            let (target, path) = (a.target.to_string().leak(), a.path.clone().leak());
            let artifact = support::file(target, a.bytes, a.blake3, path);
            a.uncompressed.map_or(artifact.clone(), |bytes| support::compressed(artifact, bytes))
        })
        .collect();
    // SAFETY: the importer has just reported the digests of its output.
    unsafe {
        support::asset(
            "counter",
            "counter.wat",
            Digest::of(COUNTER.as_bytes()),
            wasmtime_version(),
            engine,
            RequiredFeatures::of(&[WasmFeature::ComponentModel]),
            artifacts.leak(),
        )
    }
}

type Counter = Session<Vec<u32>, Instance>;

fn start(runtime: &Runtime, asset: &Asset<Component>) -> Counter {
    let component = runtime.load(asset).unwrap();
    Session::of(&component, Vec::new(), |linker, _| {
        let log = |mut store: StoreContextMut<'_, SessionData<Vec<u32>>>, (number,): (u32,)| {
            store.data_mut().get_mut().push(number);
            Ok(())
        };
        linker.root().func_wrap("log", log)
    })
    .unwrap()
}

fn call<R>(session: &mut Counter, name: &str) -> wasmport::Result<R>
where
    R: wasmtime::component::Lift + wasmtime::component::ComponentNamedList + Send + Sync + 'static,
{
    session.call(|instance, store| {
        let func = instance.get_typed_func::<(), R>(&mut *store, name)?;
        func.call(store, ())
    })
}

fn add(session: &mut Counter, a: u32, b: u32) -> wasmport::Result<u32> {
    session.call(|instance, store| {
        let func = instance.get_typed_func::<(u32, u32), (u32,)>(&mut *store, "add")?;
        Ok(func.call(store, (a, b))?.0)
    })
}

fn runtime(project: &Project, engine: &EngineConfig, options: RuntimeOptions) -> Runtime {
    Runtime::builder(engine).options(options).source(Folder::new(project.out())).build().unwrap()
}

#[test]
fn a_component_runs_on_every_back_end_in_every_load_way() {
    for compress in [false, true] {
        let project = Project::with(&[("counter.wat", COUNTER.as_bytes())]);
        let mut settings = AssetSettings::matching("**");
        settings.compress = compress.then(|| [("*".into(), 3)].into());
        let report = import(&project, ENGINE, settings);
        assert_eq!((report.assets[0].kind, report.assets[0].artifacts.len()), (Kind::Component, 3));
        let asset = asset(&report, ENGINE);
        let targets = [None, Some(Target::host()), Some(Target::PORTABLE), Some(Target::SOURCE)];
        for target in targets {
            for way in [LoadWay::Owned, LoadWay::Sealed] {
                let mut options = RuntimeOptions::default();
                (options.target, options.load_way) = (target.clone(), way);
                let runtime = runtime(&project, &ENGINE, options);
                let mut counter = start(&runtime, &asset);
                assert_eq!(add(&mut counter, 2, 3).unwrap(), 5, "{target:?}");
                assert_eq!(counter.data(), &[2]);
                assert_eq!(
                    runtime.back_end() == BackEnd::Portable,
                    target == Some(Target::PORTABLE)
                );
            }
        }
    }
}

#[test]
fn a_modified_component_is_rejected() {
    let project = Project::with(&[("counter.wat", COUNTER.as_bytes())]);
    let report = import(&project, ENGINE, AssetSettings::matching("**"));
    let asset = asset(&report, ENGINE);
    let runtime = || runtime(&project, &ENGINE, RuntimeOptions::default());
    for artifact in asset.artifacts() {
        let path = walkdir::WalkDir::new(project.out()).into_iter().flatten().find(|entry| {
            entry.file_name().to_string_lossy().contains(&format!(".{}.", artifact.target()))
        });
        let path = path.unwrap().into_path();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let error = runtime().load(&asset).map(drop).unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error}");
}

#[test]
fn sessions_of_components_have_limits_and_end_after_traps() {
    let engine = ENGINE.fuel(true).epoch_interruption(true);
    let project = Project::with(&[("counter.wat", COUNTER.as_bytes())]);
    let report = import(&project, engine, AssetSettings::matching("**"));
    let asset = asset(&report, engine);
    let mut options = RuntimeOptions::default();
    options.limits.memory_bytes = 1 << 20;
    options.limits.fuel = Some(10_000);
    let runtime = runtime(&project, &engine, options);

    let mut counter = start(&runtime, &asset);
    assert_eq!(call::<(i32,)>(&mut counter, "grow").unwrap(), (-1,));
    let error = call::<()>(&mut counter, "spin").unwrap_err();
    assert!(matches!(&error, Error::OutOfFuel { asset, .. } if asset == "counter"), "{error}");
    let error = add(&mut counter, 1, 1).unwrap_err();
    assert!(matches!(error, Error::Poisoned { .. }), "{error}");

    let mut counter = start(&runtime, &asset);
    counter.set_fuel(u64::MAX).unwrap();
    counter.set_time_limit(Some(Duration::from_millis(10))).unwrap();
    let error = call::<()>(&mut counter, "spin").unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");

    let mut counter = start(&runtime, &asset);
    let error = call::<()>(&mut counter, "trap").unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    assert!(counter.is_poisoned());
}

#[test]
fn components_compiled_by_the_program_are_the_same() {
    let runtime = Runtime::new(&ENGINE).unwrap();
    let component = runtime.load_dynamic(&DynamicAsset::component("x", COUNTER)).unwrap();
    assert_eq!(component.component().component_type().exports(runtime.engine()).len(), 4);
    let mut session = Session::of(&component, (), |linker, _| {
        linker.root().func_wrap("log", |_, _: (u32,)| Ok(()))
    })
    .unwrap();
    let mut results = [Val::Bool(false)];
    session
        .call(|instance, store| {
            let add = instance.get_func(&mut *store, "add").unwrap();
            add.call(store, &[Val::U32(40), Val::U32(2)], &mut results)
        })
        .unwrap();
    assert_eq!(results, [Val::U32(42)]);
    let error = runtime.load_dynamic(&DynamicAsset::component("x", "(module)")).unwrap_err();
    assert!(matches!(error, Error::WrongKind { is_component: false, .. }), "{error}");
    assert!(error.help().unwrap().contains("`DynamicAsset::new`"), "{error:?}");
    let error = runtime.load_dynamic(&DynamicAsset::new("x", COUNTER)).unwrap_err();
    assert!(matches!(error, Error::WrongKind { is_component: true, .. }), "{error}");
    assert!(error.help().unwrap().contains("`DynamicAsset::component`"), "{error:?}");
}

#[test]
fn what_a_component_lacks_or_cannot_be_is_said() {
    let failed = failure_of("module.wat", b"(component (core module (func (result i32))))");
    assert_eq!(failed.stage, Stage::Validate);
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("a.wit", "package a:b; world w {}").unwrap();
    let failed = failure_of("wit.wasm", &wit_component::encode(&resolve, package).unwrap());
    assert_eq!(failed.stage, Stage::Codegen);
    assert!(failed.message.contains("holds WIT and no code"), "{failed}");
}

#[test]
fn a_component_that_wit_has_no_words_for_has_an_untyped_wrapper() {
    let text = COUNTER.strip_suffix(')').unwrap();
    let text = format!("{text} (export \"m\" (core module $m)))");
    let project = Project::with(&[("counter.wat", text.as_bytes())]);
    let report = import(&project, ENGINE, AssetSettings::matching("**"));
    let asset = asset(&report, ENGINE);
    let warnings = &report.warnings;
    assert!(warnings.iter().any(|w| w.contains("`Session::of`")), "{warnings:?}");
    let manifest = project.manifest();
    let what = &manifest["assets"]["counter"]["interface"]["beyond_wit"];
    assert!(what.as_str().unwrap().contains("export `m`"), "{manifest}");
    assert!(project.wrapper("counter").contains("pub static ASSET"));
    let runtime = runtime(&project, &ENGINE, RuntimeOptions::default());
    assert_eq!(add(&mut start(&runtime, &asset), 2, 3).unwrap(), 5);

    project.write("../any.wit", "package a:b; world any {}");
    let report = project.import_with("import.roots = [\"assets\"]\ndefaults.world = \"any.wit\"");
    let failed = failure(&report);
    assert!(failed.message.contains("cannot be described in WIT"), "{failed}");
}

#[test]
fn an_unchanged_component_is_not_imported_again() {
    let project = Project::with(&[("counter.wat", COUNTER.as_bytes())]);
    project.import();
    assert_eq!(statuses(&project.import()), [("counter.wat", Status::Unchanged)]);
    assert_eq!(project.manifest()["assets"]["counter"]["kind"], "component");
    let wit = project.manifest()["assets"]["counter"]["interface"]["wit"].clone();
    assert!(wit.as_str().unwrap().contains("export add: func(a: u32, b: u32) -> u32;"), "{wit}");
}

/// Two components, of which one imports what the other exports.
const DOUBLE: &str = r#"(component
    (import "demo:math/add@0.1.0" (instance $add
        (export "add" (func (param "a" u32) (param "b" u32) (result u32)))))
    (core func $add (canon lower (func $add "add")))
    (core module $m (import "add" "add" (func $add (param i32 i32) (result i32)))
        (func (export "double") (param i32) (result i32)
            (call $add (local.get 0) (local.get 0))))
    (core instance $imports (export "add" (func $add)))
    (core instance $i (instantiate $m (with "add" (instance $imports))))
    (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "double"))))"#;

const ADDER: &str = r#"(component
    (core module $m (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m))
    (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
    (instance $exports (export "add" (func $add)))
    (export "demo:math/add@0.1.0" (instance $exports)))"#;

#[test]
fn imports_are_satisfied_by_another_component() {
    let project = Project::with(&[("double.wat", DOUBLE.as_bytes())]);
    std::fs::write(project.path().join("adder.wat"), ADDER).unwrap();
    let text = |import: &str| {
        format!(
            "import.roots = [\"assets\"]\ndefaults.compose = {{ \"{import}\" = \"adder.wat\" }}"
        )
    };
    let report = project.import_with(&text("demo:math/add@0.1.0"));
    assert_eq!(statuses(&report), [("double.wat", Status::Imported)], "{:?}", report.assets[0]);
    let wit = project.manifest()["assets"]["double"]["interface"]["wit"].clone();
    assert!(!wit.as_str().unwrap().contains("import demo:math"), "{wit}");

    let component = std::fs::read(project.path().join("adder.wat")).unwrap();
    std::fs::write(project.path().join("adder.wat"), [b"\n".to_vec(), component].concat()).unwrap();
    let report = project.import_with(&text("demo:math/add@0.1.0"));
    assert_eq!(report.assets[0].status, Status::Imported, "what it is composed with changed");

    let report = project.import_with(&text("demo:math/sub"));
    let error = failure(&report);
    assert_eq!(error.stage, Stage::Compose);
    assert!(error.message.contains("demo:math/sub"), "{error}");

    std::fs::write(project.path().join("adder.wat"), "(module)").unwrap();
    let report = project.import_with(&text("demo:math/add@0.1.0"));
    assert!(failure(&report).message.contains("core module"), "{report:?}");
}

#[test]
fn a_component_implements_the_world_that_it_must() {
    let project = Project::with(&[("counter.wat", COUNTER.as_bytes())]);
    let wit = |body: &str| {
        let text = format!("package demo:app;\nworld counter {{\n{body}\n}}\n");
        std::fs::write(project.path().join("app.wit"), text).unwrap();
        project.import_with("import.roots = [\"assets\"]\ndefaults.world = \"app.wit#counter\"")
    };
    let all = "import log: func(number: u32);\n/// Adds, and says so.\n\
               export add: func(a: u32, b: u32) -> u32;\nexport spin: func();";
    let report = wit(all);
    assert_eq!(statuses(&report), [("counter.wat", Status::Imported)], "{:?}", report.assets[0]);
    assert!(project.wrapper("counter").contains("Adds, and says so."));

    let report = wit("export add: func(a: u32, b: u64) -> u32;\nexport missing: func();");
    let error = failure(&report);
    assert_eq!(error.stage, Stage::World);
    for said in ["`missing`", "u64", "`log: func"] {
        assert!(error.message.contains(said), "{said}: {error}");
    }
    let report = wit("export add: func(;");
    assert!(failure(&report).message.contains("app.wit"), "{report:?}");
    let report = project.import_with("import.roots = [\"assets\"]\ndefaults.world = \"none.wit\"");
    assert_eq!(failure(&report).stage, Stage::World);
}

#[test]
fn the_items_of_interfaces_must_be_those_of_the_world() {
    let component = r#"(component
        (import "demo:app/log" (instance $log (export "line" (func)) (export "more" (func))))
        (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $extra (export "f" (func $f)))
        (export "demo:app/extra" (instance $extra)))"#;
    let project = Project::with(&[("app.wat", component.as_bytes())]);
    let import = |log: &str| {
        // The interface that it exports is another one here, which the world does not ask for.
        let wit = format!(
            "package demo:app; interface extra {{ f: func(n: u8); }}
             interface log {{ line: func(); {log} }} world app {{ import log; }}"
        );
        std::fs::write(project.path().join("app.wit"), wit).unwrap();
        project.import_with("import.roots = [\"assets\"]\ndefaults.world = \"app.wit\"")
    };
    let report = import("more: func();");
    assert_eq!(statuses(&report), [("app.wat", Status::Imported)], "{:?}", report.assets[0]);
    let report = import("");
    let error = failure(&report);
    assert_eq!(error.stage, Stage::World);
    assert!(
        error.message.contains("`demo:app/log`: function `more` is not in the world"),
        "{error}"
    );
}

#[test]
fn what_is_exported_otherwise_than_imported_has_an_untyped_wrapper() {
    let text = |import: &str| {
        format!(
            r#"(component
            (import "demo:app/x" (instance {import} (export "b" (func (param "n" u32)))))
            (core module $m (func (export "b") (param i32)))
            (core instance $i (instantiate $m))
            (func $b (param "n" u32) (canon lift (core func $i "b")))
            (instance $e (export "b" (func $b)) (export "c" (func $b)))
            (export "demo:app/x" (instance $e)))"#
        )
    };
    let project = Project::with(&[("app.wat", text("").as_bytes())]);
    project.import();
    assert!(project.wrapper("app").contains("AppSession"), "what is exported may be more");

    project.write("app.wat", text(r#"(export "a" (func))"#));
    let report = project.import();
    assert_eq!(statuses(&report), [("app.wat", Status::Imported)], "{:?}", report.assets[0]);
    let said =
        "its export `demo:app/x` differs from its import of that name: missing expected export `a`";
    assert!(report.warnings.iter().any(|w| w.contains(said)), "{:?}", report.warnings);
    assert!(!project.wrapper("app").contains("AppSession"));
}

#[test]
fn custom_sections_go_from_components_and_their_modules() {
    let text = r#"(component (core module $m (func $named (export "f")) (@custom "mine" "inner"))
        (@custom "mine" "outer") (@custom "other" "kept")
        (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))"#;
    let project = Project::with(&[("x.wat", text.as_bytes())]);
    let mut settings = AssetSettings::matching("**");
    settings.strip = Some(vec!["mine".into()]);
    let report = project.importer().target(Target::SOURCE).asset(settings).run(&()).unwrap();
    let wasm = project.artifact(&report, "x.wat", "source");
    let contains = |text: &[u8]| wasm.windows(text.len()).any(|window| window == text);
    assert!(!contains(b"inner") && !contains(b"outer") && contains(b"kept"));
}
