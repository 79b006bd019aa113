//! Changes found by polling file times and sizes.
//!
//! `notify`'s own poller compares whole seconds, and misses a replacement with an older file.

use super::inputs::{Change, Inputs, MAX_WAIT};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// The polling interval.
const INTERVAL: Duration = Duration::from_secs(1);

/// The time of the last write of a file, and its size.
type Stamp = Option<(SystemTime, u64)>;

/// The stamps of all inputs at the last import.
#[derive(Default)]
pub(super) struct Polling(BTreeMap<PathBuf, Stamp>);

impl Polling {
    /// Records the stamps of all inputs, after a pause without changes.
    pub fn record(&mut self, inputs: &Inputs, pause: Duration) {
        let start = Instant::now();
        loop {
            let previous = std::mem::replace(&mut self.0, stamps(inputs));
            if self.0 == previous || start.elapsed() > MAX_WAIT {
                return;
            }
            sleep(pause);
        }
    }

    /// Waits for the polling interval, and compares all stamps.
    pub fn wait(&self, inputs: &Inputs) -> Change {
        sleep(INTERVAL);
        let is_different = |(path, now): &(PathBuf, Stamp)| self.0.get(path) != Some(now);
        let now = stamps(inputs).into_iter();
        Change::At(now.filter(is_different).map(|(path, _)| path).collect::<BTreeSet<_>>())
    }
}

fn stamps(inputs: &Inputs) -> BTreeMap<PathBuf, Stamp> {
    inputs.paths.iter().map(|path| (path.clone(), stamp(path))).collect()
}

/// Reads the stamp of a file. Folders have none: their files are inputs themselves.
fn stamp(path: &Path) -> Stamp {
    let metadata = path.metadata().ok().filter(|metadata| metadata.is_file())?;
    Some((metadata.modified().ok()?, metadata.len()))
}
