//! `Progress`: an observer of a run, for progress bars.

use crate::report::AssetReport;

/// An observer of a run. Assets that need no work are not reported.
pub trait Progress: Sync {
    /// Is called once, with the number of assets that the run imports.
    fn begin(&self, assets: usize) {
        let _ = assets;
    }

    /// Is called before each asset is imported, with its source and the length of its file in bytes. An asset whose
    /// helper process ended early begins again.
    fn start(&self, source: &str, bytes: u64) {
        let _ = (source, bytes);
    }

    /// Is called once, with the length in bytes of the files of all assets that the run imports.
    fn total(&self, bytes: u64) {
        let _ = bytes;
    }

    /// Is called with news about the run as a whole, such as that it waits for another import.
    fn note(&self, message: &str) {
        let _ = message;
    }

    /// Is called after each imported asset.
    fn done(&self, asset: &AssetReport) {
        let _ = asset;
    }
}

/// An observer that ignores everything.
impl Progress for () {}
