//! Changes that are found by looking: where the system does not tell of them.
//!
//! Not with `notify`'s poller: it compares whole seconds, and misses what is older than what it
//! replaces.

use super::LONGEST;
use super::inputs::{Change, Inputs};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// How often files are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// When a file was changed, and its size.
type Stamp = Option<(SystemTime, u64)>;

/// Files as they were when they were looked at.
#[derive(Default)]
pub(super) struct Polling(BTreeMap<PathBuf, Stamp>);

impl Polling {
    /// Looks at all files, until they do not change for a while.
    pub fn look(&mut self, inputs: &Inputs, pause: Duration) {
        let start = Instant::now();
        loop {
            let former = std::mem::replace(&mut self.0, stamps(inputs));
            if self.0 == former || start.elapsed() > LONGEST {
                return;
            }
            sleep(pause);
        }
    }

    /// Waits until it is time to look again, and looks.
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

/// Folders have none: what comes and goes in them is seen anyway.
fn stamp(path: &Path) -> Stamp {
    let metadata = path.metadata().ok().filter(|metadata| metadata.is_file())?;
    Some((metadata.modified().ok()?, metadata.len()))
}
