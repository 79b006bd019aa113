//! Sources in a registry: modules and components in the layout of the CNCF, and in older ones.

use serde::Serialize;
use wasmport::registry::manifest::{ARCHITECTURE, Descriptor, Manifest};
use wasmport::registry::{Fetched, Reference, Registry, RegistryError, RegistryOptions, Sha256};

/// The type of the configuration.
pub(super) const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The type of the layer.
pub(super) const LAYER: &str = "application/wasm";

/// The types of layers with a module or a component: of the CNCF, and of earlier tools.
const LAYERS: [&str; 5] = [
    LAYER,
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/vnd.bytecodealliance.component.layer.v0+wasm",
];

/// The configuration of a module or a component.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    pub created: String,
    pub architecture: &'static str,
    pub os: &'static str,
    pub layer_digests: Vec<Sha256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<World>,
}

/// The names that a component imports and exports.
#[derive(Debug, Serialize)]
pub(super) struct World {
    pub exports: Vec<String>,
    pub imports: Vec<String>,
}

/// A module or component in a registry.
pub(super) struct Source {
    /// The digest of the manifest that the reference names.
    pub manifest: Sha256,
    pub layer: Sha256,
    pub bytes: Vec<u8>,
}

/// Downloads the module or component that a reference names.
pub(super) async fn download(
    reference: &Reference,
    options: &RegistryOptions,
) -> Result<Source, RegistryError> {
    let registry = Registry::reading(reference, options).await?;
    let named = registry.manifest().await?;
    let manifest = match named.is_index() {
        false => registry.parse(&named)?,
        true => {
            let chosen = of_platform(&registry, &named)?;
            registry.parse(&registry.manifest_by_digest(chosen).await?)?
        }
    };
    let layer = layer(&registry, &manifest, &named)?;
    let bytes = registry.blob(layer).await?;
    Ok(Source { manifest: named.digest, layer: layer.digest, bytes })
}

/// Returns the digest of the manifest that a reference names now.
pub(super) async fn named_by(
    reference: &Reference,
    options: &RegistryOptions,
) -> Result<Sha256, RegistryError> {
    Ok(Registry::reading(reference, options).await?.manifest().await?.digest)
}

/// Returns the one manifest for WebAssembly in an image for several platforms.
fn of_platform(registry: &Registry, named: &Fetched) -> Result<Sha256, RegistryError> {
    let index = registry.parse_index(named)?;
    let is_wasm = |manifest: &&Descriptor| {
        manifest.platform.as_ref().is_some_and(|platform| platform.architecture == ARCHITECTURE)
    };
    let mut found = index.manifests.iter().filter(is_wasm);
    match (found.next(), found.next(), index.manifests.as_slice()) {
        (Some(one), None, _) | (None, None, [one]) => Ok(one.digest),
        (one, _, _) => {
            let count = if one.is_some() { "several manifests" } else { "no manifest" };
            let reason = format!("the index has {count} for the architecture `{ARCHITECTURE}`");
            Err(malformed(registry, named, reason))
        }
    }
}

/// Returns the one layer with WebAssembly.
fn layer<'m>(
    registry: &Registry,
    manifest: &'m Manifest,
    named: &Fetched,
) -> Result<&'m Descriptor, RegistryError> {
    let is_wasm = |layer: &&Descriptor| LAYERS.contains(&layer.media_type.as_str());
    let mut found = manifest.layers.iter().filter(is_wasm);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => {
            Err(malformed(registry, named, "it has several layers with WebAssembly".into()))
        }
        (None, _) => {
            let types = manifest.layers.iter().map(|layer| layer.media_type.as_str());
            Err(RegistryError::MediaType {
                host: registry.reference().host().to_owned(),
                what: format!("manifest `{}`", named.digest),
                expected: "a layer of WebAssembly such as `application/wasm`",
                found: types.collect::<Vec<_>>().join(", "),
            })
        }
    }
}

fn malformed(registry: &Registry, named: &Fetched, reason: String) -> RegistryError {
    let host = registry.reference().host().to_owned();
    RegistryError::Malformed { host, what: format!("manifest `{}`", named.digest), reason }
}
