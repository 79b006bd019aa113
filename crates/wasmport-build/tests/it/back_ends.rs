//! Which artifact runs, and the ways from its bytes to a module.

use crate::load::{ENGINE, asset, behaviour, import, runtime};
use crate::project::Project;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use wasmport::{Asset, BackEnd, Error, Folder, LoadWay, Runtime, RuntimeBuilder, RuntimeOptions};
use wasmport_build::Target;

fn builder(project: &Project, options: RuntimeOptions) -> RuntimeBuilder<'static> {
    Runtime::builder(&ENGINE).options(options).source(Folder::new(project.out()))
}

fn foreign() -> Target {
    "riscv64-unknown-linux-gnu".parse().unwrap()
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
    assert!(would.contains("riscv64gc-unknown-linux-gnu: for architecture riscv64gc"), "{would}");
    assert!(would.contains("source: for source, this runtime has the interpreter"), "{would}");
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
    let all = builder(&both, RuntimeOptions::default()).assets(&assets).build().unwrap();
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
    assert!(runtime.load_in_background([]).wait().is_empty());
}
