//! A run: all assets that the settings select, and what belongs to all of them.

use crate::bounds::{self, Helper, Watchdog};
use crate::codegen;
use crate::compile::{Workshop, check_engine};
use crate::discover::{Discovered, Found, discover};
use crate::error::Error;
use crate::files::Files;
use crate::freshness::Freshness;
use crate::fs;
use crate::lock::Lock;
use crate::manifest::{self, Entry, Manifest, inside};
use crate::pipeline::Done;
use crate::read::Source;
use crate::report::{AssetReport, Report, Status};
use crate::schedule::heaviest_first;
use crate::settings::Settings;
use crate::store::{self, Cache};
use crate::tool::ToolBox;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

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

/// What all assets of a run have in common.
pub(crate) struct Run<'a> {
    pub settings: &'a Settings,
    pub freshness: Freshness<'a>,
    pub tools: ToolBox,
    pub lock: Option<Lock>,
    /// Here all compiling is done, however many assets there are at once.
    pool: rayon::ThreadPool,
}

/// What became of assets, and what is to be said of all of them.
type Told<'b, T> = (Vec<(&'b Found, T)>, Vec<String>);

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
    if let Some(report) = run.refusal(&discovered) {
        return Ok(Outcome::new(report, discovered, settings, start));
    }
    progress.begin(discovered.found.len());

    let mut reports: BTreeMap<&str, (AssetReport, Option<Entry>)> = BTreeMap::new();
    let tell = |found: &Found, done: Done| {
        let (report, entry) = run.report(found, done);
        progress.done(&report);
        (report, entry)
    };
    let mut stale = Vec::new();
    for (found, unchanged) in run.unchanged(&discovered.found) {
        match unchanged {
            Some(done) => drop(reports.insert(&found.source, tell(found, done))),
            None => stale.push(found),
        }
    }
    if !stale.is_empty() && !settings.reproduce {
        fs::remove_litter(&settings.out_dir);
    }
    let (imported, warnings) = run.import_all(&stale, place, tell)?;
    reports.extend(imported.into_iter().map(|(found, report)| (found.source.as_str(), report)));

    let results = reports.into_values().collect();
    let (mut manifest, mut report) = gather(settings, &run.freshness, &discovered, results);
    report.warnings.extend(warnings);
    if settings.reproduce {
        run.compare(&discovered, &manifest, &mut report)?;
        return Ok(Outcome::new(report, discovered, settings, start));
    }
    // An import that finds nothing to do does not print everything to see that it is the same.
    if !is_as_it_was(settings, &run.freshness, &report) {
        finish(settings, run.freshness.previous(), &mut manifest)?;
    }
    if let Some(lock) = &run.lock {
        lock.update(settings, &discovered, &manifest, &report)?;
    }
    Ok(Outcome::new(report, discovered, settings, start))
}

impl Outcome {
    fn new(
        mut report: Report,
        discovered: Discovered,
        settings: &Settings,
        start: Instant,
    ) -> Self {
        report.seconds = start.elapsed().as_secs_f64();
        let inputs = discovered.found.iter().flat_map(|found| found.inputs(settings));
        let files = discovered.found.iter().map(|found| found.path.clone());
        let files = files.chain(inputs).collect();
        Self { report, folders: discovered.folders, files }
    }
}

/// The other side of [`Place::Helper`]: imports what it is told.
pub(crate) fn serve(settings: &Settings) -> Result<(), Error> {
    let discovered = discover(settings)?;
    let run = Run::new(settings)?;
    bounds::serve(&run, &discovered.found).map_err(|e| Error::Settings {
        message: format!("the process that imports cannot read what to do: {e}"),
        help: None,
    })
}

impl<'a> Run<'a> {
    pub fn new(settings: &'a Settings) -> Result<Self, Error> {
        let (freshness, lock) = (Freshness::new(settings)?, Lock::of(settings)?);
        // By default one thread for each processor.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.jobs.unwrap_or(0)).build();
        let pool = pool.map_err(|e| Error::settings(e.to_string(), "ask for fewer jobs"))?;
        let tools = ToolBox::new(&settings.tools);
        Ok(Self { settings, freshness, tools, lock, pool })
    }

    /// What compiling so many assets needs.
    pub fn workshop(&self, assets: usize) -> Workshop {
        let folder = store::location(&self.settings.cache).filter(|_| !self.settings.reproduce);
        let cache = folder.map_or_else(Cache::default, |folder| Cache::open(&folder));
        // A module alone has nobody to share with.
        let shares = cache.is_on() || assets > 1;
        let generator = self.freshness.generator().to_owned();
        Workshop { cache, functions: shares.then(Arc::default), generator }
    }

    /// After everything is compiled: what was wrong with the cache.
    pub fn close(&self, workshop: &Workshop) -> Vec<String> {
        workshop.cache.shrink(self.settings.cache.max_bytes());
        workshop.cache.warnings()
    }

    /// Does `work` to all assets, several at once.
    pub fn each<'b, T: Send>(
        &self,
        assets: &[&'b Found],
        work: impl Fn(&'b Found) -> T + Sync,
    ) -> Vec<T> {
        let weight = |found: &&Found| fs::len(&found.path).unwrap_or_default();
        let work = |found: &&'b Found| self.pool.install(|| work(found));
        let memory = self.settings.memory_mib.map(|mib| u64::from(mib) << 20);
        // While a thread waits for one asset's functions it may take up another asset, and then the
        // first waits for all of it: with more assets than threads there is work all the same.
        let assets_at_once = 2 * self.pool.current_num_threads();
        heaviest_first(assets, weight, assets_at_once, memory, work)
    }

    /// Every asset, with what there is of it where that needs no work.
    fn unchanged<'b>(&self, found: &'b [Found]) -> Vec<(&'b Found, Option<Done>)> {
        let done = |found: &Found| match Source::read(found) {
            Err(error) => Some(Done::failed(error)),
            Ok(source) => {
                let entry = self.freshness.up_to_date(found, source.digest, &self.tools)?;
                // What is there but not as locked is made again, and is as locked then or fails.
                let mut lock = self.lock.iter();
                let is_admitted = lock.all(|l| l.admit(found, entry, self.settings).is_ok());
                is_admitted.then(|| Done::unchanged(entry.clone()))
            }
        };
        self.pool.install(|| found.par_iter().map(|found| (found, done(found))).collect())
    }

    fn import_all<'b, T: Send>(
        &self,
        assets: &[&'b Found],
        place: &Place<'_>,
        tell: impl Fn(&'b Found, Done) -> T + Sync,
    ) -> Result<Told<'b, T>, Error> {
        if assets.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        self.check_engine()?;
        match place {
            Place::Here => Ok(self.locally(assets, None, &tell)),
            Place::Watched(watchdog) => Ok(self.locally(assets, Some(watchdog), &tell)),
            Place::Helper(helper) => {
                let by_source: BTreeMap<&str, &'b Found> =
                    assets.iter().map(|found| (found.source.as_str(), *found)).collect();
                let mut told = Vec::new();
                let warnings = helper.import(assets, &mut |found, done| {
                    if let Some(found) = by_source.get(found.source.as_str()) {
                        told.push((*found, tell(found, done)));
                    }
                })?;
                Ok((told, warnings))
            }
        }
    }

    fn locally<'b, T: Send>(
        &self,
        assets: &[&'b Found],
        watchdog: Option<&Watchdog>,
        tell: &(impl Fn(&'b Found, Done) -> T + Sync),
    ) -> Told<'b, T> {
        let workshop = self.workshop(assets.len());
        let told = self.each(assets, |found| {
            let watched = watchdog.map(|dog| dog.watch(&found.source, &found.settings.limits));
            let done = self.import(found, &workshop);
            drop(watched);
            tell(found, done)
        });
        (assets.iter().copied().zip(told).collect(), self.close(&workshop))
    }

    /// Refuses an engine configuration that Wasmtime refuses: once, and not for each asset.
    fn check_engine(&self) -> Result<(), Error> {
        for target in self.settings.targets.iter().flatten() {
            check_engine(&self.settings.engine, target).map_err(|e| {
                Error::settings(
                    format!("Wasmtime refuses the engine configuration for {target}: {e:#}"),
                    "change `[engine]` in wasmport.toml, or the builder's `engine`",
                )
            })?;
        }
        Ok(())
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

/// Whether `finish` would write what is there: the same assets, all fresh, and an undamaged tree.
fn is_as_it_was(settings: &Settings, freshness: &Freshness<'_>, report: &Report) -> bool {
    let previous = freshness.previous();
    !report.assets.is_empty()
        && report.count(Status::Unchanged) == report.assets.len()
        && report.removed.is_empty()
        && previous.engine == settings.engine
        && freshness.damaged_tree().is_none()
}

/// The `mod.rs` files.
pub(crate) fn tree(settings: &Settings, manifest: &Manifest) -> Result<Files, Error> {
    let modules = manifest.assets.values().map(|entry| entry.module.as_slice());
    codegen::tree(modules, &settings.engine)
        .map_err(|message| Error::Settings { message, help: Some("report it to wasmport".into()) })
}

/// Writes what belongs to all assets, and removes what belongs to none any more.
fn finish(settings: &Settings, previous: &Manifest, manifest: &mut Manifest) -> Result<(), Error> {
    let tree = tree(settings, manifest)?;
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
