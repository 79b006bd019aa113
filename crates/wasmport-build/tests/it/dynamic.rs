//! Modules that the program compiles itself.

use crate::load::{ENGINE, asset, import, runtime};
use std::path::{Path, PathBuf};
use wasmport::wasmtime::{Extern, Instance, Linker, Store};
use wasmport::{DynamicAsset, Error, LoadedModule, ModuleCache, Runtime};
use wasmport_build::Target;

const TEXT: &str = r#"(module (func (export "answer") (result i32) (i32.const 42)))"#;

fn answer(runtime: &Runtime, module: &LoadedModule) -> i32 {
    let mut store = Store::new(runtime.engine(), ());
    let instance = Instance::new(&mut store, module.module(), &[]).unwrap();
    let answer = instance.get_typed_func::<(), i32>(&mut store, "answer").unwrap();
    answer.call(&mut store, ()).unwrap()
}

fn fresh() -> Runtime {
    Runtime::new(&ENGINE).unwrap()
}

#[test]
fn text_bytes_and_files_are_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = wat::parse_str(TEXT).unwrap();
    let file = folder.path().join("plug.in.wasm");
    std::fs::write(&file, &wasm).unwrap();
    let runtime = fresh();
    let assets = [
        DynamicAsset::new("text", TEXT),
        DynamicAsset::new("bytes", wasm),
        DynamicAsset::file(&file),
    ];
    for asset in assets {
        let module = runtime.load_dynamic(&asset).unwrap();
        assert_eq!(answer(&runtime, &module), 42);
        assert_eq!((module.asset().name(), module.target()), (asset.name(), "native"));
    }
    assert_eq!(DynamicAsset::file(&file).name(), "plug.in");
}

#[test]
fn they_link_with_imported_assets_on_any_back_end() {
    let (project, report) = import(&[Target::host(), Target::PORTABLE, Target::SOURCE], false);
    let user = DynamicAsset::new(
        "user",
        r#"(module (import "lib" "div" (func $div (param i32 i32) (result i32)))
            (func (export "answer") (result i32) (call $div (i32.const 84) (i32.const 2))))"#,
    );
    for target in [Target::host(), Target::PORTABLE, Target::SOURCE] {
        let runtime = runtime(&project, Some(target.clone()));
        let library = runtime.load(&asset(&report)).unwrap();
        let module = runtime.load_dynamic(&user).unwrap();
        let expected = if target.is_portable() { "portable" } else { "native" };
        assert_eq!(module.target(), expected);
        let mut store = Store::new(runtime.engine(), ());
        let mut linker = Linker::new(runtime.engine());
        linker.module(&mut store, "lib", library.module()).unwrap();
        let instance = linker.instantiate(&mut store, module.module()).unwrap();
        let Some(Extern::Func(answer)) = instance.get_export(&mut store, "answer") else {
            panic!("no function")
        };
        assert_eq!(answer.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 42);
    }
}

#[test]
fn what_is_no_core_module_is_refused() {
    let runtime = fresh();
    let load = |code: &[u8]| runtime.load_dynamic(&DynamicAsset::new("x", code)).unwrap_err();
    let invalid = wat::parse_str("(module (func (result i32)))").unwrap();
    let cases: [(&[u8], &str); 4] = [
        (b"", ""),
        (b"(module", "expected"),
        (b"\0asm\x01\0\0\0\x01", "unexpected end"),
        (&invalid, "type mismatch"),
    ];
    for (code, text) in cases {
        match load(code) {
            Error::Compile { asset, source } => {
                assert_eq!(asset, "x");
                let message = format!("{source:#}");
                assert!(message.contains(text), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    let missing = runtime.load_dynamic(&DynamicAsset::file("nowhere/x.wasm")).unwrap_err();
    assert!(matches!(missing, Error::Missing { .. }), "{missing}");
}

/// The files in the folder of a cache.
fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_was_compiled_is_kept_and_authentic() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let cache = ModuleCache::open(&place).unwrap();
    let load = |text: &str, cache: &ModuleCache| {
        let runtime = fresh();
        let module = runtime.load_dynamic(&DynamicAsset::new("x", text).cache(cache)).unwrap();
        answer(&runtime, &module)
    };
    assert_eq!(load(TEXT, &cache), 42);
    let [file] = files(&place).try_into().unwrap();
    let written = std::fs::read(&file).unwrap();

    // Found again: nothing is written but the time of its use.
    assert_eq!(load(TEXT, &cache), 42);
    assert_eq!(files(&place), std::slice::from_ref(&file));

    // Flipped, truncated, another's, of another version: compiled again, and mended.
    let other = TEXT.replace("42", "43");
    assert_eq!(load(&other, &cache), 43);
    let other = files(&place).into_iter().find(|path| *path != file).unwrap();
    let mut flipped = written.clone();
    flipped[written.len() / 2] ^= 1;
    let mut version = written.clone();
    version[15] ^= 1;
    let wrong = [flipped, written[..100].to_vec(), vec![], version, std::fs::read(other).unwrap()];
    for bytes in wrong {
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(load(TEXT, &cache), 42);
        assert_eq!(std::fs::read(&file).unwrap(), written, "mended");
    }

    // One that somebody without the key made is not run.
    let keyed = ModuleCache::with_key(&place, [7; 32]);
    assert_eq!(load(TEXT, &keyed), 42);
    assert_ne!(std::fs::read(&file).unwrap(), written, "made again with the key");
    assert!(!format!("{keyed:?}").contains("7, 7"), "a key is not shown");
}

#[test]
fn a_full_cache_forgets_what_was_used_least_recently() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ModuleCache::open(folder.path().join("cache")).unwrap().max_bytes(1);
    for answer in 0..3 {
        let text = TEXT.replace("42", &answer.to_string());
        fresh().load_dynamic(&DynamicAsset::new("x", text).cache(&cache)).unwrap();
        assert_eq!(files(&folder.path().join("cache")).len(), 1, "the newest stays");
    }
}

#[cfg(unix)]
#[test]
fn what_stays_in_a_full_cache_is_used() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let cache = ModuleCache::open(&place).unwrap().max_bytes(1);
    let file_after_a_load = || {
        fresh().load_dynamic(&DynamicAsset::new("x", TEXT).cache(&cache)).unwrap();
        std::fs::metadata(&files(&place)[0]).unwrap().ino()
    };
    assert_eq!(file_after_a_load(), file_after_a_load(), "it was compiled again");
}

#[test]
fn those_with_other_keys_do_not_share() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ModuleCache::open(folder.path().join("cache")).unwrap();
    for key in ["tenant 1", "tenant 2", "tenant 1"] {
        fresh().load_dynamic(&DynamicAsset::new("x", TEXT).key(key).cache(&cache)).unwrap();
    }
    assert_eq!(files(&folder.path().join("cache")).len(), 2);
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_to_needs_a_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = ModuleCache::open(folder.path()).unwrap_err();
    assert!(matches!(error, Error::UnsafeCache { .. }), "{error}");
    assert!(error.help().unwrap().contains("with_key"));
    let cache = ModuleCache::with_key(folder.path(), [1; 32]);
    fresh().load_dynamic(&DynamicAsset::new("x", TEXT).cache(&cache)).unwrap();
    assert_eq!(files(folder.path()).len(), 1);
}
