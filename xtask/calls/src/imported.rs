//! The output folder of an import, loaded without wrappers.

use super::Variant;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::engine::{RequiredFeatures, Target};
use wasmport::{
    Artifact, Asset, Digest, EngineConfig, Folder, LoadedModule, Runtime, RuntimeOptions, support,
};

/// The output of an import.
pub struct Imported {
    folder: PathBuf,
    assets: BTreeMap<String, Entry>,
}

/// The parts of the manifest that are read.
#[derive(Deserialize)]
struct Manifest {
    assets: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    kind: Kind,
    source: String,
    source_digest: Digest,
    wasmtime: String,
    features: RequiredFeatures,
    artifacts: Vec<Stored>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Module,
    Component,
}

#[derive(Deserialize)]
struct Stored {
    target: Target,
    path: String,
    bytes: u64,
    blake3: Digest,
    uncompressed: Option<u64>,
}

impl Imported {
    /// Opens the output folder of an import by this process, which makes it trusted.
    pub fn new(folder: &Path) -> crate::Result<Self> {
        let path = folder.join("wasmport.json");
        let manifest = std::fs::read_to_string(&path)
            .map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
        let Manifest { assets } = serde_json::from_str(&manifest)?;
        Ok(Self { folder: folder.into(), assets })
    }

    /// Returns a runtime that runs only artifacts for `target`.
    pub fn runtime(&self, engine: &EngineConfig, target: &Target) -> crate::Result<Runtime> {
        let mut options = RuntimeOptions::default();
        options.target = Some(target.clone());
        let source = Folder::new(&self.folder);
        Ok(Runtime::builder(engine).options(options).source(source).build()?)
    }

    /// Loads an asset in each of these runtimes that it was imported for.
    pub fn variants(
        &self,
        name: &str,
        runtimes: &[(Target, Runtime)],
        engine: EngineConfig,
    ) -> crate::Result<Vec<Variant>> {
        let artifacts = &self.entry(name)?.artifacts;
        let is_for = |target: &Target| artifacts.iter().any(|a| a.target == *target);
        let runtimes = runtimes.iter().filter(|(target, _)| is_for(target));
        let variant = |(target, runtime): &(Target, Runtime)| {
            Ok(Variant::new(target.to_string(), &self.load(runtime, name, engine)?))
        };
        runtimes.map(variant).collect()
    }

    /// Returns the wasm features that an asset uses.
    pub fn features(&self, name: &str) -> crate::Result<RequiredFeatures> {
        Ok(self.entry(name)?.features)
    }

    /// Returns the names of all core modules, in their order.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        let modules = self.assets.iter().filter(|(_, entry)| entry.kind == Kind::Module);
        modules.map(|(name, _)| name.as_str())
    }

    fn entry(&self, name: &str) -> crate::Result<&Entry> {
        Ok(self.assets.get(name).ok_or_else(|| format!("`{name}` was not imported"))?)
    }

    /// Returns a runtime for each of these targets.
    pub fn runtimes(
        &self,
        engine: &EngineConfig,
        targets: &[Target],
    ) -> crate::Result<Vec<(Target, Runtime)>> {
        let runtime = |target: &Target| Ok((target.clone(), self.runtime(engine, target)?));
        targets.iter().map(runtime).collect()
    }

    /// Loads an asset as a wrapper for `engine` would; `source` artifacts are the same for any engine.
    ///
    /// # Errors
    ///
    /// Fails if there is no such asset, or it does not load.
    pub fn load(
        &self,
        runtime: &Runtime,
        name: &str,
        engine: EngineConfig,
    ) -> crate::Result<LoadedModule> {
        Ok(runtime.load(&self.asset(name, engine)?)?)
    }

    /// Describes an asset as a wrapper for `engine` would.
    ///
    /// # Errors
    ///
    /// Fails if there is no such asset.
    #[expect(unsafe_code, reason = "the importer made the artifacts, in this run")]
    pub fn asset(&self, name: &str, engine: EngineConfig) -> crate::Result<Asset> {
        let entry = self.entry(name)?;
        // SAFETY: the importer has just reported the digests of its output.
        Ok(unsafe {
            support::asset(
                leak(name),
                leak(&entry.source),
                entry.source_digest,
                leak(&entry.wasmtime),
                engine,
                entry.features,
                entry.artifacts.iter().map(Stored::artifact).collect::<Vec<_>>().leak(),
            )
        })
    }
}

impl Stored {
    fn artifact(&self) -> Artifact {
        let target = leak(&self.target.to_string());
        let artifact = support::file(target, self.bytes, self.blake3, leak(&self.path));
        match self.uncompressed {
            Some(bytes) => support::compressed(artifact, bytes),
            None => artifact,
        }
    }
}

/// Makes a text static, as in a wrapper; the process ends soon.
fn leak(text: &str) -> &'static str {
    String::leak(text.into())
}
