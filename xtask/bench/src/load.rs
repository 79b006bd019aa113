//! Loading an artifact file through a `Runtime`, against reading and deserializing it unverified.

use crate::measure::{fastest_of, time};
use crate::{Result, files, wasm};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wasmport::engine::{EngineConfig, RequiredFeatures, wasmtime_version};
use wasmport::{Asset, Digest, Folder, Runtime, support};
use wasmtime::{Engine, Module};

pub(crate) fn owned_100k() -> Result<f64> {
    owned(180, 1000)
}

pub(crate) fn owned_5m() -> Result<f64> {
    owned(9_000, 200)
}

/// The ratio for a module of so many functions.
fn owned(functions: usize, turns: u32) -> Result<f64> {
    let imported = Imported::new(functions)?;
    eprintln!("  artifact: {} bytes", imported.asset.artifacts()[0].bytes());
    let ours = || {
        // Each run has a runtime of its own, because a runtime loads a module only once.
        let runtime = imported.runtime()?;
        time(|| Ok(runtime.load(&imported.asset)?))
    };
    let theirs = || {
        let runtime = imported.runtime()?;
        time(|| read_and_deserialize(runtime.engine(), &imported.artifact))
    };
    Ok(fastest_of(turns, ours, theirs)?.ratio())
}

/// What a program does that trusts its files.
fn read_and_deserialize(engine: &Engine, path: &Path) -> Result<Module> {
    let bytes = files::read(path)?;
    // SAFETY: the file is what the importer got from Wasmtime; it is in a temporary folder, where
    // nothing has changed it since.
    #[expect(unsafe_code, reason = "what loading is measured against")]
    Ok(unsafe { Module::deserialize(engine, &bytes) }?)
}

/// A made-up module, imported for reading its artifact at run time.
struct Imported {
    folder: TempDir,
    asset: Asset,
    artifact: PathBuf,
}

impl Imported {
    fn new(functions: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = wasm::wat(functions, 10);
        files::write(&folder.path().join("in/module.wat"), source.as_bytes())?;
        let report = wasmport_build::configure()
            .no_cache()
            .root(folder.path().join("in"))
            .out_dir(folder.path().join("out"))
            .embed(false)
            .run(&())?;
        if let Some((_, error)) = report.failures().next() {
            return Err(error.to_string().into());
        }
        let artifact = report.assets.first().and_then(|asset| asset.artifacts.first());
        let artifact = artifact.ok_or("the import made no artifact")?;
        // Generated wrappers are constants, so that an asset holds only what lives for ever. These
        // few bytes may as well.
        let path: &'static str = artifact.path.clone().leak();
        let target: &'static str = artifact.target.to_string().leak();
        let artifacts = vec![support::file(target, artifact.bytes, artifact.blake3, path)];
        let asset = support::asset(
            "module",
            "module.wat",
            Digest::of(source.as_bytes()),
            wasmtime_version(),
            EngineConfig::new(),
            RequiredFeatures::NONE,
            artifacts.leak(),
        );
        Ok(Self { artifact: folder.path().join("out").join(path), asset, folder })
    }

    fn runtime(&self) -> Result<Runtime> {
        let source = Folder::new(self.folder.path().join("out"));
        Ok(Runtime::builder(self.asset.engine()).source(source).build()?)
    }
}
