//! Freshness: whether what was imported before still belongs to its source and settings.
//!
//! Needs no compiler: digests decide.

use crate::discover::Found;
use crate::fs;
use crate::manifest::{Entry, Manifest, inside};
use crate::settings::Settings;
use std::path::Path;
use std::sync::OnceLock;
use wasmport::Digest;
use wasmport::engine::wasmtime_version;

/// What decides the outputs beside the settings: a generator that changed within one version, as in
/// a checkout of this repository, must not find its former output fresh. `cargo xtask tidy` knows
/// whether a file is missing here.
const GENERATOR: &[&str] = &[
    include_str!("codegen/asset.rs"),
    include_str!("codegen/docs.rs"),
    include_str!("codegen/exports.rs"),
    include_str!("codegen/imports.rs"),
    include_str!("codegen/mod.rs"),
    include_str!("codegen/plan.rs"),
    include_str!("codegen/session.rs"),
    include_str!("codegen/tree.rs"),
    include_str!("codegen/types.rs"),
    include_str!("interface/extract.rs"),
    include_str!("interface/mod.rs"),
    include_str!("features.rs"),
    include_str!("names.rs"),
    include_str!("pack.rs"),
    include_str!("validate.rs"),
];

fn generator() -> Digest {
    static DIGEST: OnceLock<Digest> = OnceLock::new();
    *DIGEST.get_or_init(|| Digest::of(GENERATOR.concat().as_bytes()))
}

/// The digest of everything that an asset's outputs depend on, but its source and Wasmtime.
pub(crate) fn settings_key(settings: &Settings, found: &Found) -> Digest {
    // Exhaustive, so that a new setting fails to compile until it is thought of here.
    let Settings {
        file: _,
        roots: _,
        out_dir: _,
        include: _,
        exclude: _,
        symlinks: _,
        engine,
        targets: _, // Compared with the artifacts there are.
        features,
        embed,
        jobs: _,
    } = settings;
    let mut hasher = blake3::Hasher::new_derive_key("wasmport settings key v1");
    let mut field = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    field(crate::VERSION.as_bytes());
    field(generator().as_bytes());
    field(&wasmport::support::CONTRACT.to_le_bytes());
    field(found.source.as_bytes());
    field(found.name().as_bytes());
    field(engine.fingerprint().as_bytes());
    field(&[u8::from(*embed)]);
    features.iter().for_each(|feature| field(feature.name().as_bytes()));
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// Why an imported asset is stale; nothing where it is not.
pub(crate) fn staleness(
    previous: &Manifest,
    settings: &Settings,
    found: &Found,
    source_digest: Digest,
) -> Option<String> {
    let Some(entry) = previous.assets.get(&found.name()) else {
        return Some("it was never imported".into());
    };
    if entry.source != found.source || entry.source_digest != source_digest {
        return Some("its source changed since it was imported".into());
    }
    if entry.settings != settings_key(settings, found) {
        return Some(
            "its settings, or the version of wasmport, changed since it was imported".into(),
        );
    }
    if let Some(targets) = &settings.targets
        && !entry.artifacts.iter().map(|artifact| &artifact.target).eq(targets)
    {
        return Some("it was imported for other targets".into());
    }
    damaged_output(&settings.out_dir, entry.outputs())
}

/// Whether the artifact's Wasmtime is another than this one.
pub(crate) fn made_by_another_wasmtime(entry: &Entry) -> bool {
    entry.wasmtime != wasmtime_version()
}

/// Whether the artifact's Wasmtime is so old that it must be imported again, and why.
pub(crate) fn outdated_wasmtime(entry: &Entry) -> Option<String> {
    let parse =
        |version: &str| -> Vec<u64> { version.split('.').map_while(|n| n.parse().ok()).collect() };
    let (theirs, ours) = (parse(&entry.wasmtime), parse(wasmtime_version()));
    (theirs < ours || theirs.first() != ours.first()).then(|| {
        format!(
            "Wasmtime {} compiled it, this is {}: patches fix compilers",
            entry.wasmtime,
            wasmtime_version()
        )
    })
}

/// The first output that is not what the manifest says.
pub(crate) fn damaged_output<'a>(
    folder: &Path,
    outputs: impl Iterator<Item = (&'a str, Digest)>,
) -> Option<String> {
    outputs.into_iter().find_map(|(path, digest)| {
        let file = inside(folder, path);
        match file.map(|file| fs::read_if_there(&file)) {
            Some(Ok(Some(bytes))) if Digest::of(&bytes) == digest => None,
            Some(Ok(Some(_))) => Some(format!("its output `{path}` was changed")),
            Some(Ok(None)) => Some(format!("its output `{path}` is missing")),
            Some(Err(error)) => Some(error.to_string()),
            None => Some(format!("its output `{path}` is outside the output folder")),
        }
    })
}
