//! Bundles: written by the command, opened by a program.

use crate::{CALC, code, program, project};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;
use wasmport::signature::{TrustedKeys, Untrusted};
use wasmport::{Bundle, BundleError, EngineConfig, Error, LoadedModule, Runtime};

/// A project with an import, and a key.
struct Imported {
    project: TempDir,
    keys: TempDir,
}

impl Imported {
    fn new() -> Self {
        let project = project(&[
            ("assets/calc.wat", CALC),
            ("assets/plug/two.wat", "(module (func (export \"two\") (result i32) (i32.const 2)))"),
            ("assets/part.wat", "(component)"),
        ]);
        let import = program().arg("import").current_dir(project.path()).output();
        assert_eq!(code(&import.unwrap()), 0);
        let keys = tempfile::tempdir().unwrap();
        for name in ["ours", "stranger"] {
            let key = program().args(["key", "new"]).arg(keys.path().join(name)).output();
            assert_eq!(code(&key.unwrap()), 0);
        }
        Self { project, keys }
    }

    fn file(&self) -> PathBuf {
        self.keys.path().join("plugins.wasmbundle")
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut bundle = program();
        bundle.arg("bundle").args(args).arg("--output").arg(self.file());
        bundle.arg("--key").arg(self.keys.path().join("ours"));
        bundle.current_dir(self.project.path()).output().unwrap()
    }

    /// Writes a bundle, and returns its bytes.
    fn bundle(&self, args: &[&str]) -> Vec<u8> {
        let output = self.run(args);
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(self.file()).unwrap()
    }

    fn trusted(&self, name: &str) -> TrustedKeys {
        let key = fs::read_to_string(self.keys.path().join(format!("{name}.pub"))).unwrap();
        TrustedKeys::new([key]).unwrap()
    }
}

fn runtime() -> Runtime {
    Runtime::new(&EngineConfig::new()).unwrap()
}

/// Calls a function without parameters.
fn call(module: &LoadedModule, name: &str) -> i32 {
    let mut store = module.runtime().store(());
    let instance = wasmport::wasmtime::Instance::new(&mut store, module.module(), &[]).unwrap();
    let function = instance.get_typed_func::<(), i32>(&mut store, name).unwrap();
    function.call(&mut store, ()).unwrap()
}

fn reason(opened: wasmport::Result<Bundle>) -> BundleError {
    match opened {
        Err(Error::Bundle { bundle, source }) => {
            assert!(bundle.contains("plugins"), "{bundle}");
            source
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_loads_the_assets_of_a_bundle() {
    let imported = Imported::new();
    let first = imported.bundle(&["--generation", "7"]);
    assert_eq!(imported.bundle(&["--generation", "7"]), first, "the bytes are the same each time");
    for bundle in [
        Bundle::open(imported.file(), &imported.trusted("ours")),
        Bundle::from_bytes("plugins", first, &imported.trusted("ours")),
    ] {
        let bundle = bundle.unwrap();
        let names: Vec<&str> = bundle.assets().map(|asset| asset.name()).collect();
        assert_eq!(
            (names.as_slice(), bundle.generation()),
            (["calc", "part", "plug/two"].as_slice(), 7)
        );
        let runtime = runtime();
        assert_eq!(call(&runtime.load_bundled(&bundle, "calc").unwrap(), "one"), 1);
        assert_eq!(call(&runtime.load_bundled(&bundle, "plug/two").unwrap(), "two"), 2);
        assert!(bundle.assets().all(|asset| runtime.load_any(asset).is_ok()));
        let component = runtime.load_bundled::<wasmport::wasmtime::Module>(&bundle, "part");
        assert!(matches!(component, Err(Error::WrongKind { is_component: true, .. })));
        let missing = runtime.load_bundled::<wasmport::wasmtime::Module>(&bundle, "none");
        assert!(matches!(missing, Err(Error::NotInBundle { .. })));
        // The engine contract is that of the import.
        let other = Runtime::new(&EngineConfig::new().fuel(true)).unwrap();
        let error = other.load_any(bundle.asset("calc").unwrap()).unwrap_err();
        assert!(matches!(error, Error::Incompatible { .. }), "{error}");
    }
    // Some of the assets.
    imported.bundle(&["plug/two"]);
    let some = Bundle::open(imported.file(), &imported.trusted("ours")).unwrap();
    assert_eq!(some.assets().count(), 1);
}

#[test]
fn bundles_that_do_not_count_are_refused() {
    let imported = Imported::new();
    let good = imported.bundle(&["--generation", "7"]);
    let open = |keys: &TrustedKeys| Bundle::open(imported.file(), keys);
    let ours = imported.trusted("ours");
    let id = open(&ours).unwrap().producer();
    let unknown = reason(open(&imported.trusted("stranger")));
    assert!(matches!(unknown, BundleError::Untrusted(Untrusted::Unknown(by)) if by == id));
    let revoked = ours.clone().revoke([id.to_string()]).unwrap();
    assert!(matches!(reason(open(&revoked)), BundleError::Untrusted(Untrusted::Revoked(_))));
    let newer = reason(open(&ours.clone().minimum_generation(8)));
    assert!(matches!(newer, BundleError::Untrusted(Untrusted::Old { found: 7, minimum: 8 })));
    open(&ours.clone().minimum_generation(7)).unwrap();
    imported.bundle(&["--days", "0"]);
    assert!(matches!(reason(open(&ours)), BundleError::Expired(_)));
    imported.bundle(&["--days", "1"]);
    assert!(open(&ours).unwrap().expires().is_some());
    // Nothing that is damaged counts, wherever it is.
    let mut counted = 0;
    for index in (0..good.len()).step_by(97) {
        let mut damaged = good.clone();
        damaged[index] ^= 0x41;
        let Ok(bundle) = Bundle::from_bytes("plugins", damaged, &ours) else { continue };
        let runtime = runtime();
        let Ok(calc) = runtime.load_bundled(&bundle, "calc") else { continue };
        assert_eq!(call(&calc, "one"), 1);
        counted += 1;
    }
    assert!(counted > 0, "the other assets are damaged too");
    for end in [0, 100, 512, 2_000, good.len() / 2] {
        let opened = Bundle::from_bytes("plugins", &good[..end], &ours);
        assert!(
            matches!(reason(opened), BundleError::Read(_) | BundleError::Malformed(_)),
            "{end}"
        );
    }
    // Nothing of a manifest is parsed that nobody signed.
    let stranger = imported.trusted("stranger");
    let mut malformed = good.clone();
    malformed[512] = b'?';
    for keys in [&ours, &stranger] {
        let refused = reason(Bundle::from_bytes("plugins", malformed.clone(), keys));
        assert!(matches!(refused, BundleError::Untrusted(_)), "{refused}");
    }
    let nowhere = Bundle::open(Path::new("/nowhere/plugins"), &ours);
    assert!(matches!(reason(nowhere), BundleError::Read(_)));
}

#[test]
fn bundles_are_merged() {
    let imported = Imported::new();
    let part = |name: &str, assets: &[&str]| {
        let bytes = imported.bundle(assets);
        let path = imported.keys.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) = (part("one", &["calc"]), part("two", &["calc", "plug/two"]));
    let merged = imported.bundle(&["--merge", &one, "--merge", &two, "--generation", "3"]);
    assert_eq!(imported.bundle(&["calc", "plug/two", "--generation", "3"]), merged);
    // What is merged is neither revived nor made older.
    let dated = |name: &str, args: &[&str]| part(name, &[&["calc"], args].concat());
    let opened = || Bundle::open(imported.file(), &imported.trusted("ours")).unwrap();
    let expired = dated("expired", &["--days", "0"]);
    let refused = imported.run(&["--merge", &expired, "--days", "9"]);
    assert_eq!(code(&refused), 2);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("expired` has expired"));
    let newer = dated("newer", &["--generation", "7", "--days", "2"]);
    let newest = dated("newest", &["--generation", "8", "--days", "3"]);
    let first_end = Bundle::open(&newer, &imported.trusted("ours")).unwrap().expires();
    imported.bundle(&["--merge", &two, "--merge", &newest, "--merge", &newer]);
    assert_eq!((opened().generation(), opened().expires()), (8, first_end));
    let refused = imported.run(&["--merge", &newer, "--generation", "6"]);
    assert_eq!(code(&refused), 2);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("6 is lower than 7"));
    imported.bundle(&["--merge", &newer, "--generation", "9", "--days", "30"]);
    assert_eq!(opened().generation(), 9);
    assert!(opened().expires() > first_end);
    // The key has to be the same.
    let mut other = program();
    other.args(["bundle", "--merge", &one, "--output"]).arg(imported.file());
    let other = other.arg("--key").arg(imported.keys.path().join("stranger")).output().unwrap();
    assert_eq!(code(&other), 2);
    assert!(String::from_utf8_lossy(&other.stderr).contains("which is not trusted"));
    // The same asset of the same version, from another source.
    fs::write(imported.project.path().join("assets/calc.wat"), "(module)").unwrap();
    let import = program().arg("import").current_dir(imported.project.path()).output();
    assert_eq!(code(&import.unwrap()), 0);
    let changed = part("changed", &["calc"]);
    let output = imported.run(&["--merge", &one, "--merge", &changed]);
    assert_eq!(code(&output), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("differently"));
}

#[test]
fn an_import_that_is_not_current_is_not_bundled() {
    let imported = Imported::new();
    fs::write(imported.project.path().join("assets/calc.wat"), "(module)").unwrap();
    let output = imported.run(&[]);
    assert_eq!(code(&output), 3);
    assert!(String::from_utf8_lossy(&output.stderr).contains("calc.wat"));
    assert!(!imported.file().exists());
    let unknown = Imported::new().run(&["calk"]);
    assert_eq!(code(&unknown), 2);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("`calc`"));
}
