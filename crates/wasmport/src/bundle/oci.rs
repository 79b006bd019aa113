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

/// The largest number of bundles that are tried until the newest that counts is found.
const MOST_TRIED: usize = 64;

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
    /// The origin of the list of bundles.
    pub listed: Listed,
}

impl Bundle {
    /// Opens the newest bundle in a registry that refers to a module or component there, which a trusted producer signed,
    /// which has an asset that was compiled from that very module or component, and artifacts for this version of Wasmtime. `cargo wasmport push` pushes both.
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

/// Returns the bundle of the highest generation that refers to a manifest, has an asset that was compiled from one of its
/// contents, counts, and has artifacts of a major version of Wasmtime.
///
/// # Errors
///
/// Fails if none counts, with the reason for each, if there are too many to tell which is the newest, or if the registry does
/// not answer.
#[doc(hidden)]
pub async fn find_bundle(
    reference: &Reference,
    keys: &TrustedKeys,
    options: &RegistryOptions,
    major: &str,
) -> Result<BundleInRegistry, RegistryError> {
    let registry = Registry::reading(reference, options).await?;
    // Its bytes count, not what the registry says about them.
    let source = registry.manifest().await?;
    let (subject, contents) = (source.digest, registry.contents(&source).await?);
    let wanted = Wanted { subject, contents, keys, major };
    let (listed, mut bundles) = registry.referrers(subject, BUNDLE).await?;
    bundles.retain(|bundle| may_have(bundle, major));
    // Those whose generation the list does not say are opened first: the signed ones decide.
    bundles.sort_by_key(|bundle| Reverse((generation(bundle).is_none(), generation(bundle))));
    let (mut newest, mut reasons) = (None::<BundleInRegistry>, Vec::new());
    for (tried, bundle) in bundles.iter().enumerate() {
        let found = newest.as_ref().map(|found| found.opened.manifest.generation);
        if found.is_some() && generation(bundle).is_some_and(|named| Some(named) <= found) {
            break;
        }
        if tried == MOST_TRIED {
            let others = bundles.len() - tried;
            reasons.push(format!("{others} others, which may be newer and were not tried"));
            newest = None;
            break;
        }
        match wanted.open(&registry, bundle).await {
            Ok((layer, opened)) if Some(opened.manifest.generation) > found => {
                let manifest = bundle.digest;
                newest = Some(BundleInRegistry { opened, subject, manifest, layer, listed });
            }
            Ok(_) => {}
            Err(Refused::Registry(error)) => return Err(error),
            Err(Refused::Bundle(reason)) => reasons.push(format!("{}: {reason}", bundle.digest)),
        }
    }
    newest.ok_or_else(|| {
        let (reference, major) = (reference.to_string(), major.to_owned());
        RegistryError::NoBundle { reference, major, reasons }
    })
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

/// The bundles that count.
struct Wanted<'a> {
    /// The manifest that they refer to, and its contents.
    subject: Sha256,
    contents: Vec<Sha256>,
    keys: &'a TrustedKeys,
    major: &'a str,
}

/// The reason why a bundle is not taken.
enum Refused {
    /// It does not count. Another may.
    Bundle(String),
    /// The registry does not answer.
    Registry(RegistryError),
}

impl From<RegistryError> for Refused {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Unreachable { .. }
            | RegistryError::TimedOut { .. }
            | RegistryError::Denied { .. }
            | RegistryError::Credentials { .. } => Self::Registry(error),
            // Who may push to the repository spoils no bundle but their own.
            _ => Self::Bundle(error.to_string()),
        }
    }
}

impl Wanted<'_> {
    /// Downloads a bundle, and checks that it counts.
    async fn open(
        &self,
        registry: &Registry,
        bundle: &Descriptor,
    ) -> Result<(Sha256, Opened), Refused> {
        let refused = |reason: String| Err(Refused::Bundle(reason));
        let manifest = registry.parse(&registry.manifest_by_digest(bundle.digest).await?)?;
        if manifest.subject.as_ref().is_none_or(|of| of.digest != self.subject) {
            return refused("it refers to another manifest".into());
        }
        let [layer] = manifest.layers.as_slice() else {
            return refused(format!("it has {} layers, not one", manifest.layers.len()));
        };
        if layer.media_type != BUNDLE_LAYER {
            return refused(format!("its layer is of the type `{}`", layer.media_type));
        }
        let bytes = registry.blob(layer).await?;
        let opened = Opened::read(Container::Bytes(bytes), self.keys);
        let opened = opened.map_err(|error| Refused::Bundle(error.to_string()))?;
        let (signed, wanted) = (&opened.manifest, self.major);
        let found = signed.generation;
        let has = |asset: &BundledAsset| major(&asset.wasmtime) == wanted;
        if signed.has_expired() {
            return refused("it has expired".into());
        }
        // What refers to what is not signed: whoever controls the registry could list the bundle of another source.
        if !signed.is_of(&self.contents) {
            return refused("no asset of it was compiled from what the reference names".into());
        }
        // The order is that of the list: who changes a number there does not choose the bundle.
        if generation(bundle).is_some_and(|named| named != found) {
            return refused(format!("it is of generation {found}, and the list says otherwise"));
        }
        if !signed.assets.iter().any(has) {
            return refused(format!("it has no artifacts of Wasmtime {wanted}"));
        }
        Ok((layer.digest, opened))
    }
}

impl Opened {
    /// Returns the file.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        self.archive.into_bytes()
    }
}
