//! `Progress`: an observer of a run, for progress bars.

use crate::report::AssetReport;

/// An observer of a run. Assets that need no work are not reported.
pub trait Progress: Sync {
    /// Is called once, with the number of assets that the run imports.
    fn begin(&self, assets: usize) {
        let _ = assets;
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
