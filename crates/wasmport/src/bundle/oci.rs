//! Bundles in registries: they refer to the module or component whose artifacts they have.

use super::manifest::BundledAsset;
use super::{Bundle, Opened};
use crate::asset::Container;
use crate::engine::{major, wasmtime_version};
use crate::error::{Error, Result};
use crate::registry::manifest::{BUNDLE, BUNDLE_LAYER, Descriptor, GENERATION, WASMTIME};
use crate::registry::{Listed, Reference, Registry, RegistryError, RegistryOptions, Sha256};
use crate::signature::TrustedKeys;
use std::cmp::Reverse;
use std::time::{Duration, SystemTime};

/// The largest number of bundles that are downloaded until one counts.
const MOST_TRIED: usize = 16;

/// A bundle in a registry that counts.
#[doc(hidden)]
pub struct BundleInRegistry {
    /// The bundle.
    pub opened: Opened,
    /// The digest of the manifest that the reference names.
    pub subject: Sha256,
    /// The digest of the bundle's own manifest.
    pub manifest: Sha256,
    /// The digest of the bundle.
    pub layer: Sha256,
    /// Where the list of bundles comes from.
    pub listed: Listed,
}

impl Bundle {
    /// Opens the newest bundle in a registry that refers to a module or component there, which a trusted producer signed and
    /// which has artifacts for this version of Wasmtime. `cargo wasmport push` pushes both.
    ///
    /// The call needs a runtime of tokio with its drivers for I/O and time. It downloads the bundle into memory.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Registry`] if the registry does not answer within the time of `options`, if it has no such
    /// reference or no bundle that counts, or if what it returns is not what its digest names.
    pub async fn from_oci(
        reference: &Reference,
        keys: &TrustedKeys,
        options: &RegistryOptions,
    ) -> Result<Self> {
        let major = major(wasmtime_version());
        let found = find_bundle(reference, keys, options, major).await.map_err(Error::Registry)?;
        let opened = Self::of(found.opened);
        opened.map_err(|source| Error::Bundle { bundle: reference.to_string(), source })
    }
}

/// Returns the bundle of the highest generation that refers to a manifest, counts, and has artifacts of a major version of
/// Wasmtime.
///
/// # Errors
///
/// Fails if none counts, with the reason for each, or if the registry fails.
#[doc(hidden)]
pub async fn find_bundle(
    reference: &Reference,
    keys: &TrustedKeys,
    options: &RegistryOptions,
    major: &str,
) -> Result<BundleInRegistry, RegistryError> {
    let registry = Registry::reading(reference, options).await?;
    // Its bytes count, not what the registry says about them.
    let subject = registry.manifest().await?.digest;
    let (listed, mut bundles) = registry.referrers(subject, BUNDLE).await?;
    bundles.sort_by_key(|bundle| Reverse(generation(bundle)));
    let mut reasons = Vec::new();
    for (tried, bundle) in bundles.iter().filter(|bundle| may_have(bundle, major)).enumerate() {
        if tried == MOST_TRIED {
            reasons.push(format!("more than {MOST_TRIED} others, which were not tried"));
            break;
        }
        match open(&registry, bundle, subject, keys, major).await? {
            Ok((layer, opened)) => {
                let manifest = bundle.digest;
                return Ok(BundleInRegistry { opened, subject, manifest, layer, listed });
            }
            Err(reason) => reasons.push(format!("{}: {reason}", bundle.digest)),
        }
    }
    let (reference, major) = (reference.to_string(), major.to_owned());
    Err(RegistryError::NoBundle { reference, major, reasons })
}

/// Returns the generation that a list of referrers names: nobody has signed it.
fn generation(bundle: &Descriptor) -> Option<u64> {
    bundle.annotations.get(GENERATION)?.parse().ok()
}

/// Returns whether a bundle may have artifacts of a major version, as far as the list says.
fn may_have(bundle: &Descriptor, wanted: &str) -> bool {
    let versions = bundle.annotations.get(WASMTIME);
    versions.is_none_or(|versions| versions.split(',').any(|one| major(one.trim()) == wanted))
}

/// Downloads a bundle, and checks that it counts. The inner error is the reason why it does not; a registry that fails or
/// lies is the outer one.
async fn open(
    registry: &Registry,
    bundle: &Descriptor,
    subject: Sha256,
    keys: &TrustedKeys,
    wanted: &str,
) -> Result<Result<(Sha256, Opened), String>, RegistryError> {
    let manifest = registry.parse(&registry.manifest_by_digest(bundle.digest).await?)?;
    if manifest.subject.as_ref().is_none_or(|of| of.digest != subject) {
        return Ok(Err("it refers to another manifest".into()));
    }
    let [layer] = manifest.layers.as_slice() else {
        return Ok(Err(format!("it has {} layers, not one", manifest.layers.len())));
    };
    if layer.media_type != BUNDLE_LAYER {
        return Ok(Err(format!("its layer is of the type `{}`", layer.media_type)));
    }
    let bytes = registry.blob(layer).await?;
    let opened = match Opened::read(Container::Bytes(bytes), keys) {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let found = opened.manifest.generation;
    let has = |asset: &BundledAsset| major(&asset.wasmtime) == wanted;
    Ok(match opened.manifest.expires {
        Some(expires) if is_over(expires) => Err("it has expired".into()),
        // The order is that of the list: who changes a number there does not choose the bundle.
        _ if generation(bundle).is_some_and(|named| named != found) => {
            Err(format!("it is of generation {found}, and the list says otherwise"))
        }
        _ if !opened.manifest.assets.iter().any(has) => {
            Err(format!("it has no artifacts of Wasmtime {wanted}"))
        }
        _ => Ok((layer.digest, opened)),
    })
}

fn is_over(expires: u64) -> bool {
    let expires = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(expires));
    expires.is_some_and(|expires| expires <= SystemTime::now())
}

impl Opened {
    /// Returns the file.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        self.archive.into_bytes()
    }
}
