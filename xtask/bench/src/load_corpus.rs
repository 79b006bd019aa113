//! Start-up of a program with many real modules: loading all of them verified, against compiling them.

use crate::corpus::Corpus;
use crate::measure::{fastest_of, time};
use crate::{Result, files, process};
use wasmport::engine::{EngineConfig, RequiredFeatures, wasmtime_version};
use wasmport::{Asset, LoadWay, Runtime, RuntimeOptions, support};
use wasmtime::{Config, Engine, Module};

const TURNS: u32 = 3;
/// Loading takes so much less that more of its runs are taken for each one that compiles.
const LOADS: u32 = 10;

pub(crate) fn owned() -> Result<f64> {
    compiling_against_loading(LoadWay::Owned)
}

pub(crate) fn sealed() -> Result<f64> {
    compiling_against_loading(LoadWay::Sealed)
}

fn compiling_against_loading(way: LoadWay) -> Result<f64> {
    let corpus = Corpus::accepted()?;
    process::time(&mut corpus.import_cold()?)?;
    let assets = assets(&corpus)?;
    let modules = corpus.files.iter().map(|file| files::read(file)).collect::<Result<Vec<_>>>()?;
    let mut options = RuntimeOptions::default();
    options.load_way = way;
    let load = || {
        let runs = (0..LOADS).map(|_| {
            let runtime =
                Runtime::builder(&EngineConfig::new()).options(options.clone()).build()?;
            time(|| assets.iter().map(|asset| Ok(runtime.load(asset)?)).collect::<Result<Vec<_>>>())
        });
        let runs = runs.collect::<Result<Vec<_>>>()?;
        runs.into_iter().min().ok_or("no run".into())
    };
    let compile = || {
        let engine = Engine::new(&Config::new())?;
        let all = || modules.iter().map(|wasm| Ok(Module::new(&engine, wasm)?));
        time(|| all().collect::<Result<Vec<_>>>())
    };
    Ok(1.0 / fastest_of(TURNS, load, compile)?.ratio())
}

/// What the last import left, as a program that embeds its artifacts has it.
#[expect(unsafe_code, reason = "the importer made the artifacts, in this run")]
fn assets(corpus: &Corpus) -> Result<Vec<Asset>> {
    let artifacts = corpus.artifact_files()?;
    let asset = |path: &std::path::PathBuf| -> Result<Asset> {
        let bytes: &'static [u8] = files::read(path)?.leak();
        let digest = wasmport::Digest::of(bytes);
        let target: &'static str = wasmport::engine::Target::host().to_string().leak();
        let artifact = support::embedded(target, bytes.len() as u64, digest, Some(bytes));
        // SAFETY: the importer has just reported the digests of its output.
        Ok(unsafe {
            support::asset(
                "module",
                "module.wasm",
                digest,
                wasmtime_version(),
                EngineConfig::new(),
                RequiredFeatures::NONE,
                vec![artifact].leak(),
            )
        })
    };
    artifacts.iter().map(asset).collect()
}
