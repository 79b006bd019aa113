//! `Bundle`: assets that were compiled elsewhere, in one file that a trusted producer signed.

mod archive;
#[doc(hidden)]
pub mod manifest;
#[cfg(feature = "oci")]
mod oci;

use crate::asset::{AnyAsset, Artifact, Container};
use crate::digest::Digest;
use crate::engine::{major, wasmtime_version};
use crate::error::{BundleError, Error, Result};
use crate::signature::{KeyId, TrustedKeys};
use archive::Archive;
use manifest::{BundleManifest, BundledArtifact, BundledAsset, FORMAT};
#[cfg(feature = "oci")]
pub use oci::{BundleInRegistry, find_bundle};
use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Assets that were compiled elsewhere, in one file that a trusted producer signed: `cargo wasmport bundle` writes it. They
/// load like all others, without a compiler in the program: the artifact for this machine is chosen, and its digest is
/// verified.
///
/// ```no_run
/// # fn main() -> wasmport::Result<()> {
/// use wasmport::signature::TrustedKeys;
/// use wasmport::{Bundle, EngineConfig, Runtime};
///
/// let keys = TrustedKeys::new(["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"]);
/// let bundle = Bundle::open("plugins.wasmbundle", &keys.unwrap().minimum_generation(7))?;
/// let runtime = Runtime::new(&EngineConfig::new())?;
/// for plugin in bundle.assets() {
///     let loaded = runtime.load_any(plugin)?;
///     println!("{} is ready", loaded.asset().name());
/// }
/// # Ok(())
/// # }
/// ```
///
/// A bundle may have the artifacts of several major versions of Wasmtime, so that one file serves a fleet while it is
/// upgraded: the program sees those of its own.
#[derive(Clone)]
pub struct Bundle {
    assets: Vec<AnyAsset>,
    generation: u64,
    expires: Option<SystemTime>,
    producer: KeyId,
}

impl Bundle {
    /// Opens the bundle at `path`. Artifacts are read when they are loaded: the file stays open, and may be replaced
    /// meanwhile by renaming another.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Bundle`] and the reason: it cannot be read, is damaged, nobody trusts its key, it has expired, or
    /// is of an older generation than `keys` allow.
    pub fn open(path: impl AsRef<Path>, keys: &TrustedKeys) -> Result<Self> {
        let path = path.as_ref();
        let bundle = path.display().to_string();
        let file = crate::fs::open_regular(path);
        let opened = file
            .map_err(BundleError::Read)
            .and_then(|file| Self::read(Container::File(file), keys));
        opened.map_err(|source| Error::Bundle { bundle, source })
    }

    /// Opens a bundle in memory, such as one that was downloaded; `name` is for messages.
    ///
    /// # Errors
    ///
    /// Fails like [`open`](Self::open).
    pub fn from_bytes(name: &str, bytes: impl Into<Vec<u8>>, keys: &TrustedKeys) -> Result<Self> {
        let opened = Self::read(Container::Bytes(bytes.into()), keys);
        opened.map_err(|source| Error::Bundle { bundle: name.to_owned(), source })
    }

    fn read(container: Container, keys: &TrustedKeys) -> Result<Self, BundleError> {
        Self::of(Opened::read(container, keys)?)
    }

    fn of(opened: Opened) -> Result<Self, BundleError> {
        let Opened { archive, manifest, producer } = opened;
        if manifest.has_expired() {
            return Err(BundleError::Expired(manifest.expires.unwrap_or_default()));
        }
        let at = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let expires = manifest.expires.and_then(at);
        let is_ours = |asset: &BundledAsset| major(&asset.wasmtime) == major(wasmtime_version());
        let mut assets: Vec<AnyAsset> = Vec::new();
        let (ours, others): (Vec<_>, Vec<_>) = manifest.assets.into_iter().partition(is_ours);
        // Those of other versions say what is wrong when they are loaded.
        for asset in ours.into_iter().chain(others) {
            if assets.iter().all(|other| other.name() != asset.name) {
                assets.push(described(asset, &archive)?);
            }
        }
        assets.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(Self { assets, generation: manifest.generation, expires, producer })
    }

    /// Returns the assets, in the order of their names. [`Runtime::load_any`](crate::Runtime::load_any) loads one,
    /// [`Runtime::load_bundled`](crate::Runtime::load_bundled) one of a known kind.
    pub fn assets(&self) -> impl Iterator<Item = &AnyAsset> {
        self.assets.iter()
    }

    /// Returns the asset of a name.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotInBundle`] if there is none.
    pub fn asset(&self, name: &str) -> Result<&AnyAsset> {
        let found = self.assets.iter().find(|asset| asset.name() == name);
        found.ok_or_else(|| Error::NotInBundle { asset: name.to_owned() })
    }

    /// Returns the generation, a number that only rises.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the time after which it counts no more, if there is one.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Returns the name of the key that signed it.
    #[must_use]
    pub fn producer(&self) -> KeyId {
        self.producer
    }
}

/// A bundle whose manifest a trusted key has signed, for who writes another.
#[doc(hidden)]
pub struct Opened {
    archive: Archive,
    pub manifest: BundleManifest,
    pub producer: KeyId,
}

impl Opened {
    /// Opens the bundle at `path`.
    ///
    /// # Errors
    ///
    /// Fails like [`Bundle::open`], but not if it has expired.
    pub fn open(path: &Path, keys: &TrustedKeys) -> Result<Self> {
        let file = crate::fs::open_regular(path).map_err(BundleError::Read);
        let opened = file.and_then(|file| Self::read(Container::File(file), keys));
        let bundle = path.display().to_string();
        opened.map_err(|source| Error::Bundle { bundle, source })
    }

    fn read(container: Container, keys: &TrustedKeys) -> Result<Self, BundleError> {
        let archive = Archive::read(container).map_err(BundleError::Read)?;
        // Nothing of it is parsed before its signature counts.
        let producer = keys.verify_signature(&archive.manifest, &archive.signature)?;
        let manifest: BundleManifest = serde_json::from_slice(&archive.manifest)
            .map_err(|error| BundleError::Malformed(error.to_string()))?;
        keys.check_generation(manifest.generation)?;
        if manifest.format != FORMAT {
            return Err(BundleError::Format(manifest.format));
        }
        Ok(Self { archive, manifest, producer })
    }

    /// Reads a blob, and verifies its digest.
    ///
    /// # Errors
    ///
    /// Fails if the blob is missing, damaged, or cannot be read.
    pub fn blob(&self, digest: Digest, len: u64) -> std::io::Result<Vec<u8>> {
        let missing = || std::io::Error::other(format!("the blob {digest} is missing"));
        let bytes = self.archive.blob(digest, len).ok_or_else(missing)?.read()?;
        if Digest::of(&bytes) == digest {
            return Ok(bytes);
        }
        Err(std::io::Error::other(format!("the blob {digest} is damaged")))
    }
}

/// Returns the description of an asset, whose blobs are in an archive.
fn described(asset: BundledAsset, archive: &Archive) -> Result<AnyAsset, BundleError> {
    let BundledAsset { name, source, source_digest, wasmtime, engine, features, artifacts, .. } =
        asset;
    let is_ours = major(&wasmtime) == major(wasmtime_version());
    let malformed = |error: serde_json::Error| BundleError::Malformed(error.to_string());
    let engine = serde_json::from_value(engine).map_err(malformed);
    let features = serde_json::from_value(features).map_err(malformed);
    let (engine, features) = match is_ours {
        true => (engine?, features?),
        // Its version is the reason why it does not load.
        false => (engine.unwrap_or_default(), features.unwrap_or_default()),
    };
    let artifacts = artifacts.into_iter().map(|artifact| {
        let BundledArtifact { target, bytes, blake3, uncompressed } = artifact;
        let missing = || BundleError::Malformed(format!("the blob {blake3} is missing"));
        let stored = archive.blob(blake3, bytes).ok_or_else(missing)?;
        Ok(Artifact::stored(target, (bytes, blake3), uncompressed, stored))
    });
    let artifacts = artifacts.collect::<Result<_, BundleError>>()?;
    Ok(AnyAsset::bundled((name, source), source_digest, wasmtime, engine, features, artifacts))
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("assets", &self.assets.len())
            .field("generation", &self.generation)
            .field("producer", &self.producer)
            .finish_non_exhaustive()
    }
}
