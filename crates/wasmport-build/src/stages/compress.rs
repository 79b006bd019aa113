//! Compress: artifacts as zstd frames, which programs decompress when they load them.

use super::Log;
use crate::compile::Compiled;
use crate::error::{AssetError, Stage};
use crate::report::StageReport;
use crate::settings::{AssetSettings, Patterns};
use crate::store::{Bytes, Cache, Computation, Kind, Obtained};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;
use wasmport::Digest;
use wasmport::engine::Target;

/// An artifact as it is stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub target: Target,
    pub bytes: Vec<u8>,
    pub digest: Digest,
    /// The length after decompression, where it is compressed.
    pub uncompressed: Option<u64>,
}

/// What compressing is decided by, and nothing else.
#[derive(Serialize)]
struct Compression<'a> {
    artifact: Bytes<'a>,
    level: i32,
    zstd: u32,
}

impl Computation for Compression<'_> {
    const KIND: Kind = Kind::Compressed;
    type Help = ();
    type Error = String;

    fn compute(&self, (): &()) -> Result<Vec<u8>, String> {
        zstd::bulk::compress(self.artifact.0, self.level).map_err(|e| e.to_string())
    }
}

/// Compresses an artifact as the settings say for its target, unless that makes it larger.
///
/// # Errors
///
/// Where a pattern is none, or zstd refuses the level.
pub(crate) fn compress(
    path: &Path,
    compiled: Compiled<'_>,
    settings: &AssetSettings,
    cache: &Cache,
    log: &mut Log,
) -> Result<Stored, AssetError> {
    let error = |message: String| AssetError::new(path, Stage::Compress, message);
    let Compiled { target, artifact: Obtained { bytes, digest, .. } } = compiled;
    let level = level(settings, &target).map_err(error)?;
    if level == 0 {
        return Ok(Stored { target, bytes, digest, uncompressed: None });
    }
    let start = Instant::now();
    let zstd = zstd::zstd_safe::version_number();
    let compression = Compression { artifact: Bytes(&bytes), level, zstd };
    let packed = cache.get_or_compute(&compression, &());
    let mut packed = packed.map_err(error)?;
    packed.keep();
    let Obtained { bytes: packed, digest: packed_digest, found: cached, .. } = packed;
    let report = StageReport::new(Stage::Compress, bytes.len(), packed.len(), start.elapsed());
    let report = StageReport { target: Some(target.clone()), cached, ..report };
    if packed.len() >= bytes.len() {
        let skipped = Some("it would be larger".into());
        log.stages.push(StageReport { skipped, after: bytes.len() as u64, ..report });
        return Ok(Stored { target, bytes, digest, uncompressed: None });
    }
    log.stages.push(report);
    let uncompressed = Some(bytes.len() as u64);
    Ok(Stored { target, digest: packed_digest, bytes: packed, uncompressed })
}

/// The level for `target`: that of the longest pattern that matches.
fn level(settings: &AssetSettings, target: &Target) -> Result<i32, String> {
    let name = target.to_string();
    let mut best: Option<(&str, i32)> = None;
    for (pattern, level) in settings.compress.iter().flatten() {
        let matches = Patterns::new(Some(&vec![pattern.clone()]))?.matches(&name, false);
        if matches && best.is_none_or(|(longest, _)| pattern.len() > longest.len()) {
            best = Some((pattern, *level));
        }
    }
    Ok(best.map_or(0, |(_, level)| level))
}
