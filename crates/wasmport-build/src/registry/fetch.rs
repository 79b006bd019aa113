//! Fetching: pinned files that are missing come from the cache or from their registries.

use super::source::download;
use super::{place, run};
use crate::error::Error;
use crate::fs;
use crate::project::lock::Lock;
use crate::project::pins::Pin;
use crate::settings::Settings;
use crate::store::Downloads;
use wasmport::Digest;
use wasmport::registry::{Reference, RegistryError, RegistryOptions, Sha256};

/// A pinned file.
#[derive(Debug)]
#[non_exhaustive]
pub struct FetchedFile {
    /// The path relative to the lock file.
    pub file: String,
    /// Its origin, or the reason why it is missing or wrong.
    pub from: Result<FetchedFrom, Error>,
}

/// The origin of a pinned file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchedFrom {
    /// It was there.
    Project,
    /// The cache.
    Cache,
    /// The registry.
    Registry,
}

/// Writes each pinned file that is missing, from the cache or from its registry, and verifies all.
///
/// # Errors
///
/// Fails with [`Error::Lock`] if the lock file is damaged. What fails for one file is in its result.
pub fn fetch(settings: &Settings, options: &RegistryOptions) -> Result<Vec<FetchedFile>, Error> {
    let pins = Lock::pins(settings)?.into_values();
    let fetched =
        pins.map(|pin| FetchedFile { from: fetch_one(&pin, settings, options), file: pin.file });
    Ok(fetched.collect())
}

fn fetch_one(
    pin: &Pin,
    settings: &Settings,
    options: &RegistryOptions,
) -> Result<FetchedFrom, Error> {
    let path = pin.path(settings);
    place::check_root(&path, settings)?;
    if let Some(bytes) = fs::read_optional(&path)? {
        let found = Digest::of(&bytes);
        if found != pin.blake3 {
            return Err(pin.changed(&path, found).into());
        }
        return Ok(FetchedFrom::Project);
    }
    let downloads = Downloads::of(&settings.cache);
    let cached = downloads.as_ref().map_or(Ok(None), |downloads| downloads.read(&pin.layer))?;
    if let Some(bytes) = cached.filter(|bytes| is_pinned(bytes, pin)) {
        place::write(&path, &bytes, settings)?;
        return Ok(FetchedFrom::Cache);
    }
    let bytes = of_registry(pin, options)?;
    if let Some(downloads) = downloads {
        downloads.write(&pin.layer, &bytes)?;
    }
    place::write(&path, &bytes, settings)?;
    Ok(FetchedFrom::Registry)
}

/// Downloads what a pin names, whatever its tag names now.
fn of_registry(pin: &Pin, options: &RegistryOptions) -> Result<Vec<u8>, Error> {
    let reference: Reference = pin.reference.parse().map_err(RegistryError::from)?;
    let damaged = |_| {
        Error::arguments(
            format!("the lock file pins `{}` with a damaged digest", pin.file),
            "restore the lock file from the last commit",
        )
    };
    let manifest: Sha256 = pin.manifest.parse().map_err(damaged)?;
    let source = run(download(&reference.with_digest(manifest), options))?;
    if is_pinned(&source.bytes, pin) {
        return Ok(source.bytes);
    }
    // The lock file contradicts itself: its manifest has another layer.
    let (what, host) = (format!("`{}`", pin.file), reference.host().to_owned());
    let expected = pin.layer.parse().map_err(damaged)?;
    Err(RegistryError::Digest { host, what, expected, found: source.layer }.into())
}

fn is_pinned(bytes: &[u8], pin: &Pin) -> bool {
    Digest::of(bytes) == pin.blake3 && Sha256::of(bytes).to_string() == pin.layer && is_wasm(bytes)
}

/// The lock file of a stranger writes nothing else.
fn is_wasm(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm")
}
