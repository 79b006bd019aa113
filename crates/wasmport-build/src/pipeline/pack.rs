//! Pack: wrapper and artifacts as files, and the manifest's entry.

use super::context::AssetContext;
use super::stages::Stored;
use crate::asset::{AssetError, Stage};
use crate::codegen::Wrapper;
use crate::fs;
use crate::interface::Interface;
use crate::project::files::Files;
use crate::project::generator;
use crate::project::manifest::{ArtifactEntry, Entry};
use crate::wasm::ValidWasm;
use wasmport::Digest;
use wasmport::engine::{Target, wasmtime_version};

/// The result of importing one asset.
pub(crate) enum Output {
    Complete(Box<Outputs>),
    /// The artifacts for the targets of a part.
    Part(Vec<ArtifactEntry>),
}

/// The outputs of one asset.
pub(crate) struct Outputs {
    pub entry: Entry,
    pub files: Files,
}

impl Output {
    /// Describes the artifacts of a part.
    pub(super) fn of_part(stored: &[Stored], asset: &AssetContext<'_>) -> Self {
        let name = asset.file.name();
        Self::Part(stored.iter().map(|stored| stored.entry(&name)).collect())
    }
}

/// The facts about the source file that the manifest records.
pub(super) struct Source {
    pub digest: Digest,
    /// Whether it needs an engine with concurrency.
    pub concurrency: bool,
}

/// Collects the outputs of an asset.
///
/// # Errors
///
/// Fails if the interface cannot be serialized.
pub(super) fn pack(
    module: &ValidWasm,
    mut interface: Interface,
    stored: Vec<Stored>,
    wrapper: Wrapper,
    source: &Source,
    asset: &AssetContext<'_>,
) -> Result<Output, AssetError> {
    let name = asset.file.name();
    for export in &mut interface.exports {
        export.method = wrapper.methods.get(&export.name).cloned();
    }
    let interface = serde_json::value::to_raw_value(&interface)
        .map_err(|e| asset.error(Stage::Codegen, e.to_string()))?;
    let artifacts: Vec<ArtifactEntry> = stored.iter().map(|stored| stored.entry(&name)).collect();
    let entry = Entry {
        source: asset.file.source.clone(),
        source_digest: source.digest,
        settings: asset.settings_key,
        deciding: Some(asset.deciding.clone()),
        wasmtime: wasmtime_version().into(),
        generator: generator::version().into(),
        module: asset.file.module.clone(),
        is_interface: asset.file.is_interface(),
        kind: module.kind(),
        features: module.features(),
        concurrency: source.concurrency,
        tools: asset.tools(),
        skipped: if asset.file.is_interface() {
            Vec::new()
        } else {
            skipped_targets(&artifacts, asset)
        },
        artifacts,
        wrapper_digest: fs::content_digest_of(wrapper.source.as_bytes()),
        wrapper: format!("{name}.rs"),
        interface,
    };
    let mut files = Files::default();
    files.add(entry.wrapper.clone(), wrapper.source);
    for (artifact, stored) in entry.artifacts.iter().zip(stored) {
        files.add(&artifact.path, stored.bytes);
    }
    warn_of_moved_methods(&entry, asset);
    Ok(Output::Complete(Box::new(Outputs { entry, files })))
}

fn skipped_targets(artifacts: &[ArtifactEntry], asset: &AssetContext<'_>) -> Vec<Target> {
    let has = |target: &Target| artifacts.iter().any(|artifact| artifact.target == *target);
    let targets = asset.project().targets.iter().flatten();
    targets.filter(|target| !has(target)).cloned().collect()
}

/// Warns if a method calls another export than before: a program would compile and behave otherwise.
fn warn_of_moved_methods(entry: &Entry, asset: &AssetContext<'_>) {
    let Some(previous) = asset.previous else { return };
    let [before, now]: [Option<Interface>; 2] =
        [previous, entry].map(|entry| serde_json::from_str(entry.interface.get()).ok());
    let (Some(before), Some(now)) = (before, now) else { return };
    let moved = now.moved_methods(&before);
    let Some((method, then, export)) = moved.first() else { return };
    let more = match moved.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    asset.warn(format!(
        "the method `{method}` called the export {then:?} and now calls {export:?}{more}"
    ));
}
