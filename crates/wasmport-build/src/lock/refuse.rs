//! An import that is to be as locked: refused before anything is compiled where it cannot be, and
//! each asset that was compiled to something else.

use super::Lock;
use super::differences::{From, NOT_LOCKED};
use crate::discover::{Discovered, Found};
use crate::error::{AssetError, Stage};
use crate::manifest::Entry;
use crate::report::{AssetReport, Kind, Report};
use crate::run::Run;
use crate::settings::Settings;
use crate::tool::WASM_OPT;
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::wasmtime_version;

impl Lock {
    /// Refuses an asset that was imported to something else.
    ///
    /// # Errors
    ///
    /// Where the lock is binding, with every difference.
    pub fn admit(
        &self,
        found: &Found,
        entry: &Entry,
        settings: &Settings,
    ) -> Result<(), AssetError> {
        if !self.is_binding() {
            return Ok(());
        }
        let differences = self.differences(entry, settings);
        if differences.is_empty() {
            return Ok(());
        }
        Err(self.error(&found.path, "what was compiled", &differences).help(
            "it is compiled from the same with the same: the lock was made by other software, this \
             is other software, or a stage or pass does not give the same each time",
        ))
    }

    fn error(&self, path: &Path, what: &str, differences: &[String]) -> AssetError {
        let message =
            format!("{what} differs from `{}`:\n  {}", self.name(), differences.join("\n  "));
        AssetError::new(path, Stage::Lock, message)
    }

    /// In what an import will differ from what is locked, as far as that is known before.
    fn foreseen(&self, found: &Found, input: Digest, run: &Run<'_>) -> Vec<String> {
        let Some(locked) = self.assets.get(&found.source) else { return vec![NOT_LOCKED.into()] };
        let mut tools = locked.tools.clone();
        // Where it is not there, what needs it says so.
        if let Some(version) = tools.get_mut(WASM_OPT)
            && let Ok(tool) = run.tools.wasm_opt()
        {
            *version = tool.version().into();
        }
        let settings = run.freshness.settings_key(found);
        let from = From { input, settings, wasmtime: wasmtime_version(), tools: &tools };
        let mut differences = locked.differences_of(&from);
        differences.extend(locked.lacks_targets(run.settings));
        differences.extend(locked.unnamed_targets(run.settings));
        differences
    }
}

impl Run<'_> {
    /// Where the lock is binding and this run would differ from it: everything in which it would.
    pub fn refusal(&self, discovered: &Discovered) -> Option<Report> {
        let lock =
            self.lock.as_ref().filter(|lock| lock.is_binding() && !self.settings.reproduce)?;
        let help = |error: AssetError| {
            error.help(
                "import without `--locked`, review what changes in the lock file, and commit it",
            )
        };
        let refuse = |found: &&Found| -> Option<AssetReport> {
            // One that cannot be read is an error of its own.
            let input = self.freshness.source_digest(found).ok()?;
            let differences = lock.foreseen(found, input, self);
            let error = || help(lock.error(&found.path, "it", &differences));
            (!differences.is_empty()).then(|| AssetReport::failed(found, Kind::Module, error()))
        };
        let found: Vec<&Found> = discovered.found.iter().collect();
        let refused = self.each(&found, |found| refuse(&found));
        let gone = lock.missing(self.settings, discovered).into_iter().map(|source| {
            let error =
                AssetError::new(source, Stage::Lock, "it is locked, and not there any more");
            AssetReport::of_failure(&(source.into(), help(error)))
        });
        let mut assets: Vec<AssetReport> = refused.into_iter().flatten().chain(gone).collect();
        assets.sort_by(|a, b| a.source.cmp(&b.source));
        (!assets.is_empty()).then(|| Report { assets, ..Report::default() })
    }
}
