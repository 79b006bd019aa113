//! `precompile`: a cache that the command fills, and a program that loads from it.

use crate::{code, json, wasmport};
use ::wasmport::wasmtime::{Instance, Store};
use ::wasmport::{DynamicAsset, EngineConfig, Error, ModuleCache, Runtime};
use std::fs;
use std::path::Path;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
const TEXT: &str = r#"(module (func (export "answer") (result i32) (i32.const 42)))"#;
const COMPONENT: &str = "(component)";

/// A project whose key nobody else reads.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let project = crate::project(files);
    #[cfg(unix)]
    for name in ["key", "short"] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = project.path().join(name);
        if path.exists() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    project
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder.join("image/wasmport-modules")).unwrap().count()
}

#[test]
fn a_program_loads_what_the_command_compiled() {
    let files_of_project = [
        ("key", KEY),
        ("plugins/a.wat", TEXT),
        ("plugins/b.wat", COMPONENT),
        ("wasmport.toml", "engine.fuel = true\n"),
    ];
    let project = project(&files_of_project);
    let folder = project.path();
    let args =
        ["precompile", "--cache", "image", "--key-file", "key", "plugins/a.wat", "plugins/b.wat"];
    let run = wasmport(folder, &args);
    let text = String::from_utf8(run.stdout.clone()).unwrap();
    assert_eq!(code(&run), 0, "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!((text.lines().count(), files(folder)), (2, 2));
    let run = wasmport(folder, &[&args[..], &["--format", "json"]].concat());
    let digest = json(&run)[0]["digest"].as_str().unwrap().to_owned();
    assert!(text.starts_with(&digest), "{text}");

    let key = ModuleCache::read_key(folder.join("key")).unwrap();
    let image = ModuleCache::read_only(folder.join("image"), key);
    let answer = |engine: &EngineConfig, asset: DynamicAsset| -> ::wasmport::Result<i32> {
        let runtime = Runtime::new(engine)?;
        let module = runtime.load_dynamic(&asset.cache(&image))?;
        let mut store = Store::new(runtime.engine(), ());
        store.set_fuel(1_000)?;
        let instance = Instance::new(&mut store, module.module(), &[])?;
        Ok(instance.get_typed_func::<(), i32>(&mut store, "answer")?.call(&mut store, ())?)
    };
    let engine = EngineConfig::new().fuel(true);
    // By the digest alone, so that nothing is compiled.
    let digest = ::wasmport::Digest::from_hex(&digest).unwrap();
    assert_eq!(answer(&engine, DynamicAsset::kept("a", digest)).unwrap(), 42);
    let other = answer(&EngineConfig::new(), DynamicAsset::kept("a", digest)).unwrap_err();
    assert!(matches!(other, Error::NotKept { .. }), "{other}");
    assert_eq!(files(folder), 2);
}

#[test]
fn what_cannot_be_compiled_fails_and_the_rest_is_kept() {
    let project =
        project(&[("key", KEY), ("short", "00"), ("bad.wat", "(module"), ("good.wat", TEXT)]);
    let folder = project.path();
    let run = |key: &str, more: &[&str]| {
        let args = [
            "precompile",
            "--cache",
            "image",
            "--key-file",
            key,
            "bad.wat",
            "good.wat",
            "gone.wat",
        ];
        let run = wasmport(folder, &[&args[..], more].concat());
        (code(&run), String::from_utf8(run.stderr).unwrap())
    };
    let (code, said) = run("key", &[]);
    assert_eq!((code, files(folder)), (1, 1));
    assert!(said.contains("`bad.wat`") && said.contains("`gone.wat`"), "{said}");
    let (code, said) = run("short", &[]);
    assert_eq!(code, 2);
    assert!(said.contains("cannot read the key of a cache from `short`"), "{said}");
    assert!(said.contains("openssl rand -hex 32"), "{said}");
    assert_eq!(run("missing", &[]).0, 2);
    let (code, said) = run("key", &["--target", "source"]);
    assert_eq!(code, 1);
    assert!(said.contains("the target `source` has no code to keep"), "{said}");
}

#[test]
fn code_that_cannot_be_stored_is_a_failure() {
    let project = project(&[("key", KEY), ("good.wat", TEXT), ("image", "a file")]);
    let args = ["precompile", "--cache", "image", "--key-file", "key", "good.wat"];
    let run = wasmport(project.path(), &args);
    let said = String::from_utf8(run.stderr.clone()).unwrap();
    assert_eq!((code(&run), run.stdout.len()), (1, 0), "{said}");
    assert!(said.contains("`good.wat`: cannot store compiled code in `image`"), "{said}");
    assert!(said.contains("help: fill a folder that this user can write to"), "{said}");
}

#[test]
fn the_help_says_which_targets_a_program_looks_for() {
    let project = project(&[]);
    let help = wasmport(project.path(), &["precompile", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("`native`") && help.contains("digest"), "{help}");
}
