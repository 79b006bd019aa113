//! Which artifact runs, and the ways from its bytes to a module.

use crate::load::{ENGINE, asset, behaviour, import, runtime};
use crate::project::Project;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use wasmport::engine::{RequiredFeatures, WasmFeature, wasmtime_version};
use wasmport::wasmtime::component::Component;
use wasmport::{
    AnyAsset, Artifact, Asset, AssetSource, BackEnd, Digest, Error, Folder, LoadWay, Runtime,
    RuntimeBuilder, RuntimeOptions, support,
};
use wasmport_build::Target;

fn builder(project: &Project, options: RuntimeOptions) -> RuntimeBuilder<'static> {
    Runtime::builder(&ENGINE).options(options).source(Folder::new(project.out()))
}

fn foreign() -> Target {
    // Another system on this architecture, so that every build has the code generator.
    format!("{}-pc-windows-msvc", std::env::consts::ARCH).parse().unwrap()
}

#[test]
fn without_machine_code_the_interpreter_runs_it_and_says_why() {
    let (project, report) = import(&[foreign(), Target::PORTABLE, Target::SOURCE], false);
    let asset = asset(&report);
    let expected = behaviour(&runtime(&project, Some(Target::SOURCE)), &asset);
    assert_eq!(behaviour(&runtime(&project, None), &asset), expected);

    let runtime = runtime(&project, None);
    let would = runtime.choice(&asset).to_string();
    assert_eq!(runtime.load(&asset).unwrap().target(), "portable");
    assert_eq!(runtime.back_end(), BackEnd::Portable);
    let choice = runtime.choice(&asset);
    assert_eq!(choice.to_string(), would, "asking settles nothing, and loading keeps to it");
    assert_eq!(choice.chosen().unwrap().target(), "portable");
    assert!(would.contains("portable: chosen"), "{would}");
    assert!(would.contains("-pc-windows-msvc: for operating system windows"), "{would}");
    assert!(
        would.contains("source: for source, the back end of this runtime is the interpreter"),
        "{would}"
    );
}

#[test]
fn without_anything_else_the_compiler_runs_it() {
    let (project, report) = import(&[foreign(), Target::SOURCE], false);
    let runtime = runtime(&project, None);
    assert_eq!(runtime.load(&asset(&report)).unwrap().target(), "source");
    assert_eq!(runtime.back_end(), BackEnd::Source);
}

#[test]
fn a_strict_runtime_runs_machine_code_alone() {
    let (project, report) = import(&[foreign(), Target::PORTABLE], false);
    let mut options = RuntimeOptions::default();
    options.strict = true;
    let runtime = builder(&project, options).build().unwrap();
    let error = runtime.load(&asset(&report)).unwrap_err();
    assert!(matches!(error, Error::Incompatible { .. }), "{error}");
    assert!(runtime.choice(&asset(&report)).chosen().is_none());
    assert!(!runtime.choice(&asset(&report)).mismatches().is_empty());
}

#[test]
fn assets_of_one_runtime_share_a_back_end() {
    let (both, report) = import(&[Target::host(), Target::PORTABLE], false);
    let machine = asset(&report);
    let (_, report) = import(&[Target::PORTABLE], false);
    // The same module, so that its artifact for the interpreter is the same file.
    let portable = asset(&report);

    let first_decides = runtime(&both, None);
    assert_eq!(first_decides.load(&machine).unwrap().target(), Target::host().to_string());
    let error = first_decides.load(&portable).unwrap_err();
    assert!(error.help().unwrap().contains("assets::ASSETS"), "{error:?}");

    let assets = [&machine, &portable];
    let all =
        builder(&both, RuntimeOptions::default()).assets(&[&machine, &portable]).build().unwrap();
    assert_eq!(all.back_end(), BackEnd::Portable);
    for asset in assets {
        assert_eq!(all.load(asset).unwrap().target(), "portable");
    }
}

#[test]
fn what_no_back_end_can_run_is_refused_when_the_runtime_is_built() {
    let (project, report) = import(&[foreign()], false);
    let asset = asset(&report);
    let built = builder(&project, RuntimeOptions::default()).assets(&[&asset]).build();
    assert!(matches!(built, Err(Error::Incompatible { .. })), "{built:?}");
}

#[test]
fn a_sealed_file_gives_the_same_module() {
    for compress in [false, true] {
        let (project, report) = import(&[Target::host()], compress);
        let asset = asset(&report);
        let mut options = RuntimeOptions::default();
        options.load_way = LoadWay::Sealed;
        let runtime = builder(&project, options.clone()).build().unwrap();
        let module = runtime.load(&asset).unwrap();
        if cfg!(target_os = "linux") {
            let code = module.module().text().as_ptr() as usize;
            assert!(mapping_of(code).contains("/memfd:wasmport"), "{}", mapping_of(code));
        }
        let range = module.module().text().len();
        let owned = crate::load::runtime(&project, None).load(&asset).unwrap();
        assert_eq!(range, owned.module().text().len());
        // Verified all the same.
        let path = project.out().join(&report.artifacts[0].path);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let again = builder(&project, options).build().unwrap();
        assert!(matches!(again.load(&asset), Err(Error::Digest { .. })));
    }
}

#[test]
fn fault_60_what_is_missing_is_not_compiled_instead() {
    let (project, report) = import(&[Target::host(), Target::PORTABLE, Target::SOURCE], false);
    let machine = report.artifacts.iter().find(|a| a.target == Target::host()).unwrap();
    let path = project.out().join(&machine.path);
    std::fs::remove_file(&path).unwrap();
    let error = runtime(&project, None).load(&asset(&report)).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    std::fs::write(path, b"something else").unwrap();
    let error = runtime(&project, None).load(&asset(&report)).unwrap_err();
    assert!(matches!(error, Error::Digest { .. }), "{error}");
}

/// What the memory at an address is mapped from.
fn mapping_of(address: usize) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let holds = |line: &&str| {
        let range = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [range.0, range.1].map(|text| usize::from_str_radix(text, 16).unwrap());
        (start..end).contains(&address)
    };
    maps.lines().find(holds).unwrap_or_default().to_owned()
}

#[test]
fn what_is_unloaded_is_loaded_again() {
    let (project, report) = import(&[Target::host()], false);
    let (asset, runtime) = (asset(&report), runtime(&project, None));
    assert!(!runtime.unload(&asset));
    let loaded = runtime.load(&asset).unwrap();
    std::fs::remove_file(project.out().join(&report.artifacts[0].path)).unwrap();
    runtime.load(&asset).unwrap();
    assert!(runtime.unload(&asset));
    assert!(!runtime.unload(&asset), "it is gone");
    assert!(matches!(runtime.load(&asset), Err(Error::Missing { .. })), "it is read again");
    assert!(loaded.module().get_export("mean").is_some(), "who has it keeps it");
}

/// A source of the program's own.
struct Network {
    answers: std::collections::BTreeMap<String, Vec<u8>>,
}

impl AssetSource for Network {
    fn read(&self, _: &AnyAsset, _: &Artifact, path: &str) -> std::io::Result<Vec<u8>> {
        self.answers.get(path).cloned().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn describe(&self, path: &str) -> String {
        format!("https://example.org/{path}")
    }
}

#[test]
fn what_a_source_of_ones_own_gives_is_verified() {
    let (project, report) = import(&[Target::host()], false);
    let (asset, path) = (asset(&report), report.artifacts[0].path.clone());
    let bytes = std::fs::read(project.out().join(&path)).unwrap();
    let load = |bytes: Option<Vec<u8>>| {
        let answers = bytes.into_iter().map(|bytes| (path.clone(), bytes)).collect();
        let runtime = Runtime::builder(&ENGINE).source(Network { answers }).build().unwrap();
        runtime.load(&asset)
    };
    load(Some(bytes.clone())).unwrap();
    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert!(matches!(load(Some(altered)), Err(Error::Digest { .. })));
    assert!(matches!(load(Some([bytes, vec![0]].concat())), Err(Error::Digest { .. })));
    let error = load(None).unwrap_err().to_string();
    assert!(error.contains(&format!("https://example.org/{path}")), "{error}");
}

#[test]
fn folders_beside_the_program_and_of_the_environment() {
    let (project, report) = import(&[Target::host()], false);
    let asset = asset(&report);
    let load =
        |folder: Folder| Runtime::builder(&ENGINE).source(folder).build().unwrap().load(&asset);
    assert!(Folder::from_env("WASMPORT_TEST_NO_SUCH_VARIABLE").is_err());
    // Cargo sets it for tests; there are no artifacts there.
    let there = Folder::from_env("CARGO_MANIFEST_DIR").unwrap();
    let error = load(there).unwrap_err().to_string();
    assert!(error.contains(env!("CARGO_MANIFEST_DIR")), "{error}");
    let program = std::env::current_exe().unwrap();
    let beside = program.parent().unwrap().join(format!("assets-{}", std::process::id()));
    let artifact = &report.artifacts[0].path;
    let to = beside.join(artifact);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(project.out().join(artifact), to).unwrap();
    let loaded = load(Folder::beside_program(beside.file_name().unwrap()).unwrap());
    std::fs::remove_dir_all(beside).unwrap();
    loaded.unwrap();
}

/// Panics the first time.
struct Fragile(Folder, AtomicBool);

impl AssetSource for Fragile {
    fn read(&self, asset: &AnyAsset, artifact: &Artifact, path: &str) -> std::io::Result<Vec<u8>> {
        assert!(self.1.swap(true, Ordering::SeqCst), "as tested");
        self.0.read(asset, artifact, path)
    }

    fn describe(&self, path: &str) -> String {
        self.0.describe(path)
    }
}

#[test]
fn a_source_that_panics_fails_a_background_load() {
    let (project, report) = import(&[Target::host()], false);
    let asset = asset(&report);
    let source = Fragile(Folder::new(project.out()), AtomicBool::new(false));
    let runtime = Runtime::builder(&ENGINE).source(source).build().unwrap();
    let results = runtime.load_in_background([&asset]).wait();
    let error = results.into_iter().next().unwrap().unwrap_err().to_string();
    assert!(error.contains("loading the asset `module` panicked"), "{error}");
    assert!(runtime.load_in_background([&asset]).wait()[0].is_ok());
}

#[test]
fn assets_that_load_in_the_background_decide_the_back_end_together() {
    let (both, report) = import(&[Target::host(), Target::PORTABLE], false);
    let machine = asset(&report);
    let (_, report) = import(&[Target::PORTABLE], false);
    let portable = asset(&report);
    for _ in 0..10 {
        let runtime = runtime(&both, None);
        let results = runtime.load_in_background([&machine, &portable]).wait();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(runtime.back_end(), BackEnd::Portable);
    }
}

#[test]
#[expect(unsafe_code, reason = "what is tested")]
fn a_verified_file_may_be_mapped() {
    let (project, report) = import(&[Target::host()], false);
    let (asset, path) = (asset(&report), project.out().join(&report.artifacts[0].path));
    let runtime = runtime(&project, None);
    // SAFETY: the file is what the importer wrote, and nobody changes it while this test runs.
    let mapped = |path| unsafe { runtime.load_mapped(&asset, path) };
    assert!(matches!(mapped(project.out().join("missing")), Err(Error::Missing { .. })));
    let short = project.out().join("short");
    std::fs::write(&short, b"short").unwrap();
    assert!(matches!(mapped(short), Err(Error::NotMappable { .. })));
    let module = mapped(path).unwrap();
    assert!(module.module().get_export("mean").is_some());

    let (project, report) = import(&[Target::host()], true);
    let (asset, path) = (self::asset(&report), project.out().join(&report.artifacts[0].path));
    // SAFETY: as above.
    let error = unsafe { crate::load::runtime(&project, None).load_mapped(&asset, path) };
    assert!(matches!(error, Err(Error::NotMappable { .. })), "compressed");
}

#[test]
#[expect(unsafe_code, reason = "what is tested")]
fn a_verified_component_may_be_mapped() {
    let text = r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance)))"#;
    let project = Project::with(&[("c.wat", text.as_bytes())]);
    let report = project.importer().target(Target::host()).run(&()).unwrap().assets.remove(0);
    let artifact = &report.artifacts[0];
    let (path, target) = (artifact.path.clone().leak(), Target::host().to_string().leak());
    let artifacts = vec![support::file(target, artifact.bytes, artifact.blake3, path)];
    let (digest, features) = (Digest::of(text.as_bytes()), [WasmFeature::ComponentModel]);
    let features = RequiredFeatures::of(&features);
    let version = wasmtime_version();
    // SAFETY: the importer has just reported the digests of its output.
    let asset: Asset<Component> = unsafe {
        support::asset("c", "c.wat", digest, version, ENGINE, features, artifacts.leak())
    };
    let (runtime, file) = (runtime(&project, None), project.out().join(&*path));
    // SAFETY: the file is what the importer wrote, and nobody changes it while this test runs.
    let mapped = unsafe { runtime.load_mapped(&asset, file) }.unwrap();
    assert!(mapped.needs_wasi() && mapped.exports().is_empty());
    assert_eq!(mapped.imports()[0].0, "wasi:clocks/wall-clock@0.2.0");
}

/// Knows whether it was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn assets_load_in_the_background() {
    let (project, report) = import(&[Target::host()], false);
    let (good, (_, elsewhere)) = (asset(&report), import(&[foreign()], false));
    let bad: Asset = asset(&elsewhere);
    let runtime = runtime(&project, None);
    let _ = runtime.engine();

    let loading = runtime.load_in_background([&good, &bad, &good]);
    let total = loading.progress();
    assert_eq!((total.assets_total, total.bytes_total), (3, 2 * report.artifacts[0].bytes));
    let results = loading.wait();
    assert_eq!(results.len(), 3);
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(Error::Incompatible { .. })), "{results:?}");

    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Arc::clone(&woken).into();
    let mut loading = pin!(runtime.load_in_background([&good]));
    let results = loop {
        match loading.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(results) => break results,
            Poll::Pending => {
                while !woken.0.swap(false, Ordering::SeqCst) {
                    std::thread::yield_now();
                }
            }
        }
    };
    assert_eq!(results.len(), 1);
    assert!(loading.is_done() && (loading.progress().fraction() - 1.0).abs() < f64::EPSILON);
    assert!(runtime.load_in_background([] as [&AnyAsset; 0]).wait().is_empty());
}
