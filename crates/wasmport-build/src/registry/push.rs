//! Pushing: modules, components and bundles.

use super::run;
use super::source::{CONFIG, Config, LAYER, World};
use crate::error::Error;
use crate::fs;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use wasmport::bundle_manifest::{BundleManifest, MANIFEST as BUNDLE_MANIFEST};
use wasmport::interface::ComponentItem;
use wasmport::registry::manifest::{
    ARCHITECTURE, BUNDLE, BUNDLE_LAYER, Descriptor, EMPTY, EMPTY_CONTENT, EXPIRES, GENERATION,
    MANIFEST, Manifest, WASMTIME,
};
use wasmport::registry::{Reference, Registry, RegistryError, RegistryOptions, Sha256};

/// Options of [`push`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PushOptions {
    /// The time that the configuration of a module or component names, such as `2026-01-01T00:00:00Z`. By default it is the
    /// beginning of 1970, so that the same file gives the same digests.
    pub created: Option<String>,
    /// The options of requests to the registry.
    pub registry: RegistryOptions,
}

/// The result of [`push`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushed {
    /// The digest of the manifest.
    pub manifest: Sha256,
    /// The digest of the file.
    pub layer: Sha256,
    /// For a bundle, the manifest that it refers to, and whether the registry lists it itself or under a tag.
    pub subject: Option<(Sha256, bool)>,
}

/// The time of configurations that name none.
const BEGINNING: &str = "1970-01-01T00:00:00Z";

/// Length in bytes up to which the manifest of a bundle is read.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Pushes a file: a module or component under the reference, or a bundle so that it refers to what the reference names.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if the file is neither, with [`Error::File`] if it cannot be read, and with
/// [`Error::Registry`] if the registry does not take it.
pub fn push(path: &Path, reference: &Reference, options: &PushOptions) -> Result<Pushed, Error> {
    let bytes = fs::read(path)?;
    if bytes.starts_with(b"\0asm") {
        return push_source(path, bytes, reference, options);
    }
    match bundle_manifest(&bytes) {
        Some(manifest) => run(push_bundle(bytes, &manifest, reference, &options.registry)),
        None => Err(unknown(path, &bytes)),
    }
}

fn unknown(path: &Path, bytes: &[u8]) -> Error {
    let is_text =
        std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with(['(', ';']));
    let (what, help) = match is_text {
        true => (
            "the text format of WebAssembly",
            "push the binary: `wasm-tools parse FILE -o FILE.wasm`",
        ),
        false => (
            "neither WebAssembly nor a bundle",
            "push a module, a component, or the output of `cargo wasmport bundle`",
        ),
    };
    Error::arguments(format!("`{}` is {what}", path.display()), help)
}

/// Reads the manifest of a bundle, whoever has signed it.
fn bundle_manifest(bytes: &[u8]) -> Option<BundleManifest> {
    let mut archive = tar::Archive::new(bytes);
    let entry = archive.entries().ok()?.next()?.ok()?;
    if *entry.path_bytes() != *BUNDLE_MANIFEST.as_bytes() {
        return None;
    }
    let mut text = Vec::new();
    let _ = entry.take(LARGEST_MANIFEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn push_source(
    path: &Path,
    bytes: Vec<u8>,
    reference: &Reference,
    options: &PushOptions,
) -> Result<Pushed, Error> {
    if reference.digest().is_some() {
        let message = format!("`{reference}` has a digest, which the file decides");
        return Err(Error::arguments(message, "push to a tag"));
    }
    let created = options.created.as_deref().unwrap_or(BEGINNING);
    if !is_time(created) {
        let message = format!("`{created}` is no time");
        return Err(Error::arguments(message, "write it like `2026-01-01T00:00:00Z`"));
    }
    let read = wasmport::Inspection::of(&bytes).map_err(|error| {
        let message = format!("`{}`: {error}", path.display());
        Error::arguments(message, "push a valid module or component")
    })?;
    let names = |items: &[ComponentItem]| {
        let name = |item: &ComponentItem| match item.interface.as_str() {
            "" => item.name.clone(),
            interface => interface.to_owned(),
        };
        items.iter().map(name).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let component = read.is_component.then(|| World {
        exports: names(&read.component.exports),
        imports: names(&read.component.imports),
    });
    let layer = Descriptor::of(LAYER, &bytes);
    let config = Config {
        created: created.to_owned(),
        architecture: ARCHITECTURE,
        os: if read.is_component { "wasip2" } else { "wasip1" },
        layer_digests: vec![layer.digest],
        component,
    };
    let config = json(&config)?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        artifact_type: None,
        config: Descriptor::of(CONFIG, &config),
        layers: vec![layer],
        subject: None,
        annotations: BTreeMap::new(),
    };
    let text = json(&manifest)?;
    run(async {
        let registry = Registry::writing(reference, &options.registry).await?;
        let layer = manifest.layers.first().map(|layer| layer.digest);
        for (descriptor, bytes) in manifest.layers.iter().zip([bytes]) {
            registry.push_blob(descriptor, bytes).await?;
        }
        registry.push_blob(&manifest.config, config).await?;
        let _ = registry.push_manifest(reference.tag(), MANIFEST, &text).await?;
        let manifest = Sha256::of(&text);
        Ok(Pushed { manifest, layer: layer.unwrap_or(manifest), subject: None })
    })
}

async fn push_bundle(
    bytes: Vec<u8>,
    bundle: &BundleManifest,
    reference: &Reference,
    options: &RegistryOptions,
) -> Result<Pushed, RegistryError> {
    let registry = Registry::writing(reference, options).await?;
    let source = registry.manifest().await?;
    if !bundle.is_of(&registry.contents(&source).await?) {
        return Err(RegistryError::OtherSource { reference: reference.to_string() });
    }
    let subject = source.descriptor();
    let versions: BTreeSet<&str> =
        bundle.assets.iter().map(|asset| asset.wasmtime.as_str()).collect();
    let versions: Vec<&str> = versions.into_iter().collect();
    let mut annotations = BTreeMap::new();
    let _ = annotations.insert(GENERATION.to_owned(), bundle.generation.to_string());
    let _ = annotations.insert(WASMTIME.to_owned(), versions.join(","));
    if let Some(expires) = bundle.expires {
        let _ = annotations.insert(EXPIRES.to_owned(), expires.to_string());
    }
    let layer = Descriptor::of(BUNDLE_LAYER, &bytes);
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        artifact_type: Some(BUNDLE.to_owned()),
        config: Descriptor::of(EMPTY, EMPTY_CONTENT),
        layers: vec![layer.clone()],
        subject: Some(subject.clone()),
        annotations: annotations.clone(),
    };
    registry.push_blob(&layer, bytes).await?;
    registry.push_blob(&manifest.config, EMPTY_CONTENT.to_vec()).await?;
    let malformed = |error: serde_json::Error| RegistryError::Malformed {
        host: reference.host().to_owned(),
        what: "manifest of the bundle".into(),
        reason: error.to_string(),
    };
    let text = serde_json::to_vec(&manifest).map_err(malformed)?;
    let mut own = Descriptor::of(MANIFEST, &text);
    let version = own.digest.to_string();
    let is_listed = registry.push_manifest(&version, MANIFEST, &text).await?;
    if !is_listed {
        own.artifact_type = Some(BUNDLE.to_owned());
        own.annotations = annotations;
        registry.add_referrer(subject.digest, &own).await?;
    }
    Ok(Pushed {
        manifest: own.digest,
        layer: layer.digest,
        subject: Some((subject.digest, is_listed)),
    })
}

/// Serializes JSON of strings, numbers and maps with string keys.
fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Internal { message: error.to_string() })
}

/// Returns whether text is a time of RFC 3339 in UTC.
fn is_time(text: &str) -> bool {
    let pattern = b"0000-00-00T00:00:00Z";
    let fits = |(byte, pattern): (u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        _ => byte == *pattern,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern).all(fits)
}
