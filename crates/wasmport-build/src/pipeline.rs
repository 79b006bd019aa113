//! The pipeline: every stage between one file and its outputs.
//!
//! ```text
//! read → translate → validate → preinit → compose → transform → optimize → world → strip
//!      → canonicalize → compile and compress per target → codegen → files → write
//! ```

use crate::compile::{Attempt, Workshop, catch_panic, compile};
use crate::component;
use crate::discover::Found;
use crate::error::{AssetError, Stage};
use crate::interface::Interface;
use crate::manifest::Entry;
use crate::pack::{Packed, pack};
use crate::read::Source;
use crate::report::{Kind, StageReport};
use crate::run::Run;
use crate::stages::{self, Log, Stored, compress};
use crate::store::Obtained;
use crate::validate::{ValidWasm, validate};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use wasmport::engine::Target;

/// What became of one asset: what a helper tells of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    pub kind: Kind,
    pub result: Result<Entry, AssetError>,
    pub stages: Vec<StageReport>,
    pub warnings: Vec<String>,
}

impl Done {
    /// An asset that failed before it was known what it is.
    pub fn failed(error: AssetError) -> Self {
        Self { kind: Kind::Module, result: Err(error), stages: Vec::new(), warnings: Vec::new() }
    }
}

impl Run<'_> {
    /// One asset, from its file to its outputs.
    pub fn import(&self, found: &Found, workshop: &Workshop) -> Done {
        let mut kind = Kind::Module;
        let mut log = Log::default();
        let result = catch_panic(|| self.stages(found, workshop, &mut kind, &mut log));
        let result = result.unwrap_or_else(|panic| {
            Err(AssetError::new(&found.path, Stage::Validate, format!("panicked: {panic}"))
                .help("report it to wasmport with the file"))
        });
        let Log { stages, warnings } = log;
        Done { kind, result, stages, warnings }
    }

    /// Every stage between a file and its outputs, in order. Between reading and writing none does
    /// I/O, but for the programs and folders that the settings name; `pack` calls code generation.
    fn stages(
        &self,
        found: &Found,
        workshop: &Workshop,
        kind: &mut Kind,
        log: &mut Log,
    ) -> Result<Entry, AssetError> {
        let (project, settings) = (self.settings, &found.settings);
        let (tools, cache) = (&self.tools, &workshop.cache);
        let source = Source::read(found)?;
        let keys = self.freshness.keys(found, source.digest);
        let wasm = log.timed(Stage::Read, source.bytes.len(), || source.into_wasm())?;
        *kind = Kind::of(&wasm.wasm);
        let wasm = stages::translate(wasm, settings, project.features, tools, cache, log)?;
        let module = log.timed(Stage::Validate, wasm.wasm.len(), || {
            validate(wasm, project.features, &settings.limits)
        })?;
        // What is composed has components inside, of which Wizer takes none.
        let module = stages::preinit(module, settings, &project.folder, cache, log)?;
        let module = stages::compose(module, settings, project, log)?;
        let module = stages::transform(module, &found.source, settings, project, log)?;
        let module = stages::optimize(module, settings, tools, cache, log)?;
        // Before their names go.
        let interface = Interface::of(&module)?;
        let interface = stages::world(&module, interface, settings, &project.folder, log)?;
        let module = stages::strip(module, settings, log)?;
        let module = stages::canonicalize(module, &project.engine, settings, log)?;
        if module.is_component() {
            log.warnings.extend(component::irreproducible(module.wasm()));
        }
        let artifacts = self.artifacts(&module, found, workshop, log)?;
        let Packed { entry, files } =
            pack(project, found, keys, &module, artifacts, interface, log)?;
        let former = self.freshness.whole().ok().and_then(|whole| whole.assets.get(&found.name()));
        log.warnings.extend(former.and_then(|former| moved_methods(former, &entry)));
        if project.reproduce {
            return Ok(entry);
        }
        self.lock.iter().try_for_each(|lock| lock.admit(found, &entry, project))?;
        let written = files.write(&project.out_dir, |path| self.freshness.previous().owns(path));
        written.map_err(|e| AssetError::new(&found.path, Stage::Write, e.to_string()))?;
        Ok(entry)
    }

    /// Compiles and compresses for each target; those that cannot run the module are left out where
    /// the settings allow it.
    fn artifacts(
        &self,
        module: &ValidWasm,
        found: &Found,
        workshop: &Workshop,
        log: &mut Log,
    ) -> Result<Vec<Stored>, AssetError> {
        let one = |target: &Target| -> Result<(Option<Stored>, Log), AssetError> {
            let mut log = Log::default();
            let before = module.wasm().len();
            let start = Instant::now();
            let compiled = match compile(module, &self.settings.engine, target, workshop)? {
                Attempt::Compiled(compiled) => compiled,
                Attempt::Unsupported(error) => {
                    let skipped = Some(error.message.clone());
                    log.judge(found.settings.unsupported.unwrap_or_default(), error)?;
                    let report = StageReport::new(Stage::Compile, before, 0, Duration::ZERO);
                    log.stages.push(StageReport {
                        skipped,
                        target: Some(target.clone()),
                        ..report
                    });
                    return Ok((None, log));
                }
            };
            let Obtained { bytes, found: cached, .. } = &compiled.artifact;
            let report = StageReport::new(Stage::Compile, before, bytes.len(), start.elapsed());
            log.stages.push(StageReport {
                target: Some(target.clone()),
                cached: *cached,
                ..report
            });
            let stored =
                compress(module.path(), compiled, &found.settings, &workshop.cache, &mut log)?;
            Ok((Some(stored), log))
        };
        let targets = self.settings.targets.par_iter().flatten();
        let results: Vec<_> = targets.map(one).collect::<Result<_, _>>()?;
        let mut artifacts = Vec::new();
        for (stored, of_target) in results {
            artifacts.extend(stored);
            log.stages.extend(of_target.stages);
            log.warnings.extend(of_target.warnings);
        }
        Ok(artifacts)
    }
}

/// Says where a method calls another export than before: a program would compile, and do another
/// thing.
fn moved_methods(former: &Entry, now: &Entry) -> Option<String> {
    let [former, now]: [Option<Interface>; 2] =
        [former, now].map(|entry| serde_json::from_str(entry.interface.get()).ok());
    let (former, now) = (former?, now?);
    let moved = now.moved_methods(&former);
    let (method, then, export) = moved.first()?;
    let more =
        if moved.len() > 1 { format!(", and {} more", moved.len() - 1) } else { String::new() };
    Some(format!(
        "the method `{method}` called the export {then:?} and calls {export:?} from now on{more}"
    ))
}
