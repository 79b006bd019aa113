//! Pack: artifacts and the generated wrapper, as files and as the manifest's entry.

use crate::codegen::{self, Description};
use crate::discover::Found;
use crate::error::{AssetError, Stage};
use crate::files::Files;
use crate::interface::Interface;
use crate::manifest::{ARTIFACTS, ArtifactEntry, Entry};
use crate::report::StageReport;
use crate::settings::Settings;
use crate::stages::{Log, Stored};
use crate::validate::ValidWasm;
use std::time::Instant;
use wasmport::Digest;
use wasmport::engine::{Target, wasmtime_version};

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
}

/// Artifacts and generated wrapper as files, and their entry in the manifest.
pub(crate) fn pack(
    settings: &Settings,
    found: &Found,
    keys: Keys,
    module: &ValidWasm,
    stored: Vec<Stored>,
    mut interface: Interface,
    log: &mut Log,
) -> Result<Packed, AssetError> {
    let start = Instant::now();
    let (name, features) = (found.name(), module.features());
    let artifacts: Vec<ArtifactEntry> =
        stored.iter().map(|stored| entry_of(&name, stored)).collect();
    let is_there = |target: &&Target| artifacts.iter().any(|artifact| artifact.target == **target);
    let skipped = settings.targets.iter().flatten().filter(|target| !is_there(target));
    let skipped = skipped.cloned().collect();
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
        kind: module.kind(),
        features,
        tools: log.tools(),
        skipped,
        artifacts,
        wrapper_digest: Digest::of(wrapper.source.as_bytes()),
        wrapper: wrapper_path.clone(),
        interface,
    };
    let mut files = Files::default();
    files.add(wrapper_path, wrapper.source);
    for (artifact, stored) in entry.artifacts.iter().zip(stored) {
        files.add(&artifact.path, stored.bytes);
    }
    log.warnings.extend(wrapper.warnings);
    let (wasm, source) = (module.wasm().len(), files.len_of(&entry.wrapper));
    log.stages.push(StageReport::new(Stage::Codegen, wasm, source, start.elapsed()));
    Ok(Packed { entry, files })
}

fn entry_of(name: &str, stored: &Stored) -> ArtifactEntry {
    let Stored { target, bytes, digest, uncompressed } = stored;
    let extension = if target.is_source() { "wasm" } else { "cwasm" };
    let compressed = if uncompressed.is_some() { ".zst" } else { "" };
    ArtifactEntry {
        target: target.clone(),
        path: format!("{ARTIFACTS}/{name}.{target}.{extension}{compressed}"),
        bytes: bytes.len() as u64,
        blake3: *digest,
        uncompressed: *uncompressed,
    }
}
