//! Pack: artifacts and the generated wrapper, as files and as the manifest's entry.

use crate::codegen::{self, Description};
use crate::compile::Compiled;
use crate::discover::Found;
use crate::error::{AssetError, Stage};
use crate::files::Files;
use crate::interface::Interface;
use crate::manifest::{ArtifactEntry, Entry};
use crate::settings::Settings;
use wasmport::Digest;
use wasmport::engine::{RequiredFeatures, wasmtime_version};

/// What tells the next run whether the outputs are fresh.
pub(crate) struct Keys {
    pub source_digest: Digest,
    pub settings_key: Digest,
    pub generator: String,
}

/// What an import of one asset leaves.
pub(crate) struct Packed {
    pub entry: Entry,
    pub files: Files,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Artifacts and generated wrapper as files, and their entry in the manifest.
pub(crate) fn pack(
    settings: &Settings,
    found: &Found,
    keys: Keys,
    features: RequiredFeatures,
    compiled: Vec<Compiled>,
    mut interface: Interface,
) -> Result<Packed, AssetError> {
    let name = found.name();
    let artifacts: Vec<ArtifactEntry> = compiled
        .iter()
        .map(|Compiled { target, bytes, digest }| ArtifactEntry {
            target: target.clone(),
            path: format!("artifacts/{name}.{target}.cwasm"),
            bytes: bytes.len() as u64,
            blake3: *digest,
        })
        .collect();
    let wrapper = codegen::wrapper(&Description {
        path: &found.path,
        source: &found.source,
        source_digest: keys.source_digest,
        module: &found.module,
        wasmtime: wasmtime_version(),
        engine: &settings.engine,
        features,
        artifacts: &artifacts,
        embed: settings.embed,
        interface: &interface,
        settings: &found.settings,
    })?;
    for export in &mut interface.exports {
        export.method = wrapper.methods.get(&export.name).cloned();
    }
    let wrapper_path = format!("{name}.rs");
    let interface = serde_json::value::to_raw_value(&interface)
        .map_err(|e| AssetError::new(&found.path, Stage::Codegen, e.to_string()))?;
    let entry = Entry {
        source: found.source.clone(),
        source_digest: keys.source_digest,
        settings: keys.settings_key,
        wasmtime: wasmtime_version().into(),
        generator: keys.generator,
        module: found.module.clone(),
        features,
        artifacts,
        wrapper_digest: Digest::of(wrapper.source.as_bytes()),
        wrapper: wrapper_path.clone(),
        interface,
    };
    let mut files = Files::default();
    files.add(wrapper_path, wrapper.source);
    for (artifact, compiled) in entry.artifacts.iter().zip(compiled) {
        files.add(&artifact.path, compiled.bytes);
    }
    Ok(Packed { entry, files, warnings: wrapper.warnings })
}
