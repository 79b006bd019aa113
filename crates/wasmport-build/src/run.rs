//! A run: all assets that the settings select, and what belongs to all of them.

use crate::bounds::{self, Helper, Watchdog};
use crate::codegen;
use crate::compile::{Workshop, check_engine};
use crate::digests::Digests;
use crate::discover::{Discovered, Former, Found, discover};
use crate::error::{AssetError, Error};
use crate::files::Files;
use crate::freshness::Freshness;
use crate::fs;
use crate::lock::{Lock, LockMode};
use crate::manifest::{self, Entry, Manifest, inside};
use crate::pipeline::Done;
use crate::report::{AssetReport, Kind, Report, Status};
use crate::schedule::heaviest_first;
use crate::settings::Settings;
use crate::store::{self, Cache};
use crate::tool::ToolBox;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Watches a run: for progress bars. Assets that need no work are not told of.
pub trait Progress: Sync {
    /// The run has so many assets to import.
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
    /// Where the run has to compare with it.
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
    let (mut run, discovered) = Run::new(settings, remembered)?;
    let mut report = run.assets(&discovered, progress, place)?;
    run.freshness.keep();
    report.seconds = start.elapsed().as_secs_f64();
    Ok(Outcome::new(report, discovered, settings))
}

/// The digests of files that earlier runs left in the cache. A run that reproduces does without.
fn remembered(settings: &Settings) -> Digests {
    let cache = store::location(&settings.cache).filter(|_| !settings.reproduce);
    cache.map_or_else(Digests::computed, |cache| Digests::remembered(&cache, &settings.out_dir))
}

impl Outcome {
    fn new(report: Report, discovered: Discovered, settings: &Settings) -> Self {
        let inputs = discovered.found.iter().flat_map(|found| found.inputs(settings));
        let files = discovered.found.iter().map(|found| found.path.clone());
        let files = files.chain(inputs).collect();
        Self { report, folders: discovered.folders, files }
    }
}

/// The other side of [`Place::Helper`]: imports what it is told.
pub(crate) fn serve(settings: &Settings) -> Result<(), Error> {
    let (mut run, discovered) = Run::new(settings, |_| Digests::computed())?;
    run.lock = Lock::of(settings)?;
    bounds::serve(&run, &discovered.found).map_err(|e| Error::Settings {
        message: format!("the process that imports cannot read what to do: {e}"),
        help: None,
    })
}

impl<'a> Run<'a> {
    /// Looks for the assets and for what there is of them.
    fn new(
        settings: &'a Settings,
        digests: impl FnOnce(&Settings) -> Digests + Send,
    ) -> Result<(Self, Discovered), Error> {
        // By default one thread for each processor.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.jobs.unwrap_or(0)).build();
        let pool = pool.map_err(|e| Error::settings(e.to_string(), "ask for fewer jobs"))?;
        let (discovered, freshness) =
            pool.join(|| discover(settings), || Freshness::new(settings, digests(settings)));
        let (discovered, freshness) = (discovered?, freshness?);
        let tools = ToolBox::new(&settings.tools);
        Ok((Self { settings, freshness, tools, lock: None, pool }, discovered))
    }

    /// Imports what is not up to date, and writes what belongs to all assets.
    fn assets(
        &mut self,
        discovered: &Discovered,
        progress: &dyn Progress,
        place: &Place<'_>,
    ) -> Result<Report, Error> {
        let settings = self.settings;
        let fresh = self.fresh(&discovered.found);
        let former = discovered.former(self.freshness.previous());
        let is_as_it_was = former.gone.is_empty() && self.is_as_it_was(discovered, &fresh);
        if !(is_as_it_was && self.is_in_accord()) {
            self.lock = Lock::of(settings)?;
        }
        if let Some(report) = self.refusal(discovered) {
            return Ok(report);
        }

        let mut results = Vec::with_capacity(discovered.found.len());
        let mut stale = Vec::new();
        for (found, fresh) in discovered.found.iter().zip(fresh) {
            let report = match fresh {
                Err(error) => AssetReport::failed(found, Kind::Module, error),
                Ok(fresh) => match self.freshness.entry(found).filter(|_| fresh) {
                    // What is there but not as locked is made again, and is as locked then or fails.
                    Some(entry) if self.is_as_locked(found, entry) => {
                        AssetReport::of_entry(entry, &found.name(), Status::Unchanged)
                    }
                    _ => {
                        stale.push(found);
                        continue;
                    }
                },
            };
            results.push((report, None));
        }
        progress.begin(stale.len());
        if !stale.is_empty() && !settings.reproduce {
            fs::remove_litter(&settings.out_dir);
        }
        let tell = |found: &Found, done: Done| {
            let (report, entry) = of_done(found, done);
            progress.done(&report);
            (report, entry)
        };
        let (imported, warnings) = self.import_all(&stale, place, tell)?;
        results.extend(imported.into_iter().map(|(_, result)| result));
        let (mut report, imported) = gather(discovered, &former, results);
        report.warnings.extend(warnings);

        // What was not as locked was made again, and may have failed.
        let is_as_it_was = is_as_it_was && stale.is_empty();
        let made;
        let manifest = if is_as_it_was {
            // An import that finds nothing to do does not print everything to see that it is the same.
            self.freshness.note_outline();
            self.freshness.previous()
        } else {
            let mut manifest = self.manifest(&former, imported)?;
            if settings.reproduce {
                self.compare(discovered, &manifest, &mut report)?;
                return Ok(report);
            }
            finish(settings, self.freshness.previous(), &mut manifest)?;
            made = manifest;
            &made
        };
        if let Some(lock) = &self.lock {
            let is_as_written = lock.update(settings, discovered, manifest, &report)?;
            if is_as_it_was && is_as_written {
                self.freshness.agree(lock.digest());
            }
        }
        Ok(report)
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

    /// Of each asset, whether what there is of it needs no work.
    fn fresh(&self, found: &[Found]) -> Vec<Result<bool, AssetError>> {
        let is_fresh = |found: &Found| {
            let digest = self.freshness.source_digest(found)?;
            Ok(self.freshness.is_up_to_date(found, digest, &self.tools))
        };
        self.pool.install(|| found.par_iter().map(is_fresh).collect())
    }

    /// Whether a run would write what is there: the same assets, all fresh, and an undamaged tree.
    fn is_as_it_was(&self, discovered: &Discovered, fresh: &[Result<bool, AssetError>]) -> bool {
        !self.settings.reproduce
            && discovered.failed.is_empty()
            && fresh.iter().all(|fresh| matches!(fresh, Ok(true)))
            && self.freshness.previous().engine == self.settings.engine
            && self.freshness.damaged_tree().is_none()
    }

    /// Whether the lock file needs no look at it where nothing else changed.
    fn is_in_accord(&self) -> bool {
        self.settings.lock == LockMode::Ignore || self.freshness.is_in_accord()
    }

    fn is_as_locked(&self, found: &Found, entry: &Entry) -> bool {
        self.lock.iter().all(|lock| lock.admit(found, entry, self.settings).is_ok())
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

    /// What there is after the run: what was there, and what was imported in its place. What was
    /// imported before from an asset that failed stays what the program gets.
    fn manifest(
        &self,
        former: &Former<'_>,
        imported: Vec<(String, Entry)>,
    ) -> Result<Manifest, Error> {
        let mut manifest = Manifest::new(self.settings.engine);
        manifest.assets.clone_from(&self.freshness.whole()?.assets);
        former.gone.iter().for_each(|(name, _)| drop(manifest.assets.remove(*name)));
        manifest.assets.extend(imported);
        Ok(manifest)
    }
}

/// What the report says of an asset, and its entry where it was imported.
fn of_done(found: &Found, done: Done) -> (AssetReport, Option<Entry>) {
    let Done { kind, result, stages, warnings } = done;
    let (report, entry) = match result {
        Ok(entry) => (AssetReport::of_entry(&entry, &found.name(), Status::Imported), Some(entry)),
        Err(error) => (AssetReport::failed(found, kind, error), None),
    };
    (AssetReport { kind, stages, warnings, ..report }, entry)
}

/// What the run did, and the entries of what was imported.
fn gather(
    discovered: &Discovered,
    former: &Former<'_>,
    mut results: Vec<(AssetReport, Option<Entry>)>,
) -> (Report, Vec<(String, Entry)>) {
    let mut report = Report::default();
    let mut imported = Vec::new();
    results.sort_by(|(a, _), (b, _)| a.source.cmp(&b.source));
    for (mut asset, entry) in results {
        let warnings = std::mem::take(&mut asset.warnings).into_iter();
        report.warnings.extend(warnings.map(|why| format!("`{}`: {why}", asset.source)));
        imported.extend(entry.map(|entry| (asset.name.clone(), entry)));
        report.assets.push(asset);
    }
    let unused = discovered.unused_rules.iter();
    report.warnings.extend(unused.map(|pattern| {
        format!("the choices for `{pattern}` are for no asset: no source file matches")
    }));
    report.removed = former.gone.iter().map(|(_, entry)| entry.source.clone()).collect();
    report.assets.extend(discovered.failed.iter().map(AssetReport::of_failure));
    (report, imported)
}

/// The `mod.rs` files.
pub(crate) fn tree(settings: &Settings, manifest: &Manifest) -> Result<Files, Error> {
    let modules = manifest.assets.values().map(|entry| {
        let is_component = entry.kind == Kind::Component;
        let feature = is_component.then(|| codegen::component_feature(entry.features));
        (entry.module.as_slice(), feature)
    });
    codegen::tree(modules, &settings.engine).map_err(|error| Error::Settings {
        message: format!("the generated code is not Rust: {error}"),
        help: Some("report it to wasmport".into()),
    })
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
