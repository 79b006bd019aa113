//! From a module's bytes to code for the runtime's back end.

use super::{Code, DynamicAsset};
use crate::asset::{Artifact, Asset};
use crate::engine::{
    BackEnd, EngineConfig, LoadWay, RequiredFeatures, Target, WasmFeature, compile_config,
    wasmtime_version,
};
use crate::fs;
use crate::load::load_own;
use crate::{Digest, Error, Result};
use std::borrow::Cow;
use std::path::Path;
use wasmtime::{Engine, Module};

/// What Wasmtime's compiler gave: to this process, or to an earlier one that authenticated it.
pub(crate) struct Compiled {
    bytes: Vec<u8>,
    /// Where it begins in the bytes.
    start: usize,
}

impl Compiled {
    pub(super) fn new(bytes: Vec<u8>, start: usize) -> Self {
        Self { bytes, start }
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// A module that is read, and all that decides what it is compiled to.
pub(crate) struct Unit {
    name: String,
    source: String,
    source_digest: Digest,
    wasm: Vec<u8>,
    engine: EngineConfig,
    target: Target,
    features: RequiredFeatures,
    digest: Digest,
}

impl DynamicAsset {
    /// Reads the module or component, to be compiled for a back end.
    pub(crate) fn read<C: crate::load::Code>(
        &self,
        engine: &EngineConfig,
        back_end: BackEnd,
    ) -> Result<Unit> {
        let (code, source) = match &self.code {
            Code::Bytes(bytes) => (Cow::Borrowed(bytes.as_slice()), self.name.clone()),
            Code::File(path) => (Cow::Owned(self.read_file(path)?), path.display().to_string()),
        };
        let source_digest = Digest::of(&code);
        let wasm = match wat::parse_bytes(&code) {
            Ok(Cow::Owned(wasm)) => wasm,
            Ok(Cow::Borrowed(_)) => code.into_owned(),
            Err(error) => return Err(self.refused(error.to_string())),
        };
        let mut features = RequiredFeatures::of_this_build();
        match (wasm.get(4..8) == Some(&COMPONENT), C::IS_COMPONENT) {
            (true, true) => {}
            (false, false) => features = features.missing_in(COMPONENTS),
            (true, false) => {
                return Err(self.refused("it is a component, and no core module".into()));
            }
            (false, true) => {
                return Err(self.refused("it is a core module, and no component".into()));
            }
        }
        let target = match back_end {
            BackEnd::Native | BackEnd::Source => Target::native(),
            BackEnd::Portable => {
                features = features.missing_in(RequiredFeatures::of(&[WasmFeature::Threads]));
                Target::PORTABLE
            }
        };
        if !engine.concurrency_support {
            let waiting = RequiredFeatures::of(&[WasmFeature::ComponentModelAsync]);
            features = features.missing_in(waiting);
        }
        let digest = self.digest(&wasm, engine, &target, features);
        let (name, engine) = (self.name.clone(), *engine);
        Ok(Unit { name, source, source_digest, wasm, engine, target, features, digest })
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        fs::read(path).map_err(|error| {
            let (asset, path) = (self.name.clone(), path.display().to_string());
            match error.kind() {
                std::io::ErrorKind::NotFound => Error::Missing { asset, path, source: error },
                _ => Error::Read { asset, path, source: error },
            }
        })
    }

    fn refused(&self, message: String) -> Error {
        Error::Compile { asset: self.name.clone(), message }
    }

    /// Of everything that decides the code.
    fn digest(
        &self,
        wasm: &[u8],
        engine: &EngineConfig,
        target: &Target,
        features: RequiredFeatures,
    ) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key("wasmport dynamic asset v1");
        let names: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
        let fields = [
            self.key.as_bytes(),
            wasm,
            engine.fingerprint().as_bytes(),
            target.to_string().as_bytes(),
            names.join(" ").as_bytes(),
            wasmtime_version().as_bytes(),
        ]
        .map(|field| (field.len() as u64, field.to_vec()));
        for (len, field) in fields {
            hasher.update(&len.to_le_bytes()).update(&field);
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// What no module needs.
const COMPONENTS: RequiredFeatures =
    RequiredFeatures::of(&[WasmFeature::ComponentModel, WasmFeature::ComponentModelAsync]);

/// What follows the magic number of a component, as far as this version of Wasmtime knows.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];

impl Unit {
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The name of the target, without CPU features: those are this machine's.
    pub fn target(&self) -> &'static str {
        if self.target.is_portable() { "portable" } else { "native" }
    }

    pub fn asset(&self) -> Asset {
        let names = (self.name.clone(), self.source.clone());
        let artifact = Artifact::embedded(self.target(), 0, self.digest, None);
        Asset::of_this_program(names, self.source_digest, self.engine, self.features, artifact)
    }

    /// Takes it from the asset's cache, or compiles it.
    pub fn load<C: crate::load::Code>(
        &self,
        engine: &Engine,
        asset: &DynamicAsset,
        way: LoadWay,
    ) -> Result<C> {
        let kept = asset.cache.as_ref().and_then(|cache| cache.get(self.digest));
        let compiled = match kept {
            Some(compiled) => compiled,
            None => {
                let bytes = self.compile().map_err(|e| asset.refused(format!("{e:#}")))?;
                if let Some(cache) = &asset.cache {
                    cache.put(self.digest, &bytes);
                }
                Compiled::new(bytes, 0)
            }
        };
        let module = load_own(engine, &compiled, way);
        module.map_err(|source| Error::Deserialize { asset: self.name.clone(), source })
    }

    fn compile(&self) -> wasmtime::Result<Vec<u8>> {
        let compiler = Engine::new(&compile_config(&self.engine, &self.target, self.features)?)?;
        #[cfg(feature = "component-model")]
        if self.features.contains(WasmFeature::ComponentModel) {
            return compiler.precompile_component(&self.wasm);
        }
        // All of it, before any of it is compiled.
        Module::validate(&compiler, &self.wasm)?;
        compiler.precompile_module(&self.wasm)
    }
}
