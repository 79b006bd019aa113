//! Compress: artifacts as zstd frames, which programs decompress when they load them.

use crate::asset::{AssetError, Stage};
use crate::error::PatternError;
use crate::pipeline::compile::Compiled;
use crate::pipeline::context::AssetContext;
use crate::project::manifest::{ArtifactEntry, artifact_path};
use crate::report::StageReport;
use crate::settings::{AssetSettings, Patterns};
use crate::store::{Bucket, Bytes, CacheEntry, Computation};
use serde::Serialize;
use std::time::Instant;
use wasmport::Digest;
use wasmport::engine::Target;

/// An artifact in its stored form.
#[derive(Debug)]
pub(crate) struct Stored {
    pub target: Target,
    pub bytes: Vec<u8>,
    pub digest: Digest,
    /// The length after decompression in bytes, if the artifact is compressed.
    pub uncompressed: Option<u64>,
}

impl Stored {
    /// Names the artifact of the asset `name`, and describes it for the manifest and the wrapper.
    pub fn entry(&self, name: &str) -> ArtifactEntry {
        let Self { target, bytes, digest, uncompressed } = self;
        ArtifactEntry {
            target: target.clone(),
            path: artifact_path(name, target, uncompressed.is_some()),
            bytes: bytes.len() as u64,
            blake3: *digest,
            uncompressed: *uncompressed,
        }
    }
}

/// Everything that decides the compressed bytes.
#[derive(Serialize)]
struct Compression<'a> {
    artifact: Bytes<'a>,
    level: i32,
    zstd: u32,
}

impl Computation for Compression<'_> {
    const BUCKET: Bucket = Bucket::Compressed;
    type Context = ();
    type Error = std::io::Error;

    fn compute(&self, (): &()) -> std::io::Result<Vec<u8>> {
        zstd::bulk::compress(self.artifact.0, self.level)
    }
}

/// Compresses an artifact at the level that the settings name for its target, unless that makes it
/// larger. Returns a report if the settings name a level.
///
/// # Errors
///
/// Fails if a pattern is malformed, or zstd refuses the level.
pub(crate) fn compress(
    compiled: Compiled<'_>,
    asset: &AssetContext<'_>,
) -> Result<(Stored, Option<StageReport>), AssetError> {
    let Compiled { target, artifact: CacheEntry { bytes, digest, .. } } = compiled;
    let level = level(asset.settings(), &target);
    let level = level.map_err(|e| asset.error(Stage::Compress, e.to_string()))?;
    if level == 0 {
        return Ok((Stored { target, bytes, digest, uncompressed: None }, None));
    }
    let start = Instant::now();
    let zstd = zstd::zstd_safe::version_number();
    let compression = Compression { artifact: Bytes(&bytes), level, zstd };
    let packed = asset.cache().get_or_compute(&compression, &());
    let mut packed = packed.map_err(|e| asset.error(Stage::Compress, e.to_string()))?;
    packed.store();
    let CacheEntry { bytes: packed, digest: packed_digest, cached, .. } = packed;
    let report = StageReport::new(Stage::Compress, bytes.len(), packed.len(), start.elapsed());
    let report = StageReport { target: Some(target.clone()), cached, ..report };
    if packed.len() >= bytes.len() {
        let skipped = Some("it would be larger".into());
        let report = StageReport { skipped, after: bytes.len() as u64, ..report };
        return Ok((Stored { target, bytes, digest, uncompressed: None }, Some(report)));
    }
    let uncompressed = Some(bytes.len() as u64);
    Ok((Stored { target, digest: packed_digest, bytes: packed, uncompressed }, Some(report)))
}

/// Returns the level of the longest pattern that matches the target, or 0.
fn level(settings: &AssetSettings, target: &Target) -> Result<i32, PatternError> {
    let name = target.to_string();
    let mut best: Option<(&str, i32)> = None;
    for (pattern, level) in settings.compress.iter().flatten() {
        let matches = Patterns::one(pattern)?.matches(&name, false);
        if matches && best.is_none_or(|(longest, _)| pattern.len() > longest.len()) {
            best = Some((pattern, *level));
        }
    }
    Ok(best.map_or(0, |(_, level)| level))
}
