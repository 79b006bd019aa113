//! `CompileJob`: a dynamic asset on its way to code.

use super::asset::{DynamicAsset, Input};
use super::cache::ModuleCache;
use crate::asset::{AnyAsset, Artifact};
use crate::code::{Code, OwnArtifact, deserialize_own};
use crate::digest::Digest;
use crate::engine::{
    BackEnd, EngineConfig, LoadWay, RequiredFeatures, Target, WasmFeature, compile_config,
    wasmtime_version,
};
use crate::error::{Error, Result};
use crate::fs;
use crate::inspect::{Section, short_sections};
use std::borrow::Cow;
use std::path::Path;
use wasmtime::{Engine, Module};

/// WebAssembly, and everything else that decides its code.
pub(crate) struct CompileJob {
    name: String,
    source: String,
    source_digest: Digest,
    wasm: Vec<u8>,
    engine: EngineConfig,
    target: Target,
    features: RequiredFeatures,
    digest: Digest,
}

impl<C: Code> DynamicAsset<C> {
    /// Reads the asset, to compile it for a back end.
    pub(crate) fn read(&self, engine: &EngineConfig, back_end: BackEnd) -> Result<CompileJob> {
        let (code, source) = match &self.input {
            Input::Bytes(bytes) => (Cow::Borrowed(bytes.as_slice()), self.name.clone()),
            Input::File(path) => (Cow::Owned(self.read_file(path)?), path.display().to_string()),
        };
        let source_digest = Digest::of(&code);
        let wasm = match wat::parse_bytes(&code) {
            Ok(Cow::Owned(wasm)) => wasm,
            Ok(Cow::Borrowed(_)) => code.into_owned(),
            Err(error) => return Err(compile_error(&self.name, error.into())),
        };
        self.check_kind(&wasm)?;
        let (target, features) = target::<C>(engine, back_end);
        let digest = self.digest(&wasm, engine, &target, features);
        let (name, engine) = (self.name.clone(), *engine);
        Ok(CompileJob { name, source, source_digest, wasm, engine, target, features, digest })
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        let (asset, file) = (self.name.clone(), path.to_owned());
        fs::read(path).map_err(|source| Error::File { asset, path: file, source })
    }

    fn check_kind(&self, wasm: &[u8]) -> Result<()> {
        let is_component = wasm.get(4..8) == Some(&COMPONENT_VERSION);
        if is_component == C::IS_COMPONENT {
            return Ok(());
        }
        Err(Error::WrongKind { asset: self.name.clone(), is_component })
    }

    /// Returns the digest of everything that decides the code.
    fn digest(
        &self,
        wasm: &[u8],
        engine: &EngineConfig,
        target: &Target,
        features: RequiredFeatures,
    ) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key("wasmport dynamic asset v2");
        let names: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
        let (engine, target, names) = (engine.fingerprint(), target.to_string(), names.join(" "));
        let fields = [
            self.key.as_bytes(),
            wasm,
            engine.as_bytes(),
            target.as_bytes(),
            names.as_bytes(),
            wasmtime_version().as_bytes(),
            env!("CARGO_PKG_VERSION").as_bytes(),
        ];
        for field in fields {
            hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// Bytes behind the magic number of a component, for this version of Wasmtime.
const COMPONENT_VERSION: [u8; 4] = [0x0d, 0, 1, 0];

/// Returns the target of a back end, and the features to compile with.
fn target<C: Code>(engine: &EngineConfig, back_end: BackEnd) -> (Target, RequiredFeatures) {
    let is_wanted = |feature: &WasmFeature| {
        (C::IS_COMPONENT || !feature.is_of_components())
            && (engine.concurrency_support || !feature.needs_concurrency())
    };
    let features: RequiredFeatures =
        RequiredFeatures::of_this_build().iter().filter(is_wanted).collect();
    match back_end {
        BackEnd::Native | BackEnd::Source => (Target::native(), features),
        BackEnd::Portable => {
            let threads = RequiredFeatures::of(&[WasmFeature::Threads]);
            (Target::PORTABLE, features.missing_in(threads))
        }
    }
}

fn compile_error(asset: &str, source: wasmtime::Error) -> Error {
    Error::Compile { asset: asset.into(), source }
}

impl CompileJob {
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the name of the target, without the CPU features of this machine.
    pub fn target(&self) -> &'static str {
        if self.target.is_portable() { "portable" } else { "native" }
    }

    /// Returns the description of the asset.
    pub fn asset(&self) -> AnyAsset {
        let names = (self.name.clone(), self.source.clone());
        let artifact = Artifact::embedded(self.target(), 0, self.digest, None);
        AnyAsset::compiled_here(names, self.source_digest, self.engine, self.features, artifact)
    }

    /// Returns the short custom sections.
    pub fn sections(&self) -> Vec<Section> {
        short_sections(&self.wasm)
    }

    /// Loads the code from `cache`, or compiles it.
    pub fn load<C: Code>(
        &self,
        engine: &Engine,
        cache: Option<&ModuleCache>,
        way: LoadWay,
    ) -> Result<C> {
        let artifact = match cache.and_then(|cache| cache.get(self.digest)) {
            Some(artifact) => artifact,
            None => {
                let compiled = self.compile();
                let bytes = compiled.map_err(|e| compile_error(&self.name, e))?;
                if let Some(cache) = cache {
                    cache.put(self.digest, &bytes);
                }
                OwnArtifact::new(bytes, 0)
            }
        };
        let code = deserialize_own(engine, &artifact, way);
        code.map_err(|source| Error::Deserialize { asset: self.name.clone(), source })
    }

    fn compile(&self) -> wasmtime::Result<Vec<u8>> {
        let compiler = Engine::new(&compile_config(&self.engine, &self.target, self.features)?)?;
        #[cfg(feature = "component-model")]
        if self.features.contains(WasmFeature::ComponentModel) {
            return compiler.precompile_component(&self.wasm);
        }
        // Rejects an invalid module before any function is compiled.
        Module::validate(&compiler, &self.wasm)?;
        compiler.precompile_module(&self.wasm)
    }
}
