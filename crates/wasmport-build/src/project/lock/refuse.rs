//! Imports with a binding lock file: refused before anything is compiled if the inputs differ, and per
//! asset if the result differs.

use super::Lock;
use super::differences::{Inputs, NOT_LOCKED};
use crate::asset::{AssetError, Kind, Stage};
use crate::project::discover::{AssetFile, Discovered};
use crate::project::freshness::Freshness;
use crate::project::manifest::Entry;
use crate::report::{AssetReport, Report};
use crate::settings::Settings;
use crate::tool::{ToolBox, WASM_OPT};
use rayon::prelude::*;
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::wasmtime_version;

impl Lock {
    /// Compares an imported asset with the lock file.
    ///
    /// # Errors
    ///
    /// Fails with all differences if the lock file is binding.
    pub fn check_entry(
        &self,
        file: &AssetFile,
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
        Err(self.error(&file.path, "the result", &differences).help(
            "inputs and tool versions match the lock file, but the output differs: this wasmport build \
             is different, or a pass is not deterministic",
        ))
    }

    fn error(&self, path: &Path, what: &str, differences: &[String]) -> AssetError {
        let message =
            format!("{what} differs from `{}`:\n  {}", self.name(), differences.join("\n  "));
        AssetError::new(path, Stage::Lock, message)
    }

    /// Compares the inputs of an import with the lock file, before anything is compiled.
    fn input_differences(
        &self,
        file: &AssetFile,
        input: Digest,
        run: &LockedRun<'_>,
    ) -> Vec<String> {
        let Some(locked) = self.content.assets.get(&file.source) else {
            return vec![NOT_LOCKED.into()];
        };
        let mut tools = locked.tools.clone();
        // The stage that needs a missing program reports it.
        if let Some(version) = tools.get_mut(WASM_OPT)
            && let Ok(tool) = run.tools.wasm_opt()
        {
            *version = tool.version().into();
        }
        let development = run.settings.is_development;
        let settings = if development { locked.settings } else { run.freshness.settings_key(file) };
        let inputs = Inputs { input, settings, wasmtime: wasmtime_version(), tools: &tools };
        let mut differences = locked.differences_of(&inputs);
        if locked.settings != settings {
            differences.extend(self.difference_of_engine(run.settings));
        }
        differences.extend(locked.lacks_targets(run.settings));
        differences.extend(locked.unnamed_targets(run.settings));
        differences
    }
}

/// The parts of a run that are compared with the lock file.
pub(crate) struct LockedRun<'a> {
    pub settings: &'a Settings,
    pub freshness: &'a Freshness<'a>,
    pub tools: &'a ToolBox,
}

impl LockedRun<'_> {
    /// Reports all differences between the run's inputs and a binding lock file, or `None` if there are
    /// none.
    pub fn refusal(&self, lock: &Lock, discovered: &Discovered) -> Option<Report> {
        let help = |error: AssetError| {
            error.help(
                "import without `--locked`, review the changes of the lock file, and commit it",
            )
        };
        let refuse = |file: &AssetFile| -> Option<AssetReport> {
            // An unreadable source is an error of its own.
            let input = self.freshness.source_digest(file).ok()?;
            let differences = lock.input_differences(file, input, self);
            let error = || help(lock.error(&file.path, "the asset", &differences));
            (!differences.is_empty()).then(|| file.failed(Kind::Module, error()))
        };
        let removed = lock.missing(self.settings, discovered).into_iter().map(|source| {
            let error = AssetError::new(source, Stage::Lock, "the asset is locked but missing");
            AssetReport::of_failure(&(source.into(), help(error)))
        });
        let mut assets: Vec<AssetReport> =
            discovered.assets.par_iter().filter_map(refuse).collect();
        assets.extend(removed);
        assets.sort_by(|a, b| a.source.cmp(&b.source));
        (!assets.is_empty()).then(|| Report { assets, ..Report::default() })
    }
}
