//! What was imported is loaded: machine code, for the interpreter, and the wasm itself.

use crate::project::Project;
use wasmport::engine::{
    Collector, Inlining, OptLevel, RegallocAlgorithm, RequiredFeatures, wasmtime_version,
};
use wasmport::wasmtime::{self, Instance, Store, Trap};
use wasmport::{
    Artifact, Asset, EngineConfig, Error, Folder, LoadWay, Mismatch, Pooling, Runtime,
    RuntimeOptions, support,
};
use wasmport_build::{AssetReport, AssetSettings, Target};

pub(crate) const ENGINE: EngineConfig = EngineConfig::new();

/// Enough of everything that one target may do otherwise: memory, floats, a trap.
const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (data (i32.const 8) "abc")
    (func (export "mean") (param f64 f64) (result f64)
        (f64.div (f64.add (local.get 0) (local.get 1)) (f64.const 2)))
    (func (export "nan") (result i64)
        (i64.reinterpret_f64 (f64.div (f64.const 0) (f64.const 0))))
    (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
)"#;

pub(crate) fn import(targets: &[Target], compress: bool) -> (Project, AssetReport) {
    let project = Project::with(&[("module.wat", MODULE.as_bytes())]);
    let mut settings = AssetSettings::matching("**");
    settings.compress = compress.then(|| [("*".into(), 3)].into());
    let importer = project.importer().asset(settings);
    let importer = targets.iter().cloned().fold(importer, |importer, t| importer.target(t));
    let mut report = importer.run(&()).unwrap();
    let asset = report.assets.remove(0);
    assert_eq!(asset.error, None);
    (project, asset)
}

/// The asset that a wrapper would describe.
pub(crate) fn asset(report: &AssetReport) -> Asset {
    asset_for(report, ENGINE)
}

#[expect(unsafe_code, reason = "the importer made the artifacts, in this test")]
fn asset_for(report: &AssetReport, engine: EngineConfig) -> Asset {
    let artifact = |report: &wasmport_build::ArtifactReport| -> Artifact {
        let (target, path) = (report.target.to_string().leak(), report.path.clone().leak());
        let artifact = support::file(target, report.bytes, report.blake3, path);
        report.uncompressed.map_or(artifact.clone(), |bytes| support::compressed(artifact, bytes))
    };
    let artifacts: Vec<Artifact> = report.artifacts.iter().map(artifact).collect();
    let digest = wasmport::Digest::of(MODULE.as_bytes());
    let features = RequiredFeatures::NONE;
    // SAFETY: the importer has just reported the digests of its output.
    unsafe {
        support::asset(
            "module",
            "module.wat",
            digest,
            wasmtime_version(),
            engine,
            features,
            artifacts.leak(),
        )
    }
}

pub(crate) fn runtime(project: &Project, target: Option<Target>) -> Runtime {
    pooling_runtime(project, target, None)
}

fn pooling_runtime(project: &Project, target: Option<Target>, pooling: Option<Pooling>) -> Runtime {
    let mut options = RuntimeOptions::default();
    options.target = target;
    options.pooling = pooling;
    let builder = Runtime::builder(&ENGINE).options(options);
    builder.source(Folder::new(project.out())).build().unwrap()
}

/// Everything that the module does.
pub(crate) fn behaviour(runtime: &Runtime, asset: &Asset) -> String {
    let module = runtime.load(asset).unwrap();
    let mut store = Store::new(runtime.engine(), ());
    let instance = Instance::new(&mut store, module.module(), &[]).unwrap();
    let mean = instance.get_typed_func::<(f64, f64), f64>(&mut store, "mean").unwrap();
    let nan = instance.get_typed_func::<(), i64>(&mut store, "nan").unwrap();
    let div = instance.get_typed_func::<(i32, i32), i32>(&mut store, "div").unwrap();
    let byte = instance.get_typed_func::<i32, i32>(&mut store, "byte").unwrap();
    let trap = |error: wasmtime::Error| *error.downcast_ref::<Trap>().unwrap();
    format!(
        "{} {:x} {:?} {:?} {:?} {:?}",
        mean.call(&mut store, (1.5, 4.0)).unwrap(),
        nan.call(&mut store, ()).unwrap(),
        div.call(&mut store, (7, -2)).unwrap(),
        div.call(&mut store, (7, 0)).map_err(trap),
        byte.call(&mut store, 9).unwrap(),
        byte.call(&mut store, 65536).map_err(trap),
    )
}

#[test]
fn every_back_end_does_the_same() {
    let targets = [Target::host(), Target::native(), Target::PORTABLE, Target::SOURCE];
    for compress in [false, true] {
        let (project, report) = import(&targets, compress);
        assert_eq!(report.artifacts.len(), 4);
        assert!(
            report.artifacts.iter().any(|artifact| artifact.uncompressed.is_some() == compress)
        );
        let asset = asset(&report);
        let expected =
            "2.75 7ff8000000000000 -3 Err(IntegerDivisionByZero) 98 Err(MemoryOutOfBounds)";
        for target in &targets {
            for pooling in [None, Some(Pooling::default())] {
                let runtime = pooling_runtime(&project, Some(target.clone()), pooling.clone());
                assert_eq!(behaviour(&runtime, &asset), expected, "{target} {pooling:?}");
            }
        }
        assert_eq!(behaviour(&runtime(&project, None), &asset), expected);
        let chosen = runtime(&project, None).load(&asset).unwrap();
        assert_eq!(chosen.target(), Target::native().to_string(), "uses most of this CPU");
    }
}

/// All differences between a loaded asset and the program.
fn mismatches(project: &Project, asset: &Asset) -> Vec<Mismatch> {
    match runtime(project, None).load(asset) {
        Err(Error::Incompatible { mismatches, .. }) => mismatches,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fault_53_real_artifacts_of_other_machines_are_refused_by_name() {
    for (target, expected) in [
        ("x86_64-pc-windows-msvc", "operating system"),
        ("x86_64-apple-darwin", "operating system"),
    ] {
        let (project, report) = import(&[target.parse().unwrap()], false);
        let found = mismatches(&project, &asset(&report));
        let text = format!("{found:?} {}", found[0]);
        assert!(found.len() == 1 && text.contains(expected), "{text}");
    }
}

type Change = fn(EngineConfig) -> EngineConfig;

/// A change of each knob.
const CHANGES: &[(&str, Change)] = &[
    ("deterministic", |engine| engine.deterministic(false)),
    ("fuel", |engine| engine.fuel(true)),
    ("epoch_interruption", |engine| engine.epoch_interruption(true)),
    ("opt_level", |engine| engine.opt_level(OptLevel::None)),
    ("regalloc_algorithm", |engine| engine.regalloc_algorithm(RegallocAlgorithm::SinglePass)),
    ("inlining", |engine| engine.inlining(Inlining::Yes)),
    ("debug_info", |engine| engine.debug_info(true)),
    ("debug_symbols", |engine| engine.debug_symbols(false)),
    ("backtrace_details", |engine| engine.backtrace_details(true)),
    ("address_map", |engine| engine.address_map(false)),
    ("unwind_info", |engine| engine.unwind_info(false)),
    ("concurrency_support", |engine| engine.concurrency_support(true)),
    ("signals_based_traps", |engine| engine.signals_based_traps(Some(false))),
    ("memory_reservation", |engine| engine.memory_reservation(Some(1 << 20))),
    ("memory_guard_size", |engine| engine.memory_guard_size(Some(1 << 16))),
    ("memory_may_move", |engine| engine.memory_may_move(false)),
    ("guard_before_linear_memory", |engine| engine.guard_before_linear_memory(false)),
    ("memory_init_cow", |engine| engine.memory_init_cow(false)),
    ("memory_guaranteed_dense_image_size", |engine| {
        engine.memory_guaranteed_dense_image_size(1 << 10)
    }),
    ("table_lazy_init", |engine| engine.table_lazy_init(false)),
    ("collector", |engine| engine.collector(Collector::Null)),
    ("gc_heap_reservation", |engine| engine.gc_heap_reservation(Some(1 << 20))),
    ("gc_heap_guard_size", |engine| engine.gc_heap_guard_size(Some(1 << 16))),
    ("gc_heap_may_move", |engine| engine.gc_heap_may_move(false)),
    ("gc_heap_initial_size", |engine| engine.gc_heap_initial_size(1 << 16)),
];

#[test]
fn fault_55_real_artifacts_that_differ_in_one_knob_are_refused_by_its_name() {
    let knobs = ENGINE.knobs();
    let names: Vec<_> = knobs.iter().map(|knob| knob.name).collect();
    assert_eq!(names, CHANGES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, change) in CHANGES {
        let engine = change(ENGINE);
        let project = Project::with(&[("module.wat", MODULE.as_bytes())]);
        let mut report = project.importer().engine(engine).run(&()).unwrap();
        let report = report.assets.remove(0);
        assert_eq!(report.error, None, "{name}");
        let found = mismatches(&project, &asset_for(&report, engine));
        let [Mismatch::EngineKnob { knob, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(knob, name);
        // With that configuration it loads.
        let source = Folder::new(project.out());
        let runtime = Runtime::builder(&engine).source(source).build().unwrap();
        runtime.load(&asset_for(&report, engine)).unwrap();
    }
}

#[test]
#[expect(unsafe_code, reason = "shows that the attacker's artifact is well-formed")]
fn fault_57_a_well_formed_artifact_of_an_attacker_never_reaches_wasmtime() {
    let (project, report) = import(&[Target::host()], false);
    let asset = asset(&report);
    let path = project.out().join(&report.artifacts[0].path);
    let genuine = std::fs::read(&path).unwrap();
    // Made by the same importer, for the same engine and target: the same header, other code.
    let other = Project::with(&[("module.wat", MODULE.replace("div_s", "rem_s").as_bytes())]);
    let other_report = other.importer().target(Target::host()).run(&()).unwrap().assets.remove(0);
    let forged = std::fs::read(other.out().join(&other_report.artifacts[0].path)).unwrap();
    assert_ne!(forged, genuine);
    let engine = runtime(&project, None);
    let _ = engine.load(&asset).unwrap();
    // SAFETY: the bytes are the importer's output.
    let loaded = unsafe { wasmtime::Module::deserialize(engine.engine(), &forged) };
    assert!(loaded.is_ok(), "Wasmtime itself would run it");
    for way in [LoadWay::Owned, LoadWay::Sealed] {
        for bytes in [forged.clone(), [forged.as_slice(), &genuine[..100]].concat()] {
            std::fs::write(&path, bytes).unwrap();
            let mut options = RuntimeOptions::default();
            options.load_way = way;
            let builder = Runtime::builder(&ENGINE).options(options);
            let runtime = builder.source(Folder::new(project.out())).build().unwrap();
            let error = runtime.load(&asset).unwrap_err();
            assert!(matches!(error, Error::Digest { .. }), "{error}");
        }
    }
}

#[test]
fn fault_58_an_older_artifact_of_the_same_asset_is_refused() {
    let (project, report) = import(&[Target::host()], false);
    let path = project.out().join(&report.artifacts[0].path);
    let older = std::fs::read(&path).unwrap();
    let _ = runtime(&project, None).load(&asset(&report)).unwrap();

    project.write("module.wat", MODULE.replace("i32.div_s", "i32.rem_s"));
    let newer = project.importer().run(&()).unwrap().assets.remove(0);
    assert_eq!(project.out().join(&newer.artifacts[0].path), path);
    assert_ne!(std::fs::read(&path).unwrap(), older);
    let _ = runtime(&project, None).load(&asset(&newer)).unwrap();

    // Genuine, of the same asset, for the same engine and target, and still not the one.
    std::fs::write(&path, older).unwrap();
    let error = runtime(&project, None).load(&asset(&newer)).unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error}");
}

#[test]
fn a_runtime_keeps_to_its_target() {
    let (project, report) = import(&[Target::host()], false);
    let asset = asset(&report);
    for target in [Target::PORTABLE, Target::SOURCE] {
        let error = runtime(&project, Some(target.clone())).load(&asset).unwrap_err();
        assert!(matches!(error, Error::Incompatible { .. }), "{error}");
        assert!(error.help().unwrap().contains(&format!("--target {target}")), "{error:?}");
    }
}
