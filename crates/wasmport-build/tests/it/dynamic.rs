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
    let mut targets = vec![Target::host(), Target::SOURCE];
    // The artifact for interpreters is for little-endian machines.
    if cfg!(target_endian = "little") {
        targets.push(Target::PORTABLE);
    }
    let (project, report) = import(&targets, false);
    let user = DynamicAsset::new(
        "user",
        r#"(module (import "lib" "div" (func $div (param i32 i32) (result i32)))
            (func (export "answer") (result i32) (call $div (i32.const 84) (i32.const 2))))"#,
    );
    for target in targets {
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
    assert!(matches!(missing, Error::File { .. }), "{missing}");
}

/// A cache: elsewhere than on Unix it needs a key.
fn cache_in(folder: &Path) -> ModuleCache {
    if cfg!(unix) {
        ModuleCache::open(folder).unwrap()
    } else {
        ModuleCache::with_key(folder, [1; 32])
    }
}

/// The files of a cache, in its subfolder.
fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder.join("wasmport-modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn what_was_compiled_is_kept_and_authentic() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let cache = cache_in(&place);
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
    let cache = cache_in(&folder.path().join("cache")).max_bytes(1);
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
    let cache = cache_in(&folder.path().join("cache"));
    for key in ["tenant 1", "tenant 2", "tenant 1"] {
        fresh().load_dynamic(&DynamicAsset::new("x", TEXT).key(key).cache(&cache)).unwrap();
    }
    assert_eq!(files(&folder.path().join("cache")).len(), 2);
}

/// Loads a module through a cache, and returns its answer and its digest.
fn load_by(cache: &ModuleCache, asset: DynamicAsset) -> wasmport::Result<(i32, wasmport::Digest)> {
    let runtime = fresh();
    let module = runtime.load_dynamic(&asset.cache(cache))?;
    Ok((answer(&runtime, &module), module.kept().unwrap()))
}

#[test]
fn code_that_was_compiled_before_needs_no_source() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache_in(&folder.path().join("cache"));
    let text = format!(r#"{} (@custom "version" "v2"))"#, TEXT.strip_suffix(')').unwrap());
    let (_, digest) = load_by(&cache, DynamicAsset::new("x", text)).unwrap();
    assert_eq!(load_by(&cache, DynamicAsset::kept("y", digest)).unwrap(), (42, digest));
    let runtime = fresh();
    let kept = runtime.load_dynamic(&DynamicAsset::kept("y", digest).cache(&cache)).unwrap();
    assert_eq!((kept.asset().name(), kept.asset().source()), ("y", "x"));

    let refused = |asset: DynamicAsset, cache: &ModuleCache| {
        let error = load_by(cache, asset).unwrap_err();
        let help = "load it from its source, with the same cache, and record its digest again";
        assert_eq!(error.help().unwrap(), help);
        error.to_string()
    };
    let unknown = wasmport::Digest::of(b"unknown");
    assert_eq!(
        refused(DynamicAsset::kept("y", unknown), &cache),
        format!("asset `y` cannot be loaded by the digest {unknown}: the cache does not have it")
    );
    let other = cache_in(&folder.path().join("other"));
    assert!(refused(DynamicAsset::kept("y", digest), &other).ends_with("does not have it"));
    // Another engine configuration is another contract.
    let runtime = Runtime::new(&ENGINE.fuel(!ENGINE.fuel)).unwrap();
    let asset = DynamicAsset::kept("y", digest).cache(&cache);
    let error = runtime.load_dynamic(&asset).unwrap_err().to_string();
    assert!(error.ends_with("it was compiled for another engine configuration"), "{error}");
    // A component by the digest of a module.
    let asset = DynamicAsset::kept_component("y", digest).cache(&cache);
    assert!(matches!(fresh().load_dynamic(&asset), Err(Error::WrongKind { .. })));
}

#[test]
fn a_cache_is_filled_for_a_level_of_cpu_and_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("image");
    let key = [3; 32];
    let asset = DynamicAsset::new("x", TEXT);
    // On this machine or on another one with the same configuration.
    let digest = ModuleCache::with_key(&place, key).fill(&asset, &ENGINE, &Target::host()).unwrap();
    let image = ModuleCache::read_only(&place, key);
    assert_eq!(load_by(&image, asset.clone()).unwrap(), (42, digest), "it was not found");
    assert_eq!(load_by(&image, DynamicAsset::kept("x", digest)).unwrap(), (42, digest));

    // What it lacks is compiled, and written nowhere, or above it.
    let other = || DynamicAsset::new("y", TEXT.replace("42", "43"));
    assert_eq!(load_by(&image, other()).unwrap().0, 43);
    assert_eq!(files(&place).len(), 1);
    let above = cache_in(&folder.path().join("above"));
    let both = above.clone().above(&image);
    assert_eq!(load_by(&both, other()).unwrap().0, 43);
    assert_eq!(load_by(&both, asset).unwrap(), (42, digest));
    assert_eq!((files(&place).len(), files(&folder.path().join("above")).len()), (1, 1));
    // A folder that is not there is an empty one, and is not created.
    let nowhere = folder.path().join("nowhere");
    assert_eq!(load_by(&ModuleCache::read_only(&nowhere, key), other()).unwrap().0, 43);
    assert!(!nowhere.exists());
}

#[test]
fn the_number_of_files_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let cache = cache_in(&place).max_entries(2);
    for number in 0..5 {
        let text = TEXT.replace("42", &number.to_string());
        assert_eq!(load_by(&cache, DynamicAsset::new("x", text)).unwrap().0, number);
    }
    assert_eq!(files(&place).len(), 2);
}

#[test]
fn a_file_that_is_not_authentic_decides_no_target() {
    let best = wasmport_target();
    if best == Target::host() {
        eprintln!("skipped: this machine has no level of CPU");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cache = ModuleCache::with_key(folder.path(), [1; 32]);
    let asset = DynamicAsset::new("x", TEXT);
    let base = cache.fill(&asset, &ENGINE, &Target::host()).unwrap();
    assert_eq!(load_by(&cache, asset.clone()).unwrap(), (42, base), "it is found");
    let [file] = files(folder.path()).try_into().unwrap();
    std::fs::write(&file, "damaged").unwrap();
    let (answer, digest) = load_by(&cache, asset.clone()).unwrap();
    assert_eq!(answer, 42);
    assert_ne!(digest, base, "it was compiled for the lower level");
    assert_eq!(digest, cache.fill(&asset, &ENGINE, &best).unwrap());
    assert_eq!(std::fs::read(file).unwrap(), b"damaged");
    // One of somebody with another key.
    let other = ModuleCache::with_key(folder.path(), [2; 32]);
    assert_eq!(load_by(&other, asset).unwrap().1, digest);
}

/// The best level of this machine.
fn wasmport_target() -> Target {
    let host = Target::host();
    let mut levels = host.cpu_levels().rev().filter_map(|level| host.with_cpu(level).ok());
    levels.find(Target::runs_here).unwrap_or(host.clone())
}

#[test]
fn code_by_its_digest_is_for_the_back_end_and_the_target_of_the_runtime() {
    use wasmport::NotKept;
    let folder = tempfile::tempdir().unwrap();
    let cache = ModuleCache::with_key(folder.path(), [1; 32]);
    let asset = DynamicAsset::new("x", TEXT);
    let fill = |target: &Target| cache.fill(&asset, &ENGINE, target).unwrap();
    let load = |target: Option<&Target>, digest| {
        let mut options = wasmport::RuntimeOptions::default();
        options.target = target.cloned();
        let runtime = Runtime::builder(&ENGINE).options(options).build().unwrap();
        runtime.load_dynamic(&DynamicAsset::kept("x", digest).cache(&cache)).map(drop)
    };
    let (host, best) = (Target::host(), wasmport_target());
    let (base, level) = (fill(&host), fill(&best));
    for (target, digest) in [(None, base), (None, level), (Some(&host), base), (Some(&best), level)]
    {
        load(target, digest).unwrap();
    }
    let refused = |target, digest| match load(target, digest) {
        Err(Error::NotKept { source: NotKept::Target(target), .. }) => target,
        other => panic!("{other:?}"),
    };
    if host != best {
        assert_eq!(refused(Some(&best), base), host.to_string());
        assert_eq!(refused(Some(&host), level), best.to_string());
    }
    // The artifact for interpreters is for little-endian machines.
    if cfg!(target_endian = "little") {
        let portable = fill(&Target::PORTABLE);
        assert_eq!(refused(None, portable), "portable");
        load(Some(&Target::PORTABLE), portable).unwrap();
        assert_eq!(refused(Some(&Target::PORTABLE), base), host.to_string());
    }
}

#[test]
fn a_cache_that_cannot_be_filled_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("file");
    std::fs::write(&place, "a file").unwrap();
    let asset = DynamicAsset::new("x", TEXT);
    let file = ModuleCache::with_key(&place, [1; 32]);
    let image = ModuleCache::read_only(folder.path(), [1; 32]);
    for (cache, path) in [(&file, &*place), (&image, folder.path())] {
        let error = cache.fill(&asset, &ENGINE, &Target::host()).unwrap_err();
        assert!(error.help().unwrap().contains("that this user can write to"), "{error}");
        let text = format!("cannot store compiled code in `{}`: ", path.display());
        assert!(matches!(error, Error::CacheWrite { .. }) && error.to_string().starts_with(&text));
        // A load goes on.
        assert_eq!(load_by(cache, asset.clone()).unwrap().0, 42);
    }
    // What is below counts for loads alone.
    let below = ModuleCache::with_key(folder.path().join("below"), [1; 32]);
    let digest = below.fill(&asset, &ENGINE, &Target::host()).unwrap();
    let above = ModuleCache::with_key(folder.path().join("above"), [2; 32]).above(&below);
    assert_eq!(above.fill(&asset, &ENGINE, &Target::host()).unwrap(), digest);
    assert_eq!(files(&folder.path().join("above")).len(), 1);
}

#[test]
fn what_is_below_a_cache_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("below");
    let below = ModuleCache::with_key(&place, [1; 32]);
    let above = cache_in(&folder.path().join("above")).above(&below);
    let asset = || DynamicAsset::new("x", TEXT);
    assert_eq!(load_by(&above, asset()).unwrap().0, 42);
    assert!(!place.exists());
    let digest = below.fill(&asset(), &ENGINE, &Target::host()).unwrap();
    let [file] = files(&place).try_into().unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options().append(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    let above = cache_in(&folder.path().join("empty")).above(&below);
    assert_eq!(load_by(&above, asset()).unwrap(), (42, digest));
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), long_ago);
}

#[test]
fn a_source_is_no_longer_than_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.wat");
    std::fs::write(&file, TEXT).unwrap();
    let length = TEXT.len() as u64;
    for asset in [DynamicAsset::new("x", TEXT), DynamicAsset::file(&file)] {
        assert!(fresh().load_dynamic(&asset.clone().max_bytes(length)).is_ok());
        let error = fresh().load_dynamic(&asset.max_bytes(length - 1)).unwrap_err();
        assert!(matches!(error, Error::SourceTooLarge { limit, .. } if limit == length - 1));
        assert!(error.help().unwrap().contains("DynamicAsset::max_bytes"), "{error}");
    }
    // By default text is bounded more than WebAssembly.
    let spaces = DynamicAsset::new("x", vec![b' '; (64 << 20) + 1]);
    let error = fresh().load_dynamic(&spaces).unwrap_err().to_string();
    assert_eq!(error, "the source of asset `x` is longer than 67108864 bytes");
    // This one is as long without being there.
    let sparse = std::fs::File::create(&file).unwrap();
    sparse.set_len(100 << 30).unwrap();
    let error = fresh().load_dynamic(&DynamicAsset::file(&file)).unwrap_err();
    assert!(matches!(error, Error::SourceTooLarge { limit: 0x4000_0000, .. }), "{error}");
}

/// A linker writes the table of `call_indirect` with five bytes. A scan sees no proposal in that.
#[test]
fn what_linkers_write_is_compiled() {
    let body = [0x00, 0x41, 0x00, 0x11, 0x00, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b];
    let sections: [&[u8]; 4] = [
        &[1, 4, 1, 0x60, 0, 0],
        &[3, 2, 1, 0],
        &[4, 4, 1, 0x70, 0, 1],
        &[10, 2 + body.len() as u8, 1, body.len() as u8],
    ];
    let module = [b"\0asm\x01\0\0\0", sections.concat().as_slice(), &body].concat();
    let _ = fresh().load_dynamic(&DynamicAsset::new("linked", module)).unwrap();
}

/// A module with functions, of which one returns a number.
fn large(number: usize) -> String {
    let functions: String = (0..3_000)
        .map(|index| {
            let constant = if index == 7 { number } else { index };
            // Long enough for its functions to be kept.
            let unchanged = "(i32.const 123456789) i32.xor".repeat(4);
            format!(
                "(func (param i32) (result i32) local.get 0 {unchanged} (i32.const {constant}) i32.add)"
            )
        })
        .collect();
    format!(r#"(module {functions} (func (export "answer") (result i32) (call 7 (i32.const 0))))"#)
}

#[test]
fn the_functions_of_the_last_version_of_a_plug_in_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let cache = cache_in(&place);
    let load = |number: usize| load_by(&cache, DynamicAsset::new("x", large(number))).unwrap().0;
    let functions = || {
        let files = files(&place).into_iter();
        let files = files.filter(|path| path.extension().is_some_and(|e| e == "functions"));
        files.map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(load(5_000), 5_000);
    let first = functions();
    assert_eq!(first.len(), 1);
    assert_eq!(load(6_000), 6_000);
    let second = functions();
    // The pack has the functions of the last version alone.
    assert_eq!(second.len(), 1);
    assert!(first != second);
    assert!(second[0].len() < first[0].len() + first[0].len() / 10);
    // Damaged ones are compiled.
    let path = files(&place).into_iter().find(|path| path.extension().unwrap() == "functions");
    std::fs::write(path.unwrap(), &second[0][..second[0].len() / 2]).unwrap();
    assert_eq!(load(7_000), 7_000);
    assert_eq!(functions().len(), 1);
}

#[test]
fn code_goes_with_its_last_user_or_stays_as_the_program_says() {
    let used = Runtime::new(&ENGINE).unwrap();
    let mut options = wasmport::RuntimeOptions::default();
    (options.kept.assets, options.kept.bytes) = (1, 1 << 20);
    let kept = Runtime::builder(&ENGINE).options(options).build().unwrap();
    let asset = |number: i32| DynamicAsset::new("x", TEXT.replace("42", &number.to_string()));
    for (runtime, stays) in [(&used, [false, false]), (&kept, [false, true])] {
        let digests: Vec<_> = [1, 2]
            .map(|number| runtime.load_dynamic(&asset(number)).unwrap().asset().clone())
            .into();
        for (asset, stays) in digests.iter().zip(stays) {
            assert_eq!(runtime.unload(asset), stays, "{stays}");
        }
        // Whoever has it shares it.
        let [one, other] = [1, 1].map(|number| runtime.load_dynamic(&asset(number)).unwrap());
        assert!(std::ptr::eq(one.code(), other.code()));
    }
}

#[test]
fn dynamic_assets_load_in_the_background() {
    let runtime = fresh();
    let texts = [TEXT.to_owned(), TEXT.replace("42", "43"), "(module".to_owned()];
    let bytes: usize = texts.iter().map(String::len).sum();
    let assets = texts.map(|text| DynamicAsset::new("x", text));
    let loading = runtime.load_dynamic_in_background(assets.clone());
    assert_eq!(
        (loading.progress().assets_total, loading.progress().bytes_total),
        (3, bytes as u64)
    );
    let loaded = loading.wait();
    let answers: Vec<_> = loaded
        .iter()
        .map(|loaded| loaded.as_ref().ok().map(|module| answer(&runtime, module)))
        .collect();
    assert_eq!(answers, [Some(42), Some(43), None]);
    assert!(matches!(loaded[2], Err(Error::Compile { .. })));
    let loading = runtime.load_dynamic_in_background([DynamicAsset::new("x", TEXT)]);
    let waited = std::task::Waker::noop();
    let mut loading = std::pin::pin!(loading);
    loop {
        let context = &mut std::task::Context::from_waker(waited);
        if let std::task::Poll::Ready(loaded) = loading.as_mut().poll(context) {
            assert_eq!(answer(&runtime, loaded[0].as_ref().unwrap()), 42);
            break;
        }
        std::thread::yield_now();
    }
}

#[test]
fn code_that_was_compiled_fast_is_followed_by_better_code() {
    use wasmport::Tier;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let cache = cache_in(&place);
    let runtime = fresh();
    let asset = DynamicAsset::new("x", large(9)).cache(&cache);
    let tiered = runtime.load_dynamic_tiered(&asset).unwrap();
    let first = tiered.current();
    assert_eq!(answer(&runtime, &first), 9);
    let better = tiered.optimized().unwrap();
    assert!(tiered.is_optimized() && tiered.report().optimized.is_some());
    assert_eq!(answer(&runtime, &better), 9);
    assert!(std::ptr::eq(tiered.current().code(), better.code()));
    // Both are there, and code of both links in one runtime.
    assert_ne!(first.kept(), better.kept());
    let again = fresh();
    let tiered = again.load_dynamic_tiered(&asset).unwrap();
    assert_eq!(tiered.report().first, Tier::Optimized, "it is in the cache");
    assert_eq!(tiered.current().kept(), better.kept());
    let baseline = again.load_dynamic(&asset.clone().tier(Tier::Baseline)).unwrap();
    assert_eq!((answer(&again, &baseline), baseline.kept()), (9, first.kept()));
    // A file that is there and is not authentic is no code.
    let file = place.join(format!("wasmport-modules/{}.module", better.kept().unwrap()));
    std::fs::write(file, "damaged").unwrap();
    let tiered = fresh().load_dynamic_tiered(&asset).unwrap();
    assert_eq!(tiered.report().first, Tier::Baseline);
    // What cannot be compiled is refused at once.
    let invalid = DynamicAsset::new("x", "(module (func (result i32)))");
    assert!(matches!(fresh().load_dynamic_tiered(&invalid), Err(Error::Compile { .. })));
}

#[cfg(not(unix))]
#[test]
fn fault_78_elsewhere_than_on_unix_a_cache_needs_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let error = ModuleCache::open(folder.path()).unwrap_err();
    assert!(error.help().unwrap().contains("with_key"), "{error}");
}

#[test]
fn fault_78_files_of_others_are_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cache");
    let caches = [ModuleCache::with_key(&place, [7; 32])];
    let caches =
        caches.into_iter().chain(ModuleCache::open(&place)).map(|cache| cache.max_bytes(1));
    let caches: Vec<_> = caches.collect();
    let digest = "a".repeat(64);
    let mine = [
        "notes.txt",
        "mine.module",
        &format!("{digest}.module"),
        "wasmport-modules/mine.module",
        "wasmport-modules/module",
        &format!("wasmport-modules/{digest}"),
        &format!("wasmport-modules/{}.module", "A".repeat(64)),
        &format!("wasmport-modules/{digest}.module.txt"),
        "wasmport-modules/1.unfinished",
    ];
    std::fs::create_dir_all(place.join("wasmport-modules")).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    for path in mine {
        std::fs::write(place.join(path), "mine").unwrap();
        std::fs::File::options()
            .append(true)
            .open(place.join(path))
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
    // Left by a program that was killed.
    let unfinished = place.join(format!("wasmport-modules/{digest}.module.1-0.unfinished"));
    for cache in &caches {
        std::fs::write(&unfinished, "half").unwrap();
        std::fs::File::options()
            .append(true)
            .open(&unfinished)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        for answer in 0..3 {
            let text = TEXT.replace("42", &answer.to_string());
            fresh().load_dynamic(&DynamicAsset::new("x", text).cache(cache)).unwrap();
        }
        assert!(!unfinished.exists());
    }
    for path in mine {
        assert_eq!(std::fs::read(place.join(path)).unwrap(), b"mine", "{path}");
    }
    // Six of these are in the subfolder, and the newest module.
    assert_eq!(files(&place).len(), 7);
}

#[cfg(unix)]
mod private {
    use super::*;
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
    use wasmport::{Digest, NotPrivate};

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Gives a file to another user, if this test may.
    fn give_away(path: &Path) -> bool {
        let given = lchown(path, Some(1), None).is_ok();
        if !given {
            eprintln!("skipped: only root can give files to other users");
        }
        given
    }

    fn refusal(folder: &Path) -> NotPrivate {
        let error = ModuleCache::open(folder).unwrap_err();
        assert!(error.help().unwrap().contains("with_key"));
        match error {
            Error::UnsafeCache { source, path } if path == folder => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fault_78_a_folder_that_others_may_write_to_needs_a_key() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o1777, 0o720, 0o702] {
            set_mode(folder.path(), mode);
            let error = refusal(folder.path());
            assert!(matches!(error, NotPrivate::Mode { mode: found } if found == mode), "{error}");
        }
        let cache = ModuleCache::with_key(folder.path(), [1; 32]);
        fresh().load_dynamic(&DynamicAsset::new("x", TEXT).cache(&cache)).unwrap();
        assert_eq!(files(folder.path()).len(), 1);
        set_mode(folder.path(), 0o755);
        ModuleCache::open(folder.path()).unwrap();
        set_mode(&folder.path().join("wasmport-modules"), 0o777);
        assert!(matches!(refusal(folder.path()), NotPrivate::Mode { .. }));
        if give_away(folder.path()) {
            assert!(matches!(refusal(folder.path()), NotPrivate::Owner));
            chown(folder.path(), Some(0), None).unwrap();
        }
    }

    #[test]
    fn fault_78_a_folder_below_one_that_others_can_change_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().join("above");
        let place = above.join("deep/cache");
        fs::create_dir_all(&place).unwrap();
        for mode in [0o777, 0o770] {
            set_mode(&above, mode);
            let error = refusal(&place);
            let NotPrivate::Ancestor { path, source } = error else { panic!("{error}") };
            assert!(
                path.ends_with("above") && matches!(*source, NotPrivate::Mode { .. }),
                "{source}"
            );
        }
        // As `/tmp`: others cannot rename what they do not own.
        set_mode(&above, 0o1777);
        ModuleCache::open(&place).unwrap();
        set_mode(&above, 0o755);
        ModuleCache::open(above.join("deep/../deep/./cache")).unwrap();
        if give_away(&above) {
            let error = refusal(&place);
            assert!(matches!(error, NotPrivate::Ancestor { .. }), "{error}");
        }
    }

    #[test]
    fn fault_78_links_of_others_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("real/cache")).unwrap();
        symlink(at("real/cache"), at("link")).unwrap();
        assert!(matches!(refusal(&at("link")), NotPrivate::Link));
        symlink("real", at("above")).unwrap();
        symlink(at("above"), at("twice")).unwrap();
        // A link of this user in a folder of this user is as good as a folder.
        ModuleCache::open(at("twice/cache")).unwrap();
        symlink("loop", at("loop")).unwrap();
        assert!(matches!(refusal(&at("loop/cache")), NotPrivate::Io(_)));
        // What the link names is checked as well.
        set_mode(&at("real"), 0o777);
        assert!(matches!(refusal(&at("above/cache")), NotPrivate::Ancestor { .. }));
        set_mode(&at("real"), 0o755);
        if give_away(&at("above")) {
            let error = refusal(&at("above/cache"));
            assert!(matches!(error, NotPrivate::Ancestor { .. }), "{error}");
        }
        fs::create_dir_all(at("elsewhere")).unwrap();
        fs::create_dir_all(at("other")).unwrap();
        symlink(at("elsewhere"), at("other/wasmport-modules")).unwrap();
        assert!(matches!(refusal(&at("other")), NotPrivate::Link));
        let cache = ModuleCache::with_key(at("other"), [1; 32]);
        fresh().load_dynamic(&DynamicAsset::new("x", TEXT).cache(&cache)).unwrap();
        assert_eq!(fs::read_dir(at("elsewhere")).unwrap().count(), 0);
    }

    /// A cache with the code of `TEXT`, and the file that an attacker would put in its place: authentic
    /// code that returns 43, under the digest of `TEXT`, with the key that everybody knows.
    fn forged(place: &Path) -> (PathBuf, Vec<u8>) {
        let cache = ModuleCache::open(place).unwrap();
        fresh().load_dynamic(&DynamicAsset::new("x", TEXT).cache(&cache)).unwrap();
        let [file] = files(place).try_into().unwrap();
        let other = tempfile::tempdir().unwrap();
        let cache = ModuleCache::open(other.path()).unwrap();
        let text = TEXT.replace("42", "43");
        fresh().load_dynamic(&DynamicAsset::new("x", text).cache(&cache)).unwrap();
        let bytes = fs::read(&files(other.path())[0]).unwrap();
        let (magic, artifact) = (&bytes[..16], &bytes[48..]);
        let digest = Digest::from_hex(file.file_stem().unwrap().to_str().unwrap()).unwrap();
        let key = *blake3::hash(b"not a secret").as_bytes();
        let content = [b".module".as_slice(), digest.as_bytes(), artifact].concat();
        let hash = blake3::keyed_hash(&key, &content);
        let forged = [magic, hash.as_bytes().as_slice(), artifact].concat();
        (file, forged)
    }

    #[test]
    fn a_source_is_a_regular_file() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.wasm");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let mut paths = vec![PathBuf::from("/dev/zero"), folder.path().to_owned()];
        paths.extend(made.is_ok_and(|status| status.success()).then_some(pipe));
        for path in paths {
            let error = fresh().load_dynamic(&DynamicAsset::file(&path)).unwrap_err();
            assert!(matches!(error, Error::File { .. }), "{error}");
            assert!(error.to_string().ends_with("it is no regular file"), "{error}");
        }
    }

    #[test]
    fn a_key_is_one_that_others_neither_read_nor_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "ab".repeat(32)).unwrap();
        set_mode(&path, 0o600);
        assert_eq!(ModuleCache::read_key(&path).unwrap(), [0xab; 32]);
        for mode in [0o602, 0o620, 0o666] {
            set_mode(&path, mode);
            let error = ModuleCache::read_key(&path).unwrap_err();
            assert!(error.help().unwrap().contains("umask 077"), "{error}");
            let text = error.to_string();
            assert!(text.ends_with(&format!("too wide (mode {mode:o})")), "{text}");
        }
        // Root shares the secrets of a container; others must not share theirs.
        set_mode(&path, 0o644);
        let is_root = fs::metadata(&path).unwrap().uid() == 0;
        assert_eq!(ModuleCache::read_key(&path).is_ok(), is_root);
        set_mode(&path, 0o600);
        if give_away(&path) {
            let error = ModuleCache::read_key(&path).unwrap_err().to_string();
            assert!(error.ends_with("another user owns it"), "{error}");
        }
    }

    #[test]
    fn users_who_have_the_key_share_the_files_of_a_cache() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("above/cache");
        let cache = ModuleCache::with_key(&place, [1; 32]);
        let _ = cache.fill(&DynamicAsset::new("x", TEXT), &ENGINE, &Target::host()).unwrap();
        // As the process's mask allows.
        let (plain, subfolder) = (folder.path().join("plain"), folder.path().join("folder"));
        fs::write(&plain, "").unwrap();
        fs::create_dir(&subfolder).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&files(&place)[0]), mode(&plain) & 0o644);
        for folder in [folder.path().join("above"), place.clone(), place.join("wasmport-modules")] {
            assert_eq!(mode(&folder), mode(&subfolder) & 0o755);
        }
        let private = folder.path().join("private");
        let _ =
            load_by(&ModuleCache::open(&private).unwrap(), DynamicAsset::new("x", TEXT)).unwrap();
        assert_eq!((mode(&files(&private)[0]), mode(&private)), (0o600, 0o700));
    }

    #[test]
    fn others_who_may_write_to_a_folder_do_not_stop_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ModuleCache::with_key(folder.path(), [1; 32]).max_bytes(u64::MAX);
        let load = || load_by(&cache, DynamicAsset::new("x", TEXT)).unwrap().0;
        assert_eq!(load(), 42);
        let [file] = files(folder.path()).try_into().unwrap();
        // More than there is memory, and none of it is there.
        let sparse = File::options().write(true).open(&file).unwrap();
        sparse.set_len(1 << 42).unwrap();
        assert_eq!(load(), 42);
        assert!(fs::metadata(&file).unwrap().len() < 1 << 20, "compiled again");
        // Another user holds the lock, or there is a pipe in its place.
        fs::remove_file(&file).unwrap();
        let path = file.with_extension("lock");
        let lock = File::create(&path).unwrap();
        lock.lock().unwrap();
        if give_away(&path) {
            let began = std::time::Instant::now();
            assert_eq!(load(), 42);
            assert!(began.elapsed() < std::time::Duration::from_secs(60), "it waited");
        }
    }

    fn load(cache: &ModuleCache) -> i32 {
        let runtime = fresh();
        let module = runtime.load_dynamic(&DynamicAsset::new("x", TEXT).cache(cache)).unwrap();
        answer(&runtime, &module)
    }

    #[test]
    fn fault_78_files_that_others_can_change_count_as_missing() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cache");
        let (file, forged) = forged(&place);
        let cache = ModuleCache::open(&place).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
        let forge = || {
            let _ = fs::remove_file(&file);
            fs::write(&file, &forged).unwrap();
            set_mode(&file, 0o600);
        };
        forge();
        assert_eq!(load(&cache), 43, "as a file of this user alone it is run: the forgery is good");
        for mode in [0o666, 0o620, 0o602] {
            forge();
            set_mode(&file, mode);
            assert_eq!(load(&cache), 42, "mode {mode:o}");
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600, "compiled again");
        }
        forge();
        fs::hard_link(&file, folder.path().join("another name")).unwrap();
        assert_eq!(load(&cache), 42, "hard link");
        forge();
        fs::rename(&file, folder.path().join("elsewhere")).unwrap();
        symlink(folder.path().join("elsewhere"), &file).unwrap();
        assert_eq!(load(&cache), 42, "symbolic link");
        forge();
        if give_away(&file) {
            assert_eq!(load(&cache), 42, "file of another");
        }
        fs::remove_file(&file).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&file).status();
        if made.is_ok_and(|status| status.success()) {
            assert_eq!(load(&cache), 42, "pipe");
        }
    }

    #[test]
    fn fault_78_replacing_the_folder_of_an_open_cache_has_no_effect() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cache");
        let (file, forged) = forged(&place);
        let cache = ModuleCache::open(&place).unwrap();
        fs::rename(&place, folder.path().join("moved")).unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &forged).unwrap();
        set_mode(&file, 0o600);
        assert_eq!(load(&cache), 42);
        assert_eq!(load(&ModuleCache::open(&place).unwrap()), 43, "the forgery is good");
    }
}
