//! Loading an artifact through a `Runtime`, against deserializing it unverified.

use crate::measure::{fastest_of, time};
use crate::{Result, files, wasm};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use wasmport::engine::{EngineConfig, RequiredFeatures, wasmtime_version};
use wasmport::signature::TrustedKeys;
use wasmport::{Asset, Bundle, Digest, Folder, LoadWay, Runtime, RuntimeOptions, support};
use wasmport_build::signature::{NewKey, SigningKey};
use wasmport_build::{BundleOptions, Importer};
use wasmtime::{Engine, Module};

pub(crate) fn owned_100k() -> Result<f64> {
    owned(180, 1000)
}

pub(crate) fn owned_5m() -> Result<f64> {
    owned(9_000, 200)
}

/// The ratio for a file with a module of so many functions.
fn owned(functions: usize, turns: u32) -> Result<f64> {
    from_file(&Imported::new(functions)?, turns)
}

fn from_file(imported: &Imported, turns: u32) -> Result<f64> {
    let theirs = || {
        let runtime = imported.runtime(LoadWay::Owned)?;
        time(|| read_and_deserialize(runtime.engine(), &imported.artifact))
    };
    Ok(fastest_of(turns, || imported.load(&imported.asset, LoadWay::Owned), theirs)?.ratio())
}

/// So many functions make an artifact of 30 MB.
const LARGE: usize = 52_000;
const LARGE_TURNS: u32 = 40;

pub(crate) fn file_owned() -> Result<f64> {
    from_file(&Imported::new(LARGE)?, LARGE_TURNS)
}

pub(crate) fn embedded_owned() -> Result<f64> {
    embedded(LoadWay::Owned)
}

pub(crate) fn embedded_sealed() -> Result<f64> {
    embedded(LoadWay::Sealed)
}

/// The ratio for bytes that are in the program.
fn embedded(way: LoadWay) -> Result<f64> {
    let imported = Imported::new(LARGE)?;
    let (bytes, asset) = imported.embedded()?;
    let theirs = || {
        let runtime = imported.runtime(way)?;
        time(|| deserialize(runtime.engine(), bytes))
    };
    Ok(fastest_of(LARGE_TURNS, || imported.load(&asset, way), theirs)?.ratio())
}

/// The ratio for a file that is mapped, against deserializing its bytes.
pub(crate) fn mapped() -> Result<f64> {
    let imported = Imported::new(LARGE)?;
    let (bytes, _) = imported.embedded()?;
    let ours = || {
        let runtime = imported.runtime(LoadWay::Owned)?;
        // SAFETY: the file is what the importer wrote; it is in a temporary folder, where nothing
        // changes it.
        #[expect(unsafe_code, reason = "what is measured")]
        time(|| Ok(unsafe { runtime.load_mapped(&imported.asset, &imported.artifact) }?))
    };
    let theirs = || {
        let runtime = imported.runtime(LoadWay::Owned)?;
        time(|| deserialize(runtime.engine(), bytes))
    };
    Ok(fastest_of(LARGE_TURNS, ours, theirs)?.ratio())
}

/// The ratio for a bundle that is opened, verified and loaded, against a file that is verified and loaded.
pub(crate) fn bundle() -> Result<f64> {
    let imported = Imported::new(LARGE)?;
    let key = imported.folder.path().join("key");
    NewKey::create_in(&key)?;
    let key = SigningKey::from_file(&key)?;
    let keys = TrustedKeys::new([key.public()])?;
    let path = imported.folder.path().join("module.wasmbundle");
    let _ = importer(&imported.folder).bundle(&path, &BundleOptions::default(), &key)?;
    let ours = || {
        let runtime = imported.runtime(LoadWay::Owned)?;
        time(|| {
            let bundle = Bundle::open(&path, &keys)?;
            Ok(runtime.load_bundled::<Module>(&bundle, "module")?)
        })
    };
    let theirs = || imported.load(&imported.asset, LoadWay::Owned);
    Ok(fastest_of(LARGE_TURNS, ours, theirs)?.ratio())
}

/// What a program does that trusts its files.
fn read_and_deserialize(engine: &Engine, path: &Path) -> Result<Module> {
    deserialize(engine, &files::read(path)?)
}

fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    // SAFETY: the bytes are what the importer got from Wasmtime; they were in a temporary folder,
    // where nothing has changed them since.
    #[expect(unsafe_code, reason = "what loading is measured against")]
    Ok(unsafe { Module::deserialize(engine, bytes) }?)
}

/// The import of a module, for programs that read its artifact at run time.
fn importer(folder: &TempDir) -> Importer {
    let (root, out_dir) = (folder.path().join("in"), folder.path().join("out"));
    wasmport_build::configure().no_cache().root(root).out_dir(out_dir).embed(false)
}

/// A made-up module, imported for reading its artifact at run time.
struct Imported {
    folder: TempDir,
    asset: Asset,
    artifact: PathBuf,
}

impl Imported {
    #[expect(unsafe_code, reason = "the importer made the artifacts, in this run")]
    fn new(functions: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = wasm::wat(functions, 10);
        files::write(&folder.path().join("in/module.wat"), source.as_bytes())?;
        let report = importer(&folder).run(&())?;
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
        // SAFETY: the importer has just reported the digests of its output.
        let asset = unsafe {
            support::asset(
                "module",
                "module.wat",
                Digest::of(source.as_bytes()),
                wasmtime_version(),
                EngineConfig::new(),
                RequiredFeatures::NONE,
                artifacts.leak(),
            )
        };
        Ok(Self { artifact: folder.path().join("out").join(path), asset, folder })
    }

    /// Each run has a runtime of its own, because a runtime loads a module only once.
    fn runtime(&self, way: LoadWay) -> Result<Runtime> {
        let source = Folder::new(self.folder.path().join("out"));
        let mut options = RuntimeOptions::default();
        options.load_way = way;
        let runtime = Runtime::builder(self.asset.engine()).options(options).source(source);
        Ok(runtime.build()?)
    }

    fn load(&self, asset: &Asset, way: LoadWay) -> Result<Duration> {
        let runtime = self.runtime(way)?;
        time(|| Ok(runtime.load(asset)?))
    }

    /// The artifact's bytes as they would be in the program, and the asset that has them there.
    #[expect(unsafe_code, reason = "the importer made the artifacts, in this run")]
    fn embedded(&self) -> Result<(&'static [u8], Asset)> {
        let bytes: &'static [u8] = files::read(&self.artifact)?.leak();
        eprintln!("  artifact: {} bytes", bytes.len());
        let artifact = &self.asset.artifacts()[0];
        let (target, digest) = (artifact.target().to_owned().leak(), artifact.digest());
        let artifact = support::embedded(target, artifact.bytes(), digest, Some(bytes));
        // SAFETY: the importer has just reported the digests of its output.
        let asset = unsafe {
            support::asset(
                "module",
                "module.wat",
                self.asset.source_digest(),
                wasmtime_version(),
                *self.asset.engine(),
                RequiredFeatures::NONE,
                vec![artifact].leak(),
            )
        };
        Ok((bytes, asset))
    }
}
