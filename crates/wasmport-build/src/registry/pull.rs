//! Pulling: the bundle that counts, or the source itself.

use super::run;
use super::source::download;
use crate::error::Error;
use crate::fs;
use crate::settings::Settings;
use crate::signature::{KeyId, TrustedKeys};
use std::path::Path;
use wasmport::engine::wasmtime_version;
use wasmport::find_bundle;
use wasmport::registry::{Reference, RegistryOptions, Sha256};

/// Options of pulls.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PullOptions {
    /// The public keys that count; by default those of `cache.remote.trusted-keys`.
    pub trusted_keys: Vec<String>,
    /// The lowest generation that counts.
    pub minimum_generation: u64,
    /// The major version of Wasmtime whose artifacts it has; by default that of this importer.
    pub wasmtime: Option<u32>,
    /// The options of requests to the registry.
    pub registry: RegistryOptions,
}

/// The result of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulled {
    /// The digest of the manifest that the reference names.
    pub subject: Sha256,
    /// The digest of the manifest of what was pulled.
    pub manifest: Sha256,
    /// The digest of the file.
    pub layer: Sha256,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// The generation of a bundle, and the key that signed it.
    pub signed: Option<(u64, KeyId)>,
}

/// Writes the bundle with the highest generation that refers to what the reference names, counts for trusted keys, and has
/// artifacts of a version of Wasmtime. All its artifacts are verified.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if no key is trusted or one is malformed, with [`Error::Registry`] if no bundle counts or
/// the registry fails, and with [`Error::File`] if the file cannot be written.
pub fn pull_bundle(
    settings: &Settings,
    reference: &Reference,
    path: &Path,
    options: &PullOptions,
) -> Result<Pulled, Error> {
    let keys = trusted_keys(settings, options)?;
    let own = wasmtime_version().split('.').next().unwrap_or_default();
    let major = options.wasmtime.map_or_else(|| own.to_owned(), |major| major.to_string());
    let found = run(find_bundle(reference, &keys, &options.registry, &major))?;
    let opened = found.opened;
    for artifact in opened.manifest.assets.iter().flat_map(|asset| &asset.artifacts) {
        let read = opened.blob(artifact.blake3, artifact.bytes);
        let _ = read.map_err(|error| {
            let message = format!("`{reference}`: the bundle is damaged: {error}");
            Error::arguments(message, "ask its producer to push it again")
        })?;
    }
    let signed = (opened.manifest.generation, opened.producer);
    let lost = || Error::Internal { message: "the bundle is not in memory any more".into() };
    let bytes = opened.into_bytes().ok_or_else(lost)?;
    fs::write_atomically(path, &bytes)?;
    let (subject, manifest, layer) = (found.subject, found.manifest, found.layer);
    Ok(Pulled { subject, manifest, layer, bytes: bytes.len() as u64, signed: Some(signed) })
}

/// Writes the module or component that the reference names.
///
/// # Errors
///
/// Fails with [`Error::Registry`] if the registry fails, and with [`Error::File`] if the file cannot be written.
pub fn pull_source(
    reference: &Reference,
    path: &Path,
    options: &RegistryOptions,
) -> Result<Pulled, Error> {
    let source = run(download(reference, options))?;
    fs::write_atomically(path, &source.bytes)?;
    Ok(Pulled {
        subject: source.manifest,
        manifest: source.manifest,
        layer: source.layer,
        bytes: source.bytes.len() as u64,
        signed: None,
    })
}

/// Returns the keys that count, without those that the settings revoke.
fn trusted_keys(settings: &Settings, options: &PullOptions) -> Result<TrustedKeys, Error> {
    let help = "`cargo wasmport key show` prints the public key of a secret one";
    let refused = |error: &dyn std::fmt::Display| Error::arguments(error.to_string(), help);
    let remote = &settings.cache.remote;
    let of_settings = || remote.trusted_keys.iter().flatten().cloned().collect();
    let named: Vec<String> = match options.trusted_keys.as_slice() {
        [] => of_settings(),
        named => named.to_vec(),
    };
    let keys = TrustedKeys::new(named).map_err(|e| refused(&e))?;
    if keys.is_empty() {
        let help = "name the public key of the producer with `--trusted-key`, or in `cache.remote.trusted-keys`";
        return Err(Error::arguments("no key is trusted", help));
    }
    let keys = keys.revoke(remote.revoked_keys.iter().flatten()).map_err(|e| refused(&e))?;
    Ok(keys.minimum_generation(options.minimum_generation))
}
