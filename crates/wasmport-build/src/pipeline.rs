//! The importer: every stage between a folder of wasm files and a folder of Rust.
//!
//! ```text
//! discover → read → translate → validate → preinit → transform → optimize → strip
//!          → compile and compress per target → codegen → files → write
//! ```

use crate::bounds::{Helper, Watchdog};
use crate::codegen;
use crate::compile::{Attempt, catch_panic, compile};
use crate::discover::{Discovered, Found, discover};
use crate::error::{AssetError, Error, Stage};
use crate::files::Files;
use crate::freshness::Freshness;
use crate::fs;
use crate::interface::Interface;
use crate::manifest::{self, Entry, Manifest, inside};
use crate::pack::{Packed, pack};
use crate::read::Source;
use crate::report::{AssetReport, Kind, Report, StageReport, Status};
use crate::schedule::heaviest_first;
use crate::settings::Settings;
use crate::stages::{self, Log, Stored, compress};
use crate::tool::ToolBox;
use crate::validate::{ValidModule, validate};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;
use wasmport::engine::Target;

/// Watches a run: for progress bars.
pub trait Progress: Sync {
    /// The run has so many assets.
    fn begin(&self, assets: usize) {
        let _ = assets;
    }

    /// One of them is done.
    fn done(&self, asset: &AssetReport) {
        let _ = asset;
    }
}

/// Watches nothing.
impl Progress for () {}

/// What a run did, and what a build script must watch.
pub(crate) struct Outcome {
    pub report: Report,
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// Where assets are imported, and what looks after that.
pub(crate) enum Place<'a> {
    /// In this process, unbounded in time and memory.
    Here,
    /// In this process, which the watchdog ends.
    Watched(Watchdog),
    /// In a process of their own.
    Helper(Helper<'a>),
}

/// What became of one asset: what a helper tells of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    kind: Kind,
    result: Result<(Status, Entry), AssetError>,
    stages: Vec<StageReport>,
    warnings: Vec<String>,
}

impl Done {
    /// An asset that failed before it was known what it is.
    pub fn failed(error: AssetError) -> Self {
        let (stages, warnings) = Default::default();
        Self { kind: Kind::Module, result: Err(error), stages, warnings }
    }
}

/// What all assets of a run have in common.
pub(crate) struct Run<'a> {
    settings: &'a Settings,
    freshness: Freshness<'a>,
    tools: ToolBox,
    /// Here all compiling is done, however many assets there are at once.
    pool: Option<rayon::ThreadPool>,
}

/// Imports everything that the settings select. The failure of an asset ends neither the run nor
/// what was imported from it before.
pub(crate) fn import(
    settings: &Settings,
    progress: &dyn Progress,
    place: &Place<'_>,
) -> Result<Outcome, Error> {
    let start = Instant::now();
    let discovered = discover(settings)?;
    let run = Run::new(settings)?;
    progress.begin(discovered.found.len());

    let mut reports: BTreeMap<&str, (AssetReport, Option<Entry>)> = BTreeMap::new();
    let tell = |found: &Found, done: Done| {
        let (report, entry) = run.report(found, done);
        progress.done(&report);
        (report, entry)
    };
    let mut stale = Vec::new();
    for (found, unchanged) in run.unchanged(&discovered.found)? {
        match unchanged {
            Some(done) => drop(reports.insert(&found.source, tell(found, done))),
            None => stale.push(found),
        }
    }
    run.import_all(&stale, place, tell)?
        .into_iter()
        .for_each(|(found, report)| drop(reports.insert(&found.source, report)));

    let results = reports.into_values().collect();
    let (manifest, mut report) = gather(settings, &run.freshness, &discovered, results);
    // An import that finds nothing to do does not print everything to see that it is the same.
    if !is_as_it_was(settings, &run.freshness, &report) {
        finish(settings, run.freshness.previous(), manifest)?;
    }
    report.seconds = start.elapsed().as_secs_f64();
    let inputs = discovered.found.iter().flat_map(|found| found.inputs(settings));
    let files = discovered.found.iter().map(|found| found.path.clone());
    let files = files.chain(inputs).collect();
    Ok(Outcome { report, folders: discovered.folders, files })
}

/// The other side of [`Place::Helper`]: imports what it is told.
pub(crate) fn serve(settings: &Settings) -> Result<(), Error> {
    let discovered = discover(settings)?;
    let run = Run::new(settings)?;
    crate::bounds::serve(&run, &discovered.found).map_err(|e| Error::Settings {
        message: format!("the process that imports cannot read what to do: {e}"),
        help: None,
    })
}

impl<'a> Run<'a> {
    pub fn new(settings: &'a Settings) -> Result<Self, Error> {
        let freshness = Freshness::new(settings)?;
        let pool =
            settings.jobs.map(|jobs| rayon::ThreadPoolBuilder::new().num_threads(jobs).build());
        let pool =
            pool.transpose().map_err(|e| Error::settings(e.to_string(), "ask for fewer jobs"))?;
        Ok(Self { settings, freshness, tools: ToolBox::new(&settings.tools), pool })
    }

    fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            // The global pool, so that nothing of an asset runs beside it.
            None => rayon::scope(|_| work()),
        }
    }

    /// Does `work` to all assets, several at once.
    pub fn each<'b, T: Send>(
        &self,
        assets: &[&'b Found],
        work: impl Fn(&'b Found) -> T + Sync,
    ) -> Vec<T> {
        let threads = self
            .pool
            .as_ref()
            .map_or_else(rayon::current_num_threads, rayon::ThreadPool::current_num_threads);
        let weight = |found: &&Found| fs::len(&found.path).unwrap_or_default();
        heaviest_first(assets, weight, threads, |found| self.install(|| work(found)))
    }

    /// Every asset with what there is of it, where that needs no work.
    fn unchanged<'b>(&self, found: &'b [Found]) -> Result<Vec<(&'b Found, Option<Done>)>, Error> {
        let done = |found: &Found| {
            let source = match Source::read(found) {
                Ok(source) => source,
                Err(error) => return Some(Done::failed(error)),
            };
            let entry = self.freshness.up_to_date(found, source.digest, &self.tools)?.clone();
            let kind = entry.kind;
            let (stages, warnings) = Default::default();
            Some(Done { kind, result: Ok((Status::Unchanged, entry)), stages, warnings })
        };
        Ok(self.install(|| found.par_iter().map(|found| (found, done(found))).collect()))
    }

    fn import_all<'b, T: Send>(
        &self,
        assets: &[&'b Found],
        place: &Place<'_>,
        tell: impl Fn(&'b Found, Done) -> T + Sync,
    ) -> Result<Vec<(&'b Found, T)>, Error> {
        if assets.is_empty() {
            return Ok(Vec::new());
        }
        self.check_engine()?;
        match place {
            Place::Here => Ok(self.locally(assets, None, &tell)),
            Place::Watched(watchdog) => Ok(self.locally(assets, Some(watchdog), &tell)),
            Place::Helper(helper) => {
                let by_source: BTreeMap<&str, &'b Found> =
                    assets.iter().map(|found| (found.source.as_str(), *found)).collect();
                let mut told = Vec::new();
                helper.import(assets, &mut |found, done| {
                    if let Some(found) = by_source.get(found.source.as_str()) {
                        told.push((*found, tell(found, done)));
                    }
                })?;
                Ok(told)
            }
        }
    }

    fn locally<'b, T: Send>(
        &self,
        assets: &[&'b Found],
        watchdog: Option<&Watchdog>,
        tell: &(impl Fn(&'b Found, Done) -> T + Sync),
    ) -> Vec<(&'b Found, T)> {
        let told = self.each(assets, |found| {
            let watched = watchdog.map(|dog| dog.watch(&found.source, &found.settings.limits));
            let done = self.import(found);
            drop(watched);
            tell(found, done)
        });
        assets.iter().copied().zip(told).collect()
    }

    /// Refuses an engine configuration that Wasmtime refuses: once, and not for each asset.
    fn check_engine(&self) -> Result<(), Error> {
        for target in self.settings.targets.iter().flatten() {
            crate::compile::check_engine(&self.settings.engine, target).map_err(|e| {
                Error::settings(
                    format!("Wasmtime refuses the engine configuration for {target}: {e:#}"),
                    "change `[engine]` in wasmport.toml, or the builder's `engine`",
                )
            })?;
        }
        Ok(())
    }

    /// One asset, from its file to its outputs.
    pub fn import(&self, found: &Found) -> Done {
        let mut kind = Kind::Module;
        let mut log = Log::default();
        let result = catch_panic(|| self.stages(found, &mut kind, &mut log));
        let result = result.unwrap_or_else(|panic| {
            Err(AssetError::new(&found.path, Stage::Validate, format!("panicked: {panic}"))
                .help("report it to wasmport with the file"))
        });
        let Log { stages, warnings } = log;
        Done { kind, result: result.map(|entry| (Status::Imported, entry)), stages, warnings }
    }

    /// Every stage between a file and its outputs, in order. Between reading and writing none does
    /// I/O, but for the programs and folders that the settings name; `pack` calls code generation.
    fn stages(&self, found: &Found, kind: &mut Kind, log: &mut Log) -> Result<Entry, AssetError> {
        let (project, settings) = (self.settings, &found.settings);
        let source = Source::read(found)?;
        let keys = self.freshness.keys(found, source.digest);
        let wasm = source.into_wasm(&settings.limits)?;
        *kind = Kind::of(&wasm.wasm);
        let wasm = wasm.refuse_component()?;
        let wasm = stages::translate(wasm, settings, project.features, &self.tools, log)?;
        let module = validate(wasm, project.features, &settings.limits)?;
        let module = stages::preinit(module, settings, &project.folder, log)?;
        let module = stages::transform(module, &found.source, settings, project, log)?;
        let module = stages::optimize(module, settings, &self.tools, log)?;
        // Before their names go.
        let interface = Interface::of(&module)?;
        let module = stages::strip(module, settings, log)?;
        let artifacts = self.artifacts(&module, found, log)?;
        let Packed { entry, files } =
            pack(project, found, keys, &module, artifacts, interface, log)?;
        log.warnings
            .extend(self.freshness.entry(found).and_then(|former| moved_methods(former, &entry)));
        let written = files.write(&project.out_dir, |path| self.freshness.previous().owns(path));
        written.map_err(|e| AssetError::new(&found.path, Stage::Write, e.to_string()))?;
        Ok(entry)
    }

    /// Compiles and compresses for each target; those that cannot run the module are left out where
    /// the settings allow it.
    fn artifacts(
        &self,
        module: &ValidModule,
        found: &Found,
        log: &mut Log,
    ) -> Result<Vec<Stored>, AssetError> {
        let one = |target: &Target| -> Result<(Option<Stored>, Log), AssetError> {
            let mut log = Log::default();
            let before = module.wasm().len();
            let start = Instant::now();
            let compiled = match compile(module, &self.settings.engine, target)? {
                Attempt::Compiled(compiled) => compiled,
                Attempt::Unsupported(error) => {
                    let skipped = Some(error.message.clone());
                    log.judge(found.settings.unsupported.unwrap_or_default(), error)?;
                    let report = StageReport::new(Stage::Compile, before, 0, Default::default());
                    log.stages.push(StageReport {
                        skipped,
                        target: Some(target.clone()),
                        ..report
                    });
                    return Ok((None, log));
                }
            };
            let report =
                StageReport::new(Stage::Compile, before, compiled.bytes.len(), start.elapsed());
            log.stages.push(StageReport { target: Some(target.clone()), ..report });
            let stored = compress(module.path(), compiled, &found.settings, &mut log)?;
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

    /// What the run's report and the manifest say of an asset.
    fn report(&self, found: &Found, done: Done) -> (AssetReport, Option<Entry>) {
        let Done { kind, result, stages, warnings } = done;
        let (report, entry) = match result {
            Ok((status, entry)) => {
                (AssetReport::of_entry(&entry, &found.name(), status), Some(entry))
            }
            // What was imported before stays what the program gets.
            Err(error) => {
                let former = self.freshness.entry(found).cloned();
                (AssetReport::failed(found, kind, error), former)
            }
        };
        (AssetReport { kind, stages, warnings, ..report }, entry)
    }
}

/// What there is after the run, and what the run did.
fn gather(
    settings: &Settings,
    freshness: &Freshness<'_>,
    discovered: &Discovered,
    results: Vec<(AssetReport, Option<Entry>)>,
) -> (Manifest, Report) {
    let mut manifest = Manifest::new(settings.engine);
    let mut report = Report::default();
    for (mut asset, entry) in results {
        let warnings = std::mem::take(&mut asset.warnings).into_iter();
        report.warnings.extend(warnings.map(|why| format!("`{}`: {why}", asset.source)));
        manifest.assets.extend(entry.map(|entry| (asset.name.clone(), entry)));
        report.assets.push(asset);
    }
    let unused = discovered.unused_rules.iter();
    report.warnings.extend(unused.map(|pattern| {
        format!("the choices for `{pattern}` are for no asset: no source file matches")
    }));
    let former = discovered.former(freshness.previous());
    let kept = former.kept.into_iter().map(|(name, entry)| (name.to_string(), entry.clone()));
    manifest.assets.extend(kept);
    report.removed = former.gone.into_iter().map(|(_, entry)| entry.source.clone()).collect();
    report.assets.extend(discovered.failed.iter().map(AssetReport::of_failure));
    (manifest, report)
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

/// Whether `finish` would write what is there: the same assets, all fresh, and an undamaged tree.
fn is_as_it_was(settings: &Settings, freshness: &Freshness<'_>, report: &Report) -> bool {
    let previous = freshness.previous();
    !report.assets.is_empty()
        && report.count(Status::Unchanged) == report.assets.len()
        && report.removed.is_empty()
        && previous.engine == settings.engine
        && freshness.damaged_tree().is_none()
}

/// Writes what belongs to all assets, and removes what belongs to none any more.
fn finish(settings: &Settings, previous: &Manifest, mut manifest: Manifest) -> Result<(), Error> {
    let modules = manifest.assets.values().map(|entry| entry.module.as_slice());
    let tree = codegen::tree(modules, &settings.engine).map_err(|message| Error::Settings {
        message,
        help: Some("report it to wasmport".into()),
    })?;
    tree.write(&settings.out_dir, |path| previous.owns(path))?;
    manifest.tree = tree.digests();
    // Before the manifest, which alone knows of them.
    let wanted: HashSet<&str> = manifest.outputs().map(|(path, _)| path).collect();
    for (path, _) in previous.outputs().filter(|(path, _)| !wanted.contains(path)) {
        if let Some(path) = inside(&settings.out_dir, path) {
            fs::remove_with_empty_folders(&path, &settings.out_dir)?;
        }
    }
    let mut files = Files::default();
    files.add(manifest::FILE, manifest.to_json());
    files.write(&settings.out_dir, |_| true)
}
