//! Lock files, manifests and bundles: files that describe artifacts.

use super::code::Code;
use super::error::AuditError;
use crate::bundle::unverified_manifest;
use crate::fs::{self, File};
use crate::project::lock;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::Path;
use wasmport::Digest;

/// Length in bytes up to which such a file is read.
const LARGEST: u64 = 256 << 20;

/// The target of artifacts that no Wasmtime has compiled yet.
const SOURCE: &str = "source";

/// Reads a lock file.
pub(super) fn of_lock(path: &Path) -> Result<Vec<Code>, AuditError> {
    let text = String::from_utf8(read(path)?);
    let text = text.map_err(|e| damaged(path, e.to_string()))?.replace("\r\n", "\n");
    let artifacts = lock::artifacts(path, &text)?;
    let code = artifacts.into_iter().map(|artifact| {
        let lock::LockedArtifact { source, target, wasmtime, digest } = artifact;
        Code { name: Some(source), target: Some(target), wasmtime, digest }
    });
    Ok(code.filter(is_compiled).collect())
}

/// The part of a manifest that any format has.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "format")]
    _format: u32,
    #[serde(rename = "assets")]
    _assets: BTreeMap<String, IgnoredAny>,
}

/// The part of a manifest that an audit needs.
#[derive(Deserialize)]
struct Manifest {
    assets: BTreeMap<String, Asset>,
}

#[derive(Deserialize)]
struct Asset {
    wasmtime: String,
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    target: String,
    blake3: Digest,
}

/// Reads a manifest; none if the file is other JSON.
pub(super) fn of_manifest(path: &Path) -> Result<Option<Vec<Code>>, AuditError> {
    let bytes = read(path)?;
    let broken =
        |error: serde_json::Error| damaged(path, format!("the manifest is broken: {error}"));
    match serde_json::from_slice::<Header>(&bytes) {
        Err(error) if error.is_data() => return Ok(None),
        header => header.map_err(broken)?,
    };
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(broken)?;
    let code = manifest.assets.into_iter().flat_map(|(name, asset)| {
        let Asset { wasmtime, artifacts } = asset;
        artifacts.into_iter().map(move |Artifact { target, blake3 }| Code {
            name: Some(name.clone()),
            target: Some(target),
            wasmtime: wasmtime.clone(),
            digest: blake3,
        })
    });
    Ok(Some(code.filter(is_compiled).collect()))
}

/// Reads the manifest of a bundle. Its signature is not verified: an audit has no keys.
pub(super) fn of_bundle(path: &Path, file: &File) -> Result<Vec<Code>, AuditError> {
    let manifest = unverified_manifest(file).map_err(|e| damaged(path, e.to_string()))?;
    let code = manifest.assets.into_iter().flat_map(|asset| {
        let (name, wasmtime) = (asset.name, asset.wasmtime);
        asset.artifacts.into_iter().map(move |artifact| Code {
            name: Some(name.clone()),
            target: Some(artifact.target),
            wasmtime: wasmtime.clone(),
            digest: artifact.blake3,
        })
    });
    Ok(code.filter(is_compiled).collect())
}

fn is_compiled(code: &Code) -> bool {
    code.target.as_deref() != Some(SOURCE)
}

fn read(path: &Path) -> Result<Vec<u8>, AuditError> {
    let bytes = fs::read_at_most(path, LARGEST + 1)?;
    if bytes.len() as u64 > LARGEST {
        return Err(damaged(path, format!("it has more than {} MiB", LARGEST >> 20)));
    }
    Ok(bytes)
}

fn damaged(path: &Path, message: String) -> AuditError {
    AuditError::Damaged {
        path: path.into(),
        message,
        help: "restore it, or import or bundle again",
    }
}
