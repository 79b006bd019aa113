//! Remote: the settings of the store that machines share. Nothing is sent.

use super::finding::{Check, Finding, Level};
use crate::settings::Settings;

const CHECK: Check = Check("remote");

#[cfg(feature = "remote")]
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    use crate::store::RemoteOptions;
    match RemoteOptions::new(settings) {
        Ok(None) => Vec::new(),
        Ok(Some(_)) => {
            vec![CHECK.ok("the remote store", "its settings are valid; it was not asked")]
        }
        Err(error) => vec![CHECK.failed_as(Level::Warning, "the remote store", error)],
    }
}

#[cfg(not(feature = "remote"))]
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let is_named = settings.cache.remote.url.is_some();
    let finding = is_named.then(|| {
        let cause = "this build of the command has no remote store";
        CHECK.find(Level::Note, "the remote store", cause, "cargo install cargo-wasmport")
    });
    finding.into_iter().collect()
}
