//! A reactor that prepares itself when it is instantiated, against one that was preinitialized.

use crate::measure::{fastest_of, time};
use crate::{Result, files};
use wasmport_build::{AssetSettings, Preinit, Target};
use wasmtime::{Engine, Linker, Module, Store, Val};

const TURNS: u32 = 20;
const INIT: &str = "initialize";
/// WASI's `badf`: no folder is open.
const BADF: i32 = 8;

pub(crate) fn reactor() -> Result<f64> {
    let engine = Engine::default();
    let wasm = files::read(&files::root().join("fixtures/assets/guests/almanac.wasm"))?;
    let late = Module::new(&engine, &wasm)?;
    let early = Module::new(&engine, preinitialized(&wasm)?)?;
    let start = |module: &Module| {
        let linker = linker(&engine, module)?;
        let pre = linker.instantiate_pre(module)?;
        time(|| {
            let mut store = Store::new(&engine, ());
            let instance = pre.instantiate(&mut store)?;
            if let Ok(init) = instance.get_typed_func::<(), ()>(&mut store, INIT) {
                init.call(&mut store, ())?;
            }
            let is_ready = instance.get_typed_func::<(), i32>(&mut store, "is_ready")?;
            if is_ready.call(&mut store, ())? == 1 { Ok(()) } else { Err("it is not ready".into()) }
        })
    };
    Ok(fastest_of(TURNS, || start(&early), || start(&late))?.ratio())
}

fn preinitialized(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut settings = AssetSettings::matching("**");
    settings.preinit = Preinit::new().init(INIT);
    imported(wasm, settings)
}

/// Imports a module with these settings.
pub(crate) fn imported(wasm: &[u8], settings: AssetSettings) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    files::write(&folder.path().join("assets/guest.wasm"), wasm)?;
    let importer = wasmport_build::configure()
        .no_cache()
        .root(folder.path().join("assets"))
        .out_dir(folder.path().join("out"))
        .target(Target::SOURCE)
        .asset(settings);
    let report = importer.run(&())?;
    let artifact = report.assets.first().and_then(|asset| asset.artifacts.first());
    let artifact = artifact.ok_or_else(|| format!("{:?}", report.failures().next()))?;
    files::read(&folder.path().join("out").join(&artifact.path))
}

/// Every import is a function of WASI that finds nothing.
fn linker(engine: &Engine, module: &Module) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    for import in module.imports() {
        let ty = import.ty();
        let ty = ty.func().ok_or("it imports more than functions")?.clone();
        linker.func_new(import.module(), import.name(), ty, |_, _, results| {
            results.iter_mut().for_each(|result| *result = Val::I32(BADF));
            Ok(())
        })?;
    }
    Ok(linker)
}
