//! `ImportContext` and `AssetContext`: the surroundings of the stages.

use crate::asset::{AssetError, Kind, Stage};
use crate::pipeline::emit::Emitter;
use crate::pipeline::inputs::StageInputs;
use crate::project::discover::AssetFile;
use crate::project::manifest::Entry;
use crate::report::StageReport;
use crate::settings::{AssetSettings, ImportLimits, Policy, Settings};
use crate::store::{Cache, Functions};
use crate::tool::{ToolBox, WASM_OPT};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use wasmport::Digest;
use wasmport::engine::Target;

/// The state that all assets of a run share.
pub(crate) struct ImportContext<'a> {
    pub settings: &'a Settings,
    pub tools: &'a ToolBox,
    pub cache: Cache,
    /// Compiled functions that modules of the run share, if that pays.
    pub functions: Option<Arc<Functions>>,
}

/// The surroundings of one asset's stages. Each stage is a function `stage(module, &context)`.
pub(crate) struct AssetContext<'a> {
    pub import: &'a ImportContext<'a>,
    pub file: &'a AssetFile,
    /// The digest of everything but the source that the outputs depend on.
    pub settings_key: Digest,
    /// The parts of it by name, for the manifest.
    pub deciding: BTreeMap<String, String>,
    /// The manifest's entry from an earlier import.
    pub previous: Option<&'a Entry>,
    /// The targets to compile for, if this run compiles a part alone.
    part: Option<&'a [Target]>,
    /// The files and components that stages need besides the module.
    pub inputs: StageInputs,
    emitter: Option<Emitter>,
    log: Mutex<StageLog>,
}

/// The kind of the asset, and the reports and warnings of its stages.
#[derive(Debug, Default)]
pub(crate) struct StageLog {
    pub kind: Kind,
    pub stages: Vec<StageReport>,
    pub warnings: Vec<String>,
    /// The targets without an artifact, if the run does not compile.
    pub missing: Vec<Target>,
}

impl<'a> AssetContext<'a> {
    /// Creates the context of one asset, and reads the inputs of its stages.
    pub fn new(
        import: &'a ImportContext<'a>,
        file: &'a AssetFile,
        settings_key: Digest,
        deciding: BTreeMap<String, String>,
        previous: Option<&'a Entry>,
    ) -> Self {
        Self {
            import,
            file,
            settings_key,
            deciding,
            previous,
            part: None,
            inputs: StageInputs::read(file, import.settings),
            emitter: import.settings.emit_stages.as_deref().map(|dir| Emitter::new(dir, file)),
            log: Mutex::default(),
        }
    }

    /// Compiles for these targets alone, and generates nothing.
    pub fn with_part(self, part: Option<&'a [Target]>) -> Self {
        Self { part, ..self }
    }

    /// Returns whether this run compiles a part alone.
    pub fn is_part(&self) -> bool {
        self.part.is_some()
    }

    /// Returns the targets to compile for.
    pub fn targets(&self) -> &[Target] {
        self.part.or(self.project().targets.as_deref()).unwrap_or_default()
    }

    /// Returns whether artifacts come from the cache alone.
    pub fn compiles_nothing(&self) -> bool {
        self.project().merge.as_ref().is_some_and(|merge| !merge.compiles_missing())
    }

    /// Returns the context of the file that describes a version.
    pub fn of_version<'b>(&'b self, file: &'b AssetFile) -> AssetContext<'b> {
        let deciding = self.deciding.clone();
        AssetContext::new(self.import, file, self.settings_key, deciding, None)
    }

    /// Takes over the log of another context.
    pub fn absorb(&self, other: AssetContext<'_>) {
        let StageLog { kind, stages, warnings, .. } = other.into_log();
        self.set_kind(kind);
        self.log().stages.extend(stages);
        warnings.into_iter().for_each(|warning| self.warn(warning));
    }

    /// Returns the settings of the asset.
    pub fn settings(&self) -> &AssetSettings {
        &self.file.settings
    }

    /// Returns the settings of the project.
    pub fn project(&self) -> &Settings {
        self.import.settings
    }

    /// Returns the bounds on the asset.
    pub fn limits(&self) -> &ImportLimits {
        &self.file.settings.limits
    }

    /// Returns the cache of the run.
    pub fn cache(&self) -> &Cache {
        &self.import.cache
    }

    /// Returns the path of the source file.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Creates the error of a stage.
    pub fn error(&self, stage: Stage, message: impl Into<String>) -> AssetError {
        AssetError::new(self.path(), stage, message)
    }

    /// Records the kind of the asset.
    pub fn set_kind(&self, kind: Kind) {
        self.log().kind = kind;
    }

    /// Records the report of a stage.
    pub fn report(&self, report: StageReport) {
        self.log().stages.push(report);
    }

    /// Records that there is no artifact for a target.
    pub fn miss(&self, target: &Target) {
        self.log().missing.push(target.clone());
    }

    /// Records a warning, once: targets that are compiled in parallel may have the same.
    pub fn warn(&self, warning: impl Into<String>) {
        let (mut log, warning) = (self.log(), warning.into());
        if !log.warnings.contains(&warning) {
            log.warnings.push(warning);
        }
    }

    /// Runs a stage that every asset goes through, and reports it.
    ///
    /// # Errors
    ///
    /// Fails with the error of the stage.
    pub fn timed<T>(
        &self,
        stage: Stage,
        before: usize,
        work: impl FnOnce() -> Result<T, AssetError>,
        after: impl FnOnce(&T) -> usize,
    ) -> Result<T, AssetError> {
        let start = Instant::now();
        let result = work()?;
        self.report(StageReport::new(stage, before, after(&result), start.elapsed()));
        Ok(result)
    }

    /// Treats a failure as `policy` says: as an error, as a warning, or as nothing.
    ///
    /// # Errors
    ///
    /// Fails with `error` if the policy is [`Policy::Fail`].
    pub fn tolerate(&self, policy: Policy, error: AssetError) -> Result<(), AssetError> {
        match policy {
            Policy::Fail => return Err(error),
            Policy::Warn => self.warn(error.without_path()),
            Policy::Skip => {}
        }
        Ok(())
    }

    /// Writes the module after a stage as text, if the settings ask for it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn emit(&self, stage: Stage, wasm: &[u8]) -> Result<(), AssetError> {
        let emitted = self.emitter.as_ref().map(|emitter| emitter.emit(stage, wasm));
        emitted.unwrap_or(Ok(())).map_err(|e| self.error(stage, e.to_string()))
    }

    /// Returns the programs that stages ran, with their versions.
    pub fn tools(&self) -> BTreeMap<String, String> {
        let log = self.log();
        // A pass of the project's own may have any name.
        let stages = log.stages.iter().filter(|report| report.stage != Stage::Transform);
        let by = stages.filter_map(|report| report.by.as_deref());
        let tools = by.filter_map(|by| by.split_once(' ').filter(|(name, _)| *name == WASM_OPT));
        tools.map(|(name, version)| (name.into(), version.into())).collect()
    }

    /// Returns the log, after the last stage.
    pub fn into_log(self) -> StageLog {
        self.log.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the log. Stages of several targets run in parallel.
    pub fn log(&self) -> MutexGuard<'_, StageLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
