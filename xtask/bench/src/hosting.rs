//! Plug-ins that arrive while a program runs: how long until they run, and what the parts around a call cost.

use crate::assets::bench::BenchSession;
use crate::corpus::{Corpus, accepted};
use crate::edit::edited;
use crate::measure::{fastest_of, time};
use crate::side::{Counter, runtime};
use crate::{Result, files, process, wasm};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use wasmport::{
    DynamicAsset, EngineConfig, Handle, HandleOptions, LoadedModule, ModuleCache, Runtime,
    SessionLinker, Slot, Tier, Worker,
};
use wasmtime::{Engine, Linker, Module, Store, Val, ValType};

/// Turns of what compiles a module of a megabyte or more.
const COMPILATIONS: u32 = 5;
/// Turns of what loads one.
const LOADS: u32 = 100;

/// A module of about a megabyte, as binary.
fn megabyte() -> Result<Vec<u8>> {
    let few = wat::parse_str(wasm::wat(1_000, 10))?.len();
    Ok(wat::parse_str(wasm::wat((1_000 << 20) / few, 10))?)
}

/// A runtime into which nothing is loaded.
fn fresh() -> Result<Runtime> {
    Ok(Runtime::new(&EngineConfig::new())?)
}

/// A folder with a module's code; the module, and the only file in the folder.
struct Cached {
    folder: tempfile::TempDir,
    asset: DynamicAsset,
    kept: DynamicAsset,
    file: PathBuf,
}

impl Cached {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let cache = ModuleCache::with_key(folder.path(), [1; 32]);
        let asset = DynamicAsset::new("module", megabyte()?).cache(&cache);
        let digest = fresh()?.load_dynamic(&asset)?.kept().ok_or("it has no digest")?;
        let kept = DynamicAsset::kept("module", digest).cache(&cache);
        let file = folder.path().join("wasmport-modules").join(format!("{digest}.module"));
        Ok(Self { folder, asset, kept, file })
    }

    /// The artifact alone, as Wasmtime writes it.
    fn artifact(&self) -> Result<PathBuf> {
        let module = fresh()?.load_dynamic(&self.asset)?;
        let path = self.folder.path().join("artifact.cwasm");
        files::write(&path, &module.module().serialize()?)?;
        Ok(path)
    }
}

fn load(asset: &DynamicAsset) -> Result<Duration> {
    let runtime = fresh()?;
    time(|| Ok(runtime.load_dynamic(asset)?))
}

/// A module whose code is in the cache, against reading, verifying and deserializing a file of the same length.
pub(crate) fn cached() -> Result<f64> {
    let cached = Cached::new()?;
    let len = usize::try_from(files::len(&cached.artifact()?)?)?;
    let theirs = || {
        let engine = fresh()?.engine().clone();
        time(|| {
            let bytes = files::read(&cached.file)?;
            std::hint::black_box(blake3::keyed_hash(&[1; 32], &bytes));
            // The artifact is the end of the file.
            let start = bytes.len().checked_sub(len).ok_or("the file is too short")?;
            deserialize(&engine, &bytes[start..])
        })
    };
    Ok(fastest_of(LOADS, || load(&cached.asset), theirs)?.ratio())
}

#[expect(unsafe_code, reason = "the other side deserializes what this program compiled")]
fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    // SAFETY: this program compiled the bytes.
    Ok(unsafe { Module::deserialize(engine, bytes)? })
}

/// A module by its digest, against Wasmtime's function for a file.
pub(crate) fn kept() -> Result<f64> {
    let cached = Cached::new()?;
    let artifact = cached.artifact()?;
    let theirs = || {
        let engine = fresh()?.engine().clone();
        time(|| deserialize_file(&engine, &artifact))
    };
    Ok(fastest_of(LOADS, || load(&cached.kept), theirs)?.ratio())
}

#[expect(unsafe_code, reason = "the other side deserializes what this program compiled")]
fn deserialize_file(engine: &Engine, path: &Path) -> Result<Module> {
    // SAFETY: this program wrote the file, and nobody changes it.
    Ok(unsafe { Module::deserialize_file(engine, path)? })
}

/// Compiling in a process, against compiling in this one.
pub(crate) fn worker() -> Result<f64> {
    let asset = DynamicAsset::new("module", megabyte()?);
    let worker = Worker::program(process::sibling("wasmport-worker")?);
    let by_worker = asset.clone().worker(&worker);
    Ok(fastest_of(COMPILATIONS, || load(&by_worker), || load(&asset))?.ratio())
}

/// The next version of a plug-in made by others, of which one function changed, against compiling all of it.
pub(crate) fn update() -> Result<f64> {
    let path = of_two_megabytes()?.into_iter().next().ok_or("the corpus is empty")?;
    eprintln!("  {} with {} bytes", path.display(), files::len(&path)?);
    let first = files::read(&path)?;
    let second = edited(&first)?;
    let cold = || load(&DynamicAsset::new("module", second.clone()));
    let warm = || {
        let folder = tempfile::tempdir()?;
        let cache = ModuleCache::with_key(folder.path(), [1; 32]);
        fresh()?.load_dynamic(&DynamicAsset::new("module", first.clone()).cache(&cache))?;
        load(&DynamicAsset::new("module", second.clone()).cache(&cache))
    };
    Ok(fastest_of(COMPILATIONS, cold, warm)?.ratio())
}

/// From bytes to the first result by Winch, against the optimizing compiler.
pub(crate) fn first_call() -> Result<f64> {
    first_call_of(Tier::Winch)
}

/// From bytes to the first result by Cranelift without optimizations, against the optimizing compiler.
pub(crate) fn first_call_cranelift() -> Result<f64> {
    first_call_of(Tier::Baseline)
}

fn first_call_of(tier: Tier) -> Result<f64> {
    // Winch leaves NaNs as they are. Fuel ends a function that does not end.
    let engine = EngineConfig::new().deterministic(false).fuel(true);
    let (asset, name) = callable(&engine)?;
    let first = |tier: Tier| {
        let (runtime, asset) = (Runtime::new(&engine)?, asset.clone().tier(tier));
        time(|| call(&runtime.load_dynamic(&asset)?, &name))
    };
    Ok(fastest_of(COMPILATIONS, || first(tier), || first(Tier::Optimized))?.ratio())
}

/// The modules of the corpus, those of about two megabytes first.
fn of_two_megabytes() -> Result<Vec<PathBuf>> {
    const WANTED: u64 = 2 << 20;
    let mut paths = accepted(4 << 20)?;
    paths.sort_by_key(|path| files::len(path).unwrap_or_default().abs_diff(WANTED));
    Ok(paths)
}

/// A module of the corpus of about two megabytes that Winch compiles, and a function that returns.
fn callable(engine: &EngineConfig) -> Result<(DynamicAsset, String)> {
    for path in of_two_megabytes()? {
        let (runtime, asset) = (Runtime::new(engine)?, DynamicAsset::file(&path));
        let Ok(module) = runtime.load_dynamic(&asset.clone().tier(Tier::Winch)) else { continue };
        if Engine::same(module.runtime().engine(), runtime.engine()) {
            continue;
        }
        let functions = module.exports().filter(|export| export.ty().func().is_some());
        let names: Vec<String> = functions.map(|export| export.name().to_owned()).collect();
        if let Some(name) = names.into_iter().find(|name| call(&module, name).is_ok()) {
            eprintln!("  {} with {} bytes, function `{name}`", path.display(), files::len(&path)?);
            return Ok((asset, name));
        }
    }
    Err("no module of the corpus has a function that returns".into())
}

/// Instantiates a module whose imports return zeros, and calls a function with zeros.
fn call(module: &LoadedModule, name: &str) -> Result<Vec<Val>> {
    let engine = module.runtime().engine();
    let mut store = Store::new(engine, ());
    store.set_fuel(10_000_000)?;
    let mut linker = Linker::new(engine);
    linker.define_unknown_imports_as_default_values(&mut store, module.module())?;
    let instance = linker.instantiate(&mut store, module.module())?;
    let function = instance.get_func(&mut store, name).ok_or("it has no such function")?;
    let ty = function.ty(&store);
    let zero = |ty: ValType| Val::default_for_ty(&ty).ok_or("a parameter has no default");
    let arguments = ty.params().map(zero).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(&mut store, &arguments, &mut results)?;
    Ok(results)
}

/// A cold import of the corpus with the fastest debug profile, against the default.
pub(crate) fn cold_debug() -> Result<f64> {
    let (release, debug) = (Corpus::accepted()?, Corpus::accepted()?.with_debug_profile()?);
    let ours = || process::time(debug.import_cold()?.args(["--profile", "debug"]));
    Ok(fastest_of(3, ours, || process::time(&mut release.import_cold()?))?.ratio())
}

/// Calls that are timed together.
const CALLS: u32 = 200;

/// A call through the thread of a handle, against a message to an idle thread and back.
pub(crate) fn handle_call() -> Result<f64> {
    let options = HandleOptions::new("bench");
    let handle = Handle::new(options, || {
        let runtime = Runtime::new(&crate::assets::ENGINE)?;
        BenchSession::new(&runtime, Counter(0))
    })?;
    let (request, requests) = mpsc::channel::<mpsc::SyncSender<i32>>();
    let idle = std::thread::spawn(move || {
        requests.iter().for_each(|reply| reply.send(1).unwrap_or_default())
    });
    let ours = || {
        time(|| {
            for _ in 0..CALLS {
                handle.call(|session| session.add(20, 22))?;
            }
            Ok(())
        })
    };
    let theirs = || {
        time(|| {
            for _ in 0..CALLS {
                let (reply, result) = mpsc::sync_channel(1);
                request.send(reply)?;
                result.recv()?;
            }
            Ok(())
        })
    };
    let ratio = fastest_of(200, ours, theirs)?.ratio();
    handle.shut_down();
    drop(request);
    idle.join().map_err(|_| "the thread panicked")?;
    Ok(ratio)
}

/// The longest start and call of a session while its code is replaced a thousand times, in microseconds.
pub(crate) fn replace_pause() -> Result<f64> {
    let runtime = runtime()?;
    let code = crate::assets::bench::Bench::load(&runtime)?;
    let linker = SessionLinker::<BenchSession<Counter>>::with_linker(&runtime, |linker| {
        crate::assets::bench::Bench::add_to_linker(linker, wasmport::SessionData::get_mut)
    })?;
    let slot = Slot::new(linker);
    slot.replace(&code, |_| Ok(()))?;
    let is_over = AtomicBool::new(false);
    let longest = std::thread::scope(|scope| -> Result<Duration> {
        let caller = scope.spawn(|| -> wasmport::Result<Duration> {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                slot.start(Counter(0))?.add(20, 22)?;
                longest = longest.max(began.elapsed());
            }
            Ok(longest)
        });
        for _ in 0..1_000 {
            slot.replace(&code, |_| Ok(()))?;
        }
        is_over.store(true, Ordering::Relaxed);
        Ok(caller.join().map_err(|_| "the caller panicked")??)
    })?;
    Ok(longest.as_secs_f64() * 1e6)
}
