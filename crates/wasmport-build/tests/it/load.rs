//! What was imported is loaded: machine code, for the interpreter, and the wasm itself.

use crate::project::Project;
use wasmport::engine::{RequiredFeatures, wasmtime_version};
use wasmport::wasmtime::{self, Instance, Store, Trap};
use wasmport::{
    Artifact, Asset, EngineConfig, Error, Folder, Pooling, Runtime, RuntimeOptions, support,
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
#[expect(unsafe_code, reason = "the importer made the artifacts, in this test")]
pub(crate) fn asset(report: &AssetReport) -> Asset {
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
            ENGINE,
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
