//! Writes bundles: the artifacts of an import in one file that a key signs.

mod read;

pub(crate) use read::{is_bundle, unverified_manifest};

use crate::error::{Error, did_you_mean};
use crate::fs;
use crate::importer::Importer;
use crate::names::nearest;
use crate::pipeline::sha256_of;
use crate::project::discover::{AssetFile, discover};
use crate::project::manifest::{ArtifactEntry, Entry, Manifest};
use crate::report::Status;
use crate::signature::{SigningKey, TrustedKeys};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmport::bundle_manifest::{
    BLOBS, BundleManifest, BundledArtifact, BundledAsset, FORMAT, MANIFEST, SIGNATURE,
};
use wasmport::{Digest, OpenedBundle, WasmtimeVersion};

/// The contents of a bundle to be made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BundleOptions {
    /// The names of the assets; all if there are none.
    pub assets: Vec<String>,
    /// A number that only rises: programs refuse bundles older than they want. By default 0, or the highest of those that
    /// are merged.
    pub generation: Option<u64>,
    /// The time after which the bundle counts no more, in seconds since 1970. By default there is none, or the earliest of
    /// those that are merged.
    pub expires: Option<u64>,
}

/// A bundle that was written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bundled {
    /// The number of assets.
    pub assets: usize,
    /// The number of artifacts.
    pub artifacts: usize,
    /// The length of the file in bytes.
    pub bytes: u64,
}

impl Importer {
    /// Writes the artifacts of the last import to a bundle at `path`. The same artifacts, options and key give the same
    /// bytes.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Stale`] if the import is not current, if an asset is not one of the project, or if a file cannot
    /// be read or written.
    pub fn bundle(
        &self,
        path: &Path,
        options: &BundleOptions,
        key: &SigningKey,
    ) -> Result<Bundled, Error> {
        let report = self.run_check()?;
        if report.failures().next().is_some() {
            return Err(Error::Failed(Box::new(report)));
        }
        if report.count(Status::Stale) > 0 {
            return Err(Error::Stale(Box::new(report)));
        }
        let out_dir = &self.settings().out_dir;
        let imported = Manifest::read(out_dir)?;
        let names: Vec<&String> = match options.assets.as_slice() {
            [] => imported.assets.keys().collect(),
            named => named.iter().map(|name| known(name, &imported)).collect::<Result<_, _>>()?,
        };
        let discovered = discover(self.settings())?;
        let files = discovered.assets.iter().chain(&discovered.unselected);
        let files: BTreeMap<String, &AssetFile> = files.map(|file| (file.name(), file)).collect();
        let mut blobs = Blobs::new();
        let mut assets = Vec::new();
        for (name, entry) in &imported.assets {
            if names.contains(&name) && !entry.is_interface {
                let file = files.get(name).filter(|file| !file.is_world());
                let source = file.map(|file| sha256_of(file, entry.source_digest)).transpose()?;
                assets.push(BundledAsset {
                    source_sha256: source,
                    ..bundled(name, entry, &imported)
                });
                for artifact in &entry.artifacts {
                    let path = out_dir.join(&artifact.path);
                    let _ = blobs.insert(artifact.blake3, Box::new(move || fs::read(&path)));
                }
            }
        }
        write(path, assets, &blobs, options, key)
    }
}

/// Writes a bundle at `path` with all that others have, such as those of two versions of Wasmtime. The key that signs it
/// has signed the others.
///
/// # Errors
///
/// Fails if one of the others does not count or has expired, if the generation is below that of one of them, if two of them have the same asset of the same version of Wasmtime
/// differently, or if a file cannot be read or written.
pub fn merge_bundles(
    paths: &[PathBuf],
    path: &Path,
    options: &BundleOptions,
    key: &SigningKey,
) -> Result<Bundled, Error> {
    let refused = |e: String| Error::arguments(e, "merge bundles that the same key has signed");
    let keys = TrustedKeys::new([key.public()]).map_err(|e| refused(e.to_string()))?;
    let (mut blobs, mut assets) = (Blobs::new(), Vec::<BundledAsset>::new());
    let (mut newest, mut earliest) = (0, None::<u64>);
    for from in paths {
        let opened = OpenedBundle::open(from, &keys).map_err(|e| refused(format!("{e:#}")))?;
        check_merged(from, &opened.manifest, options)?;
        newest = opened.manifest.generation.max(newest);
        earliest = earliest.into_iter().chain(opened.manifest.expires).min();
        let opened = Arc::new(opened);
        for asset in &opened.manifest.assets {
            let is_same = |other: &&BundledAsset| {
                (&other.name, &other.wasmtime) == (&asset.name, &asset.wasmtime)
            };
            match assets.iter().find(is_same) {
                Some(other) if other == asset => continue,
                Some(_) => {
                    let (from, name) = (from.display(), &asset.name);
                    return Err(Error::arguments(
                        format!("`{from}` has `{name}` of Wasmtime {} differently", asset.wasmtime),
                        "merge bundles of other versions of Wasmtime, or of other assets",
                    ));
                }
                None => assets.push(asset.clone()),
            }
            for &BundledArtifact { blake3, bytes, .. } in &asset.artifacts {
                let (opened, from) = (Arc::clone(&opened), from.display().to_string());
                let read = move || {
                    let read = opened.blob(blake3, bytes);
                    read.map_err(|e| Error::arguments(format!("`{from}`: {e}"), "write it again"))
                };
                let _ = blobs.insert(blake3, Box::new(read));
            }
        }
    }
    let version = |asset: &BundledAsset| asset.wasmtime.parse::<WasmtimeVersion>().ok();
    assets.sort_by(|one, other| {
        one.name.cmp(&other.name).then_with(|| version(other).cmp(&version(one)))
    });
    let generation = options.generation.or(Some(newest));
    let expires = options.expires.or(earliest);
    let options = BundleOptions { generation, expires, ..options.clone() };
    write(path, assets, &blobs, &options, key)
}

/// Refuses to revive a bundle: one that has expired, or is newer than the merged one would say.
fn check_merged(
    from: &Path,
    merged: &BundleManifest,
    options: &BundleOptions,
) -> Result<(), Error> {
    let (from, newest) = (from.display(), merged.generation);
    if merged.has_expired() {
        let help = "leave it out, or bundle its import again";
        return Err(Error::arguments(format!("`{from}` has expired"), help));
    }
    match options.generation {
        Some(generation) if generation < newest => Err(Error::arguments(
            format!("the generation {generation} is lower than {newest}, that of `{from}`"),
            "generations only rise: name a higher one, or leave `--generation` out",
        )),
        _ => Ok(()),
    }
}

/// Blobs by their digests, each read when it is written.
type Blobs = BTreeMap<Digest, Box<dyn Fn() -> Result<Vec<u8>, Error>>>;

fn write(
    path: &Path,
    assets: Vec<BundledAsset>,
    blobs: &Blobs,
    options: &BundleOptions,
    key: &SigningKey,
) -> Result<Bundled, Error> {
    let artifacts = assets.iter().map(|asset| asset.artifacts.len()).sum();
    let (count, expires) = (assets.len(), options.expires);
    let generation = options.generation.unwrap_or_default();
    let manifest = BundleManifest { format: FORMAT, generation, expires, assets };
    let archive = archive(&manifest, blobs, key)?;
    fs::write_atomically(path, &archive)?;
    Ok(Bundled { assets: count, artifacts, bytes: archive.len() as u64 })
}

/// Returns the name of an asset of the project.
fn known<'m>(name: &str, imported: &'m Manifest) -> Result<&'m String, Error> {
    if let Some((known, _)) = imported.assets.get_key_value(name) {
        return Ok(known);
    }
    let near = nearest(name, imported.assets.keys().map(String::as_str));
    Err(Error::arguments(
        format!("the project has no asset `{name}`"),
        near.map_or_else(|| "import it first".into(), did_you_mean),
    ))
}

fn bundled(name: &str, entry: &Entry, imported: &Manifest) -> BundledAsset {
    let artifact = |artifact: &ArtifactEntry| BundledArtifact {
        target: artifact.target.to_string(),
        bytes: artifact.bytes,
        blake3: artifact.blake3,
        uncompressed: artifact.uncompressed,
    };
    // Neither can fail: strings, numbers and maps with string keys.
    let engine = serde_json::to_value(imported.engine).unwrap_or_default();
    let features = serde_json::to_value(entry.features).unwrap_or_default();
    BundledAsset {
        name: name.to_owned(),
        source: entry.source.clone(),
        source_digest: entry.source_digest,
        source_sha256: None,
        wasmtime: entry.wasmtime.clone(),
        engine,
        features,
        artifacts: entry.artifacts.iter().map(artifact).collect(),
    }
}

/// Returns the archive: manifest, signature, and the blobs in the order of their digests.
fn archive(manifest: &BundleManifest, blobs: &Blobs, key: &SigningKey) -> Result<Vec<u8>, Error> {
    // Cannot fail, as above.
    let manifest = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    let signature = key.sign(&manifest).map_err(|e| Error::arguments(e.to_string(), e.help()))?;
    let mut archive = tar::Builder::new(Vec::new());
    // Memory has room for what was in files, and names are short.
    let written = |result: io::Result<()>| {
        result
            .map_err(|e| Error::Internal { message: format!("the bundle cannot be written: {e}") })
    };
    written(append(&mut archive, MANIFEST, &manifest))?;
    written(append(&mut archive, SIGNATURE, signature.as_bytes()))?;
    for (digest, read) in blobs {
        let bytes = read()?;
        if Digest::of(&bytes) != *digest {
            return Err(Error::arguments(
                format!("the artifact {digest} is not that of the import"),
                "import again",
            ));
        }
        written(append(&mut archive, &format!("{BLOBS}{digest}"), &bytes))?;
    }
    let mut bytes = Vec::new();
    written(archive.into_inner().map(|archive| bytes = archive))?;
    Ok(bytes)
}

/// Appends an entry that says nothing of this machine.
fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, name, bytes)
}
