//! `SimulatedImport`: the cache of an import whose computations do no work, to measure the cache alone.

use super::cache::Cache;
use super::computation::Computation;
use super::folder::StoreFolder;
use super::key::Bucket;
use crate::settings::Settings;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;

/// The results that may wait for their upload: an import computes more slowly than it uploads.
const MOST_WAITING: u64 = 1024;

/// The cache of an import, local and remote as the settings say, and results that cost nothing.
pub struct SimulatedImport(Cache);

/// A result of some bytes.
#[derive(Serialize)]
struct Simulated {
    number: u64,
    bytes: usize,
}

impl Computation for Simulated {
    const BUCKET: Bucket = Bucket::Artifact;
    type Context = ();
    type Error = Infallible;

    fn compute(&self, (): &()) -> Result<Vec<u8>, Infallible> {
        let mut bytes = vec![0; self.bytes];
        blake3::Hasher::new().update(&self.number.to_le_bytes()).finalize_xof().fill(&mut bytes);
        Ok(bytes)
    }
}

impl SimulatedImport {
    /// Opens the cache of the settings.
    #[must_use]
    pub fn open(settings: &Settings) -> Self {
        let folder = StoreFolder::open(settings);
        let cache = folder.as_ref().map_or_else(Cache::default, Cache::open);
        Self(cache.with_remote(settings))
    }

    /// Reads the result of this number, or computes and stores it. Returns whether the cache had it.
    #[must_use]
    pub fn result(&self, number: u64, bytes: usize) -> bool {
        let Ok(mut entry) = self.0.get_or_compute(&Simulated { number, bytes }, &());
        entry.store();
        while self.0.waiting() > MOST_WAITING {
            std::thread::sleep(Duration::from_millis(1));
        }
        entry.cached
    }

    /// Waits for uploads, and returns the warnings of the run.
    #[must_use]
    pub fn close(&self) -> Vec<String> {
        self.0.warnings()
    }
}
